"""Divescore: upload a video of an Olympic dive, watch the score arrive live."""

__version__ = "0.1.0"
