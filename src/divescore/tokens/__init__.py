"""Job tokens, connect tickets and the ring of keys that signs them."""
