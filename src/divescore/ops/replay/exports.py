"""Letters as lines of a file, and the proof that what is to be removed lies in such a file."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from divescore.ops.replay.dead_letters import Letter, content, document
from divescore.ops.replay.errors import BadExport


def write(letters: Iterable[Letter], path: Path) -> int:
    """Write one letter per line, in one step: there is never half a file. How many."""
    lines = [json.dumps(document(letter)) for letter in letters]
    draft = path.with_name(path.name + ".part")
    draft.touch(mode=0o600)  # dead letters hold the ids of jobs
    draft.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    draft.replace(path)
    return len(lines)


def read(path: Path) -> set[str]:
    """The letters in a file, each as its `content`. Raises BadExport."""
    try:
        return {content(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()}
    except OSError as error:
        raise BadExport(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadExport(f"{path} is no export: not every line of it is a letter.") from error


def split(letters: Iterable[Letter], exported: set[str]) -> tuple[Sequence[Letter], Sequence[Letter]]:
    """The letters that a file holds exactly as they are, and those that it does not."""
    inside: list[Letter] = []
    outside: list[Letter] = []
    for letter in letters:
        (inside if content(json.loads(json.dumps(document(letter)))) in exported else outside).append(letter)
    return inside, outside
