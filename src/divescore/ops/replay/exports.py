"""Dead letters as lines of a file, and the proof that what is to be deleted lies in such a file."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from divescore.ops.replay.dead_letters import DeadLetter
from divescore.ops.replay.errors import BadExport

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef


def document(letter: DeadLetter) -> dict[str, Any]:
    """The whole dead letter as JSON; binary values in base64."""
    return {
        "queue": letter.queue,
        "messageId": letter.message_id,
        "body": letter.body,
        "attributes": {name: _attribute(value) for name, value in sorted(letter.attributes.items())},
        "system": dict(sorted(letter.system.items())),
    }


def content(exported: Mapping[str, Any]) -> str:
    """What identifies an exported dead letter: a text that is equal for equal ids, bodies and attributes."""
    return json.dumps([exported[name] for name in ("queue", "messageId", "body", "attributes")], sort_keys=True)


def write(letters: Iterable[DeadLetter], path: Path) -> int:
    """Write one dead letter per line, in one step: there is never half a file. How many."""
    lines = [json.dumps(document(letter)) for letter in letters]
    draft = path.with_name(path.name + ".part")
    draft.touch(mode=0o600)  # dead letters hold the ids of jobs
    draft.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    draft.replace(path)
    return len(lines)


def read(path: Path) -> set[str]:
    """The dead letters in a file, each as its `content`. Raises BadExport."""
    try:
        return {content(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()}
    except OSError as error:
        raise BadExport(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadExport(f"{path} is no export: not every line of it is a dead letter.") from error


def _attribute(value: "MessageAttributeValueOutputTypeDef") -> dict[str, str]:
    if "BinaryValue" in value:
        return {"DataType": value["DataType"], "BinaryValue": base64.b64encode(value["BinaryValue"]).decode()}
    return {"DataType": value["DataType"], "StringValue": value.get("StringValue", "")}
