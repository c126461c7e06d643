"""Starts the local engine with every decision about a role's rights written down, for `tests.rights`.

It also tells the engine which table rows a request names (`dynamodb:LeadingKeys`), which AWS's policies can ask for and
the engine by itself does not know.
"""

import json
import os
import runpy
import threading
from typing import Any

from ministack.core import iam_actions, iam_evaluator

enforce = iam_evaluator.enforce
evaluate = iam_evaluator.evaluate
known = iam_actions.dynamodb_service_context
asked = threading.local()


def remembered(context: Any, *more: Any) -> Any:
    """Evaluate as the engine does, and keep who asks: its answer to the caller tells that only of refusals."""
    asked.context = context
    return evaluate(context, *more)


def noted(*arguments: Any, **more: Any) -> Any:
    """Decide as the engine does, and write down what was asked of a role and what the answer was."""
    asked.context = None
    refusal = enforce(*arguments, **more)
    context = asked.context
    if context is not None and context.principal_type == "AssumedRole":
        note = {
            "role": context.principal_arn.split("/")[1],
            "action": context.action,
            "resource": context.resource_arn,
            "keys": context.service_context.get("dynamodb:leadingkeys", []),
            "allowed": refusal is None,
        }
        with open(os.environ["DIVESCORE_DECISIONS"], "a") as file:  # noqa: PTH123 - appended to in one write
            file.write(json.dumps(note) + "\n")
    return refusal


def with_leading_keys(body: bytes) -> dict[str, Any]:
    """What the engine knows of a request, and the partition keys of the rows that it names."""
    request = json.loads(body or b"{}")
    writes = [part for item in request.get("TransactItems", []) for part in item.values()]
    rows = [part.get("Key") or part.get("Item") for part in [request, *writes]]
    context: dict[str, Any] = known(body)
    if keys := [row["pk"]["S"] for row in rows if row]:
        context["dynamodb:LeadingKeys"] = keys
    return context


if __name__ == "__main__":
    iam_evaluator.evaluate, iam_evaluator.enforce = remembered, noted
    iam_actions.dynamodb_service_context = with_leading_keys
    runpy.run_module("divescore.stack.local.launch", run_name="__main__")
