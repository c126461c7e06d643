"""The heart of a simulation: a clock that jumps from event to event."""

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Clock:
    """Simulated time in seconds. Events of one moment happen in the order in which they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Action]] = []
        self._numbers = count()

    def at(self, moment: float, action: Action) -> None:
        """Plan `action`; a moment that has passed means now."""
        heapq.heappush(self._heap, (max(moment, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Action) -> None:
        """Plan `action` for `seconds` from now."""
        self.at(self.now + seconds, action)

    def run(self, until: float = float("inf")) -> None:
        """Let everything planned happen, and what that plans, up to and including `until`."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, action = heapq.heappop(self._heap)
            action()
