"""The shipped network."""
