"""What the roles of a running system are granted, and which of it their use on the local engine can show."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from tests.rights.system import Decision, Policy

ENGINE_LOGS = "the engine writes the functions' logs itself"
ENGINE_TRACES = "there is no tracing on the engine"
ENGINE_POLLS = "the engine polls with rights of its own; Lambda demands these to create the mapping"
ENGINE_TELLS = "the engine answers 404 to everybody; S3 answers 403 to who may not list"
# What the engine never asks for: (statement, action) -> why.
UNSEEN = {
    ("Logs", "logs:CreateLogStream"): ENGINE_LOGS,
    ("Logs", "logs:PutLogEvents"): ENGINE_LOGS,
    ("Traces", "xray:PutTraceSegments"): ENGINE_TRACES,
    ("Traces", "xray:PutTelemetryRecords"): ENGINE_TRACES,
    ("Receive", "sqs:ReceiveMessage"): ENGINE_POLLS,
    ("Receive", "sqs:DeleteMessage"): ENGINE_POLLS,
    ("Receive", "sqs:GetQueueAttributes"): ENGINE_POLLS,
    ("ReceiveAndHold", "sqs:ReceiveMessage"): ENGINE_POLLS,
    ("ReceiveAndHold", "sqs:DeleteMessage"): ENGINE_POLLS,
    ("ReceiveAndHold", "sqs:GetQueueAttributes"): ENGINE_POLLS,
    ("ReadStream", "dynamodb:DescribeStream"): ENGINE_POLLS,
    ("ReadStream", "dynamodb:GetRecords"): ENGINE_POLLS,
    ("ReadStream", "dynamodb:GetShardIterator"): ENGINE_POLLS,
    ("ReadStream", "dynamodb:ListStreams"): ENGINE_POLLS,
    ("FailedBatches", "sqs:SendMessage"): ENGINE_POLLS,
    ("NotFoundInsteadOfForbidden", "s3:ListBucket"): ENGINE_TELLS,
    ("SignAndErase", "s3:DeleteObject"): "the engine asks for s3:DeleteObjectVersion only",
    ("SignAndEraseRendition", "s3:DeleteObject"): "the engine asks for s3:DeleteObjectVersion only",
    ("KeepRendition", "s3:DeleteObject"): "the engine asks for s3:DeleteObjectVersion only",
    ("KeepRendition", "s3:DeleteObjectVersion"): "only of a video that is erased in the moment of its rendition",
    ("SniffAndErase", "s3:DeleteObject"): "the engine asks for s3:DeleteObjectVersion only",
    ("CloseTheSlow", "execute-api:ManageConnections"): "the engine's sockets take everything, so none has to be closed",
}


@dataclass(frozen=True)
class Grant:
    """One action of one statement of a role."""

    role: str
    statement: str
    action: str

    @property
    def unseen(self) -> str | None:
        """Why the engine never asks for it; None when it does."""
        return UNSEEN.get((self.statement, self.action))


def actions(statement: dict[str, Any]) -> list[str]:
    """A statement's actions as a list."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def grants(role: str, document: Policy) -> Iterator[Grant]:
    """All that a policy grants, in its order."""
    for statement in document["Statement"]:
        for action in actions(statement):
            yield Grant(role, statement["Sid"], action)


def without(document: Policy, statement: str, action: str | None = None) -> Policy:
    """The policy without a statement, or without one action of it."""
    left = copy.deepcopy(document)
    for item in left["Statement"]:
        if item["Sid"] == statement:
            item["Action"] = [] if action is None else [one for one in actions(item) if one != action]
    left["Statement"] = [item for item in left["Statement"] if item["Action"]]
    return left


def allows(document: Policy, decision: Decision) -> bool:
    """Whether the engine would grant, by this policy, what was asked for."""
    context = EvalContext(
        principal_arn="arn:aws:sts::000000000000:assumed-role/role/session",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=decision.action,
        resource_arn=decision.resource,
        region="us-east-1",
        service_context={"dynamodb:leadingkeys": list(decision.keys)} if decision.keys else {},
    )
    return bool(evaluate(context, [parse_policy_document(document)]).decision == "Allow")
