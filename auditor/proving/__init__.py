"""Real proofs and the bundles that carry them: inputs, SRS, cache, manifest, checks."""
