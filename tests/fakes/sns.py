"""A topic in memory that can be told to fail."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.network import refused


@dataclass
class FakeTopics:
    """As much of SNS as a publisher sees. `fails`: how many of the next messages are refused."""

    published: list[dict[str, Any]] = field(default_factory=list)
    fails: int = 0

    def publish(self, **message: Any) -> dict[str, str]:
        """Take a message, or refuse it."""
        if self.fails:
            self.fails -= 1
            raise refused("InternalErrorException", "Publish")
        self.published.append(message)
        return {"MessageId": str(len(self.published))}
