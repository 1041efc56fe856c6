"""tract's decluttering: five passes, repeated until none has anything to change."""

from auditor.lowering.declutter.optimizer import declutter

__all__ = ["declutter"]
