"""Brings the local system up and takes it down, whatever state the last run left behind."""

import fcntl
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from divescore.stack.deploy import page
from divescore.stack.deploy.errors import DeployError, NotBuilt
from divescore.stack.local import deploy, engine, subscriber, warm_up
from divescore.stack.local.checkout import project_root
from divescore.stack.local.errors import EngineFailed, LocalError, SiteFailed
from divescore.stack.local_state import STATE_FILE, Engine, LocalState, StackOutputs, home, load

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Say = Callable[[str], None]
DEFAULT_PORT = 4566
SAVED = "saved"  # marks a folder whose engine wrote its state before it ended
LOCK = "lock"
FOLDERS = frozenset({"state", "objects", "tmp"})
FILES = frozenset({STATE_FILE, "engine.log", SAVED, LOCK})
OURS = FOLDERS | FILES | {"replay"}  # the last holds journals, which outlive a system


def up(port: int | None, weights: Path, parameters: dict[str, str], say: Say) -> LocalState:
    """Start the system, or bring the running one up to date; return its record when it is ready.

    `port` None means: the running or saved system's, or the default. Raises LocalError; after a failed start nothing is
    left running, after a failed update the system runs on as it was.
    """
    folder = home()
    with _locked(folder):
        found = load(folder)
        kept = found if found and found.stack and (is_running(found) or _is_saved(folder)) else None
        if kept and port not in (None, kept.engine.port):
            how = "runs" if is_running(kept) else "was saved"
            raise LocalError(
                f"The system {how} on port {kept.engine.port}, which its addresses hold; `divescore down` forgets it."
            )
        if kept and is_running(kept):
            say(f"The system already runs on port {kept.engine.port}: bringing it up to date.")
            return _deploy(kept, weights, parameters, say)
        _clean_up(folder, found, say)
        return _start(folder, kept, port, weights, parameters, say)


def _start(
    folder: Path, kept: LocalState | None, port: int | None, weights: Path, parameters: dict[str, str], say: Say
) -> LocalState:
    if kept:
        engine.forget_stream_positions(folder)
        engine.show_messages_again(folder)
    keys = (kept.engine.rootKeyId, kept.engine.rootSecret) if kept else (None, None)
    try:
        with engine.starting(folder, kept.engine.port if kept else port or DEFAULT_PORT, *keys) as started:
            current = LocalState(started, kept.credentials if kept else None, folder=folder)
            if not kept:
                current.save()
            _deploy_to(started, current, weights, parameters, say)
            # Until here an interrupted start leaves what was kept as it was.
            (folder / SAVED).unlink(missing_ok=True)
            return current
    except BaseException:
        if not kept:
            forget(folder)
        raise


def _deploy_to(started: Engine, current: LocalState, weights: Path, parameters: dict[str, str], say: Say) -> LocalState:
    try:
        return _deploy(current, weights, parameters, say)
    except LocalError as error:
        if engine.lives(started):
            raise
        tail = engine.log_tail(current.folder)
        raise EngineFailed("The local engine crashed while the stack was deployed", tail) from error


def is_running(found: LocalState) -> bool:
    """Whether the engine of that record answers, and has the stack: it may have lost what it holds in memory."""
    if not (engine.lives(found.engine) and engine.answers(found.engine)):
        return False
    return found.credentials is not None and deploy.is_there(found.engine, found.credentials)


def _is_saved(folder: Path) -> bool:
    return (folder / SAVED).exists()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a second start out while one is at work: it would take the first for an interrupted one and end it."""
    make_private(folder)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(f"Another `divescore up` is at work in {folder}; wait for it.") from None
        yield


def make_private(folder: Path) -> None:
    """Make the folder, or what is there of it, its owner's alone: it holds videos and keys. Raises LocalError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            others = sorted(path.name for path in folder.iterdir() if path.name not in OURS)
            if others:
                raise LocalError(
                    f"{folder} is open to other users and holds other things ({others[0]}); the system's files need a "
                    "folder of their own: set DIVESCORE_HOME."
                )
            folder.chmod(0o700)
        for path in (folder / name for name in OURS):
            if path.exists():
                path.chmod(0o700 if path.is_dir() else 0o600)
    except OSError as error:
        raise LocalError(f"{folder} cannot be made private: {error.strerror}.") from error


def _deploy(current: LocalState, weights: Path, parameters: dict[str, str], say: Say) -> LocalState:
    root = project_root()
    try:
        current.credentials = current.credentials or deploy.create_user(current.engine)
        client = deploy.clients(current.engine, current.credentials)
        current.stack, changed = deploy.deploy(client, root, current.engine.port, weights, parameters)
        current.stack.queues["settled"] = subscriber.subscribe(client, current.stack.topic)
        say("Deployed template.yaml." if changed else "Nothing changed in template.yaml or the code.")
        _publish(client("s3"), root / "web" / "dist", current.stack, say)
        model = warm_up.warm(client("lambda"), current.stack)
        say(f"The functions are warm; the worker has loaded {model.get('id')} {model.get('version')}.")
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"The local engine refused a step of the deployment: {error}") from error
    current.weights = str(weights)
    current.save()
    return current


def _publish(s3: "S3Client", dist: Path, stack: StackOutputs, say: Say) -> None:
    try:
        site = page.Site(stack.site, stack.api, stack.live, stack.uploads, stack.maxUploadBytes)
        page.publish(s3, dist, site)
    except NotBuilt:
        say("The page is not built (`make web` builds it); the API works without it.")
    except DeployError as error:
        raise SiteFailed(str(error)) from error


def _clean_up(folder: Path, found: LocalState | None, say: Say) -> None:
    """End what a crashed or interrupted run left, and forget what it had not saved."""
    if found and not found.stack:
        say("The last start did not finish: starting afresh.")
    elif found and not _is_saved(folder):
        alive = engine.lives(found.engine)
        say("The engine no longer answers: starting afresh." if alive else "The last run crashed: starting afresh.")
    left = engine.stop(folder)
    if left:
        say(f"Ended {left} process{'' if left == 1 else 'es'} of it.")
    if not _is_saved(folder):
        forget(folder, except_for=LOCK)


def down(keep: bool) -> int:
    """Stop everything and forget it (or, with `keep`, save it for the next start); return how many processes ended."""
    folder = home()
    found = load(folder)
    save = keep and found is not None and found.stack is not None and is_running(found)
    ended = engine.stop(folder, found.engine if found else None, save)
    if save:
        (folder / SAVED).touch()
    elif not (keep and _is_saved(folder)):
        forget(folder)
    return ended


def forget(folder: Path, except_for: str = "") -> None:
    """Remove what the system keeps in its folder, and the folder when nothing else is in it."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in FILES - {except_for}:
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
