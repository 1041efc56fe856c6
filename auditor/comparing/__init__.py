"""``auditor compare``: the same model under other proving systems and methods, and who can take part."""
