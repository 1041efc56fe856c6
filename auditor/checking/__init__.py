"""``auditor check``: models against the budgets of a configuration, with baselines and suppressions."""
