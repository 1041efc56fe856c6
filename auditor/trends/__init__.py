"""How fast proving, hardware and models change, and what follows for a need: ``auditor forecast``."""
