"""Notify as chaos deploys it: the product's own handler, and posts that fail as the plan says."""

import importlib
import os
import time
from pathlib import Path

from botocore.exceptions import ClientError

from divescore.live.messages import Outgoing
from divescore.live.push import Pushed, Pusher
from tests.chaos.injected.faults import Faults

SLOW_SECONDS = 4.0  # longer than notify's patience with one connection

faults = Faults.beside(str(Path(__file__).parents[3] / "app.py"))
CHANCE = float(os.environ["CHAOS_PUSH_CHANCE"])  # of a post to be one that fails, while some are still to fail
post = Pusher.post
slow_until: dict[str, float] = {}


def failing_post(pusher: Pusher, connection_id: str, message: Outgoing) -> Pushed:
    if slow_until.get(connection_id, 0.0) > time.monotonic():
        return Pushed.SLOW
    match faults.take_push(CHANCE):
        case "error":
            faults.note("push failed", how="error")
            answer = {"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            raise ClientError(answer, "PostToConnection")  # type: ignore[arg-type]
        case "slow":
            faults.note("push failed", how="slow")
            slow_until[connection_id] = time.monotonic() + SLOW_SECONDS
            return Pushed.SLOW
        case _:
            return post(pusher, connection_id, message)


Pusher.post = failing_post  # type: ignore[method-assign, assignment]

handler = importlib.import_module("product").handler
