"""Checked where a circuit was laid out."""
