"""The keys that sign tokens, in the hands of the system's owner: look at them, rotate them, withdraw them."""
