"""How fast this machine proves: measured with tiny real proofs, kept in a file, and looked up.

``measure`` proves (``auditor calibrate``), ``circuits`` are what it proves, ``file`` is where the answer is
kept, and ``probe`` is the quick answer of a machine that was not calibrated.
"""
