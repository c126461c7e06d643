"""Which system: its names and addresses, its owner's credentials, clients."""
