"""Checked where the configuration is read: each module is the page of a rule that the gate keeps."""
