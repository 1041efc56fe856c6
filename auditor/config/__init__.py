"""The configuration: what is expected of which models, and in which line of which file that is said."""
