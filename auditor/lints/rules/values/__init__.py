"""Checked on every model that has its weights; these may read tensors."""
