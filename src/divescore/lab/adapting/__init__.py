"""A model fitted to the dives of those who use it."""
