"""What tract makes of each ONNX operator: one family in each module, found by listing this folder."""
