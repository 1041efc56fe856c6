"""For all tests: generated examples are the same on every run, so that a failure is about the change."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
