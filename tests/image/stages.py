"""Starts the worker stage by stage among the image's files. tests.bench.coldstart runs it and is not imported by it.

Prints a JSON line {"stage", "seconds"} after each stage and waits for a line on standard input before the next, so that
whoever started it can look at what was read meanwhile. The first argument is an SQS event, to be handled twice.
"""

import json
import os
import sys
import time


def tell(stage: str, started: float) -> float:
    """Report a stage and wait to be told to go on; return when the next starts."""
    seconds = time.perf_counter() - started
    os.write(OUT, (json.dumps({"stage": stage, "seconds": round(seconds, 4)}) + "\n").encode())
    sys.stdin.readline()
    return time.perf_counter()


class Context:
    """As much of Lambda's context as the handler looks at."""

    function_name, function_version, memory_limit_in_mb = "worker", "$LATEST", 3008
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        """Time enough."""
        return 100_000


# The log goes elsewhere, so that reports are all that comes out.
OUT = os.dup(1)
os.dup2(2, 1)
event = json.loads(sys.argv[1])
started = tell("start", time.perf_counter())
import awslambdaric.bootstrap  # noqa: E402, F401 - what Lambda itself starts with

started = tell("client", started)
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
import app  # type: ignore[import-not-found]  # noqa: E402

started = tell("imports", started)
from divescore.worker import model  # noqa: E402

model.import_scorer()
started = tell("torch", started)
app.scorer()
started = tell("weights", started)
app.worker()
started = tell("clients", started)
for number in ("first dive", "second dive"):
    answer = app.handler(event[number], Context())
    if answer["batchItemFailures"]:
        raise SystemExit(f"the {number} was not scored: {answer}")
    started = tell(number, started)
