"""What `verify` checks: each function says yes with a value, or raises why not.

A bundle comes from a stranger. Checks read bytes that were read once, trust no number in them, and call
nothing that could crash on them but EZKL, in its guarded worker.
"""

from auditor.proving.checks.outcome import Check, Failed, Ledger, NotRun, Passed, Status

__all__ = ["Check", "Failed", "Ledger", "NotRun", "Passed", "Status"]
