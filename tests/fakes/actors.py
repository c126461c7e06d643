"""Processes that run one call at a time, so that a test decides on every interleaving and every death.

Each actor is a thread that stops at the network before each call, and after each write. Only one of them ever runs.
"""

import threading
from collections.abc import Callable

from tests.fakes.network import Call, Killed, Moment

STOPS_WITHIN = 10.0  # seconds; an actor that runs longer between two calls hangs


class Actor:
    """One invocation of a function; `step` lets it run to its next stop, `kill` ends it where it is."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.done = False
        self.error: BaseException | None = None
        self._work = work
        self._doomed = False
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Run to the next stop, or to the end."""
        if self.done:
            return
        self._go.release()
        assert self._stopped.acquire(timeout=STOPS_WITHIN), f"{self.name} hangs"
        if self.error is not None:
            raise self.error

    def kill(self) -> None:
        """Die at the present stop."""
        self._doomed = True
        self.step()
        self._thread.join()

    def stop(self) -> None:
        """Called in the actor's thread at a call: wait for the next step."""
        if not self._doomed:
            self._stopped.release()
            self._go.acquire()
        if self._doomed:
            raise Killed

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._doomed:
                self._work()
        except Killed:
            pass
        except BaseException as error:  # handed to the test's thread, which raises it
            self.error = error
        self.done = True
        self._stopped.release()


class Stage:
    """All actors of a test; its `gate` goes into the network."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []

    def start(self, name: str, work: Callable[[], None]) -> Actor:
        """A new actor, stopped before its first call."""
        actor = Actor(name, work)
        self.actors.append(actor)
        return actor

    def alive(self) -> list[Actor]:
        """Those that have not ended."""
        self.actors = [actor for actor in self.actors if not actor.done]
        return self.actors

    def kill_all(self) -> None:
        """End every actor where it is."""
        for actor in self.alive():
            actor.kill()

    def gate(self, call: Call, moment: Moment) -> None:
        """Stop the actor in whose thread this is called, if there is one."""
        here = threading.current_thread().name
        for actor in self.actors:
            if actor.name == here and (moment == "before" or call.writes):
                actor.stop()
