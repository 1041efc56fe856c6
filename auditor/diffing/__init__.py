"""``auditor diff``: two models, or two revisions of one, side by side."""
