"""Brings the local system up and takes it down, whatever state the last run left behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from divescore.local import deploy, engine, site, state
from divescore.local.errors import EngineFailed, LocalError
from divescore.local.state import State

Say = Callable[[str], None]


def up(port: int | None, weights: Path, parameters: dict[str, str], say: Say) -> State:
    """Start the system, or bring the running one up to date; return its record when it is ready.

    `port` None means: the running system's, or the default. Raises LocalError; after a failed start nothing is left
    running, after a failed update the system runs on as it was.
    """
    folder = state.home()
    found = state.load(folder)
    if found and engine.lives(found.engine) and engine.answers(found.engine) and found.stack and found.credentials:
        if port not in (None, found.engine.port):
            raise LocalError(f"The system already runs on port {found.engine.port}; `divescore down` stops it.")
        say(f"The system already runs on port {found.engine.port}: bringing it up to date.")
        return _deploy(found, weights, parameters, say)
    _clean_up(folder, found, say)
    kept = found.engine if found and found.stack else None
    started = engine.start(
        folder, port or state.DEFAULT_PORT, kept.rootKeyId if kept else None, kept.rootSecret if kept else None
    )
    current = State(started, credentials=found.credentials if kept and found else None, folder=folder)
    current.save()
    try:
        return _deploy(current, weights, parameters, say)
    except BaseException as error:  # also Ctrl-C: a start that did not finish must leave nothing running
        crashed = not engine.lives(started)
        tail = engine.log_tail(folder)
        down(keep=False)
        if crashed and isinstance(error, LocalError):
            raise EngineFailed("The local engine crashed while the stack was deployed", tail) from error
        raise


def _deploy(current: State, weights: Path, parameters: dict[str, str], say: Say) -> State:
    root = state.project_root()
    try:
        current.credentials = current.credentials or deploy.create_user(current.engine)
        clients = deploy.Clients(current.engine.endpoint, current.credentials)
        current.stack, changed = deploy.deploy(clients, root, current.engine.port, weights, parameters)
        say("Deployed template.yaml." if changed else "Nothing changed in template.yaml or the code.")
        if not site.publish(clients.s3(), root / "web" / "dist", current.stack):
            say(site.NOT_BUILT)
        warm(clients, current.stack.worker, say)
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"The local engine refused a step of the deployment: {error}") from error
    current.weights = str(weights)
    current.save()
    return current


def warm(clients: deploy.Clients, worker: str, say: Say) -> None:
    """Have the worker load its network now, so that the first dive does not wait for it."""
    answer = clients.functions().invoke(FunctionName=worker, Payload=json.dumps({"warm": True}).encode())
    body = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        reason = body.get("errorMessage", body) if isinstance(body, dict) else body
        raise LocalError(f"The worker does not start: {reason}")
    model = body.get("model", {}) if isinstance(body, dict) else {}
    say(f"The worker is warm: {model.get('id', 'unknown model')} {model.get('version', '')}".rstrip())


def _clean_up(folder: Path, found: State | None, say: Say) -> None:
    """End what a crashed or interrupted run left, and forget a deployment that did not finish."""
    if found and found.stack and engine.lives(found.engine):
        say("The engine of the last run no longer answers: stopping it.")
    elif found and found.stack and not (folder / "stopped").exists():
        say("The last run ended without `divescore down`; what it had not saved is gone.")
    elif found and not found.stack:
        say("The last start did not finish: starting afresh.")
    left = engine.stop(folder)
    if left:
        say(f"Ended {left} process{'' if left == 1 else 'es'} of an earlier run.")
    if not (folder / "stopped").exists():
        forget(folder)


def down(keep: bool) -> int:
    """Stop everything and forget it (or, with `keep`, save it for the next start); return how many processes ended."""
    folder = state.home()
    found = state.load(folder)
    ended = engine.stop(folder, found.engine if found else None)
    if keep and found and found.stack:
        (folder / "stopped").touch()
    else:
        forget(folder)
    return ended


def forget(folder: Path) -> None:
    """Remove what the system keeps in its folder, and the folder when nothing else is in it."""
    for name in ("state", "objects", "tmp"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("stack.json", "engine.log", "stopped"):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
