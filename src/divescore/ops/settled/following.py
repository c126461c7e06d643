"""Takes what a queue hears of `DiveSettled` out of it, message by message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from divescore.ops.settled.messages import NotSettled, Settled, parse_settled

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONG_POLL_SECONDS = 10
BATCH = 10
REMEMBERED = 10_000  # versions: each comes at least once, and again within minutes if it does


@dataclass
class Follower:
    """Reads one queue. `report` hears of messages that are none of the topic's; they are left where they are."""

    sqs: "SQSClient"
    url: str
    report: Callable[[str], None]
    seen: dict[tuple[str, int], None] = field(default_factory=dict)  # versions that came already, the oldest first

    def messages(self, follow: bool) -> Iterator[Settled]:
        """What waits, each version once; with `follow` what comes from now on too, without end.

        A message is deleted when the next one is asked for: whoever is interrupted in between gets it again.
        """
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                MessageAttributeNames=["All"],
                WaitTimeSeconds=LONG_POLL_SECONDS if follow else 0,
            )
            received = answer.get("Messages", [])
            for message in received:
                try:
                    settled = parse_settled(message)
                except NotSettled as error:
                    self.report(str(error))
                    continue
                if settled.key not in self.seen:
                    yield settled
                    self.seen[settled.key] = None
                    if len(self.seen) > REMEMBERED:
                        del self.seen[next(iter(self.seen))]
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if not received and not follow:
                return
