"""The page for people, under the name that other tools give it."""

from __future__ import annotations

from auditor.formats.terminal import render

__all__ = ["render"]
