"""Replays dead letters and is killed at it, again and again: python -m tests.chaos.replay --letters 500 --kills 20.

Real processes, real SIGKILLs, workers that take messages all the while. The report says what was lost, what was scored
twice, and what reached a worker changed; the exit code is 0 when nothing was.
"""

import argparse
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from divescore.jobs.items import from_item
from divescore.stack.deployed import find_stack
from divescore.views import Status
from tests.chaos.dead_letters import SentMessage, make_dead_letters
from tests.chaos.run import clips
from tests.chaos.system import ROOT, System
from tests.conftest import free_port

RUN_WITHIN = 300.0
SCORED_WITHIN = 1200.0
Say = Callable[[str], None]


def kill_points(chance: random.Random, kills: int, letters: Iterable[SentMessage]) -> list[tuple[int, str]]:
    """Where each of the runs dies: its n-th write, and on which side of it.

    Drawn over one write for each job and one for each dead letter that is sent alone, since the local engine forgets
    traces of batches. Batches come on top, so that every run lives to see its end.
    """
    writes = sum(1 + (letter.trace is not None) for letter in letters)
    points = sorted(chance.sample(range(1, writes), kills))
    return [
        (after - before, chance.choice(["before", "after"]))
        for before, after in zip([0, *points], points, strict=False)
    ]


def run_replay(env: Mapping[str, str], kill: tuple[int, str] | None, *arguments: str) -> tuple[int, Any]:
    """`divescore replay run --yes --json`, killed there if anywhere; exit code and document."""
    words = ["replay", "run", "--yes", "--json", "--queue", "scoring", *arguments]
    victim = ["-m", "tests.chaos.victim", *map(str, kill)] if kill else ["-m", "tests.chaos.victim", "0", "never"]
    done = subprocess.run(
        [sys.executable, *victim, *words],
        cwd=ROOT,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_WITHIN,
    )
    if kill and done.returncode != -signal.SIGKILL:
        raise AssertionError(f"the run was not killed at {kill}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def replay_with_kills(env: Mapping[str, str], points: Sequence[tuple[int, str]], say: Say) -> Any:
    """Let a run die at each point, then one come to its end; its document. Its exit code is 0."""
    for number, point in enumerate(points, 1):
        run_replay(env, point)
        say(f"killed {number} of {len(points)}: {point[1]} write {point[0]}")
    code, document = run_replay(env, None)
    if code != 0:
        raise AssertionError(f"the last run failed: {code} {document}")
    return document


def changes(streams: Any, table_stream: str) -> Iterator[dict[str, Any]]:
    """Every record of the table's stream, from its beginning."""
    for shard in streams.describe_stream(StreamArn=table_stream)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=table_stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                yield record["dynamodb"]
            if not answer["Records"]:
                break
            iterator = answer.get("NextShardIterator")


def times_scored(dynamodb: Any, streams: Any, table: str) -> Counter[str]:
    """How often each job became SCORED."""
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    times: Counter[str] = Counter()
    for change in changes(streams, arn):
        new, old = change.get("NewImage", {}), change.get("OldImage", {})
        if new.get("status", {}).get("S") == Status.SCORED and old.get("status", {}).get("S") != Status.SCORED:
            times[new["jobId"]["S"]] += 1
    return times


def wait_until_scored(dynamodb: Any, table: str, job_ids: Sequence[str], seconds: float) -> Counter[str]:
    """The states of the jobs once all are scored, or when the time is over."""
    end = time.monotonic() + seconds
    while True:
        states: Counter[str] = Counter()
        for job_id in job_ids:
            key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
            states[from_item(dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]).status] += 1
        if set(states) == {Status.SCORED} or time.monotonic() > end:
            return states
        time.sleep(0.5)


def delivered(note: Mapping[str, Any]) -> SentMessage:
    """One message as it was noted in front of the worker."""
    attributes = {}
    for name, attribute in note["attributes"].items():
        value = {"DataType": attribute["dataType"]}
        if attribute["dataType"].startswith("Binary"):
            attributes[name] = value | {"BinaryValue": base64.b64decode(attribute["binaryValue"])}
        else:
            attributes[name] = value | {"StringValue": attribute["stringValue"]}
    return SentMessage(note["body"], attributes, note["group"], note["trace"])


def prove(system: System, letters: int, kills: int, seed: int, video: bytes, say: Say) -> dict[str, Any]:
    """Make dead letters, replay, kill, wait, count."""
    chance = random.Random(seed)
    table = system.stack.table
    made = make_dead_letters(find_stack(), letters, video, chance, "dead")
    say(f"{len(made)} dead letters made")
    begun = time.monotonic()
    env = {"DIVESCORE_HOME": str(system.home)}
    last = replay_with_kills(env, kill_points(chance, kills, made.values()), say)
    replayed = time.monotonic() - begun
    say(f"replayed after {replayed:.0f} s")
    states = wait_until_scored(system.dynamodb, table, list(made), SCORED_WITHIN)
    times = times_scored(system.dynamodb, system.client("dynamodbstreams"), table)
    messages = [delivered(note) for note in system.faults.notes() if note["event"] == "delivered"]
    reached = {message.job_id for message in messages}
    altered = [message for message in messages if message != made[message.job_id]]
    return {
        "letters": letters,
        "kills": kills,
        "seed": seed,
        "states": dict(states),
        "lost": letters - states[Status.SCORED],
        "scored_twice": sum(count > 1 for count in times.values()),
        "never_delivered": len(made.keys() - reached),
        "deliveries": len(messages),
        "altered": len(altered),
        # A message that came between two runs, before its job was QUEUED, is a second dead letter; its dive is scored.
        "left_in_dlq": system.messages("scoringDlq"),
        "replay_seconds": round(replayed, 1),
        "scored_after_seconds": round(time.monotonic() - begun, 1),
        "last_run": {name: last[name] for name in ("sent", "removed", "skipped", "failed", "undeleted", "left")},
    }


def holds(report: Mapping[str, Any]) -> bool:
    """Whether nothing was lost, doubled or altered."""
    return not any(report[name] for name in ("lost", "scored_twice", "never_delivered", "altered"))


def say(text: str) -> None:
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - what the command is for


def main() -> int:
    """Run the proof from a command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an exit that takes the system down
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        video = clips(Path(folder))[0].read_bytes()
        wrapping = {"WorkerFunction": "receiver"}
        system = System.start(Path(folder) / "home", options.port or free_port(), {}, say, wrapping)
        try:
            report = prove(system, options.letters, options.kills, options.seed, video, say)
        finally:
            system.stop()
    print(json.dumps(report, indent=2))  # noqa: T201 - what the command is for
    return 0 if holds(report) else 1


if __name__ == "__main__":
    sys.exit(main())
