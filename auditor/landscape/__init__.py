"""Other ways to trust a model's output: proving systems as published, and methods without proofs."""
