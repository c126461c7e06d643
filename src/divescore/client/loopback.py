"""Whether an address is one of this machine."""

from urllib.parse import urlsplit

# Hosts of this machine: a proxy that the environment names is for the world outside.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine."""
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False
