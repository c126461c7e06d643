"""The command `divescore settled`."""

import json
import sys
from typing import TYPE_CHECKING

import click

from divescore.printable import printable

if TYPE_CHECKING:
    from divescore.ops.settled.following import Follower
    from divescore.ops.settled.messages import Settled

DONE, FAILED = 0, 1


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what settles from now on, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print {attributes, job} as JSON, a line for each.")
@click.option("--queue", metavar="URL", help="A queue of yours that is subscribed to the stack's topic.")
@click.option("--stack", metavar="NAME", help="A stack deployed on AWS; needs --queue. Default: this machine's system.")
@click.pass_context
def settled(context: click.Context, follow: bool, as_json: bool, queue: str | None, stack: str | None) -> None:
    """Print each job as it settles, as servers are told of it (the topic DiveSettled).

    The system on this machine has a queue that hears all of it. Of a stack on AWS, subscribe a queue of your own to its
    topic, and name it: what is printed is taken out of it, so it must be no other program's.

    \b
    divescore settled                     what was not printed yet
    divescore settled --follow --json | jq -r '[.job.jobId, .job.status] | @tsv'
    divescore settled --follow --stack divescore --queue https://sqs.eu-central-1.amazonaws.com/123456789012/scores
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from divescore.stack.errors import NoSystem

    if stack is not None and queue is None:
        raise click.UsageError(
            "A stack on AWS has no queue for this. Subscribe one of your own to its output DiveSettledArn "
            "(docs/operations.md shows how), and name it with --queue."
        )
    try:
        for one in _follower(stack, queue).messages(follow):
            click.echo(json.dumps(one.document()) if as_json else _line(one))
            sys.stdout.flush()  # before it is taken out of the queue
    except KeyboardInterrupt:
        context.exit(DONE)
    except NoSystem as error:
        click.echo(error.message, err=True)
        context.exit(FAILED)
    except (BotoCoreError, ClientError) as error:
        click.echo(f"The queue cannot be read: {error}", err=True)
        context.exit(FAILED)


def _follower(stack: str | None, queue: str | None) -> "Follower":
    from divescore.ops.settled.following import Follower
    from divescore.stack import local_state
    from divescore.stack.deployed import NOT_READY, find_stack
    from divescore.stack.errors import NoSystem

    if queue is None:
        here = local_state.find().stack
        if here is None:
            raise NoSystem(NOT_READY)
        queue = here.queues["settled"]
    return Follower(find_stack(stack).client("sqs"), queue, lambda sentence: click.echo(sentence, err=True))


def _line(one: "Settled") -> str:
    """For people: when, which job, how it ended."""
    job = one.job
    end = (
        f"{job.score:.2f} points"
        if job.score is not None
        else f"{job.error.code}: {job.error.message}"
        if job.error
        else ""
    )
    reference = one.attributes.get("reference", "")
    parts = (
        job.updated_at,
        job.job_id,
        f"v{job.version}",
        f"{job.status:<9}",
        end,
        f"({reference})" if reference else "",
    )
    return printable("  ".join(part for part in parts if part).rstrip())
