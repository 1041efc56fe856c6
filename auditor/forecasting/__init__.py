"""``auditor forecast``: when a model becomes affordable to prove, and for whom."""
