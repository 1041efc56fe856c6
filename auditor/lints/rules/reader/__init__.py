"""Checked while the file is opened: each module is the page of a rule that auditor.model keeps."""
