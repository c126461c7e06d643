"""Rendered dives, datasets, training and evaluation; imported by nobody but the command line."""
