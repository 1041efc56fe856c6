"""The gate: budgets, baselines and suppressions held against what an audit found. Values in, values out."""
