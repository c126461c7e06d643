"""What keeps us from a system: none runs, none of that name is deployed, or its owner's credentials do not reach it."""

START_IT = "Start it with: divescore up"


class NoSystem(Exception):
    """There is no running system to talk to, or none that could be found. `message` is a sentence for people."""

    code = "NO_SYSTEM"

    def __init__(self, message: str) -> None:
        super().__init__(f"{self.code}: {message}")
        self.message = message
