"""Other ways to trust a model's output: proving systems as they were published, and methods without proofs."""
