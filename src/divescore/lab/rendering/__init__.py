"""Synthetic dives, drawn."""
