"""Time that moves only when a test says so."""

START = 1_795_417_200_000  # 2026-11-23T07:00:00Z


class Clock:
    """Milliseconds since the epoch; call it to read it."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def seconds(self) -> float:
        """The same time for what counts in seconds."""
        return self.now / 1000

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)
