"""The waits of the live connection; tests/contract/live-scenarios/timing.json holds the page to the same ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds, and the two counts that go with them."""

    first_backoff: float = 0.5
    longest_backoff: float = 20.0
    # A connection that lived shorter than this does not reset the back-off: something accepts us and hangs up.
    proven_after: float = 5.0
    # Repairs a lost subscription and keeps the gateway from closing an idle connection after ten minutes.
    resubscribe_every: float = 240.0
    # The gateway ends every connection after two hours; leave before, at a time of our own.
    renew_after: float = 110 * 60.0
    renew_spread: float = 5 * 60.0
    answer_within: float = 10.0
    # Subscriptions that await their answers at the same time: as many as one connection may have, in one round trip;
    # fewer once some were not answered, for a service that is just starting up.
    subscribe_at_once: int = 100
    subscribe_gently: int = 10
    failures_before_reading: float = 3  # sockets in a row that carried nothing
    read_every: float = 2.0
    try_socket_every: float = 60.0
    linger: float = 60.0  # an open socket with nothing to watch is kept: often the next job follows

    def backoff(self, retries: int) -> float:
        """The longest wait after so many tries in vain: it doubles up to a limit."""
        return min(self.longest_backoff, self.first_backoff * 2.0 ** min(retries, 16))
