"""`divescore score` and `divescore watch`."""
