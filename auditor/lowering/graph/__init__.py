"""The typed graph: tensors, facts, operations, patches. Knows no particular operation."""
