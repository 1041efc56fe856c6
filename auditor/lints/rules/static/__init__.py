"""Checked on every model that was read, without reading a tensor."""
