"""External data behind a symbolic link, or not a regular file.

Finds: an external data file, or a directory on the way to it, that is a symbolic link; or one that is a pipe,
a device or a socket. The file is refused.

Why: a link leads out of the directory as `..` does (CVE-2026-34447), and a pipe hangs who opens it. Caches of
Hugging Face hold models as links into `blobs`, which honest users meet here.

Do: copy the model with its data to a directory of its own, following links: `cp -L`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-003",
    severity="high",
    title="linked external data",
    checked_in="auditor/model/external.py",
)
