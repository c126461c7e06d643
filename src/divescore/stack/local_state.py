"""stack.json: what runs on this machine, with its addresses and its owner's keys; read and written here alone."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from divescore.stack.errors import START_IT, NoSystem
from divescore.stack.local.checkout import project_root

STATE_FILE = "stack.json"
REGION = "us-east-1"


def home() -> Path:
    """The folder of the local system's files: DIVESCORE_HOME, or .divescore in the checkout. Raises NotACheckout."""
    configured = os.environ.get("DIVESCORE_HOME")
    return Path(configured).resolve() if configured else project_root() / ".divescore"


def homes() -> Iterator[Path]:
    """Folders where the system on this machine may have its files, the likeliest first, as seen from any folder."""
    if chosen := os.environ.get("DIVESCORE_HOME"):
        yield Path(chosen)
        return
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        yield folder / ".divescore"


@dataclass
class Engine:
    """The engine's process; `created` (seconds since the epoch) tells it from a later process with the same id."""

    pid: int
    port: int
    created: float
    rootKeyId: str
    rootSecret: str

    @property
    def endpoint(self) -> str:
        """The engine's address."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Credentials:
    """Keys of the user that deploys, for tools that look inside the stack."""

    accessKeyId: str
    secretAccessKey: str


@dataclass
class StackOutputs:
    """What the stack on this machine has for addresses and names, as the file calls them."""

    api: str
    live: str
    web: str
    bucket: str
    queues: dict[str, str]
    topic: str
    table: str
    worker: str
    functions: dict[str, str]
    site: str
    uploads: str
    maxUploadBytes: int


@dataclass
class LocalState:
    """What the file holds: the engine, and the stack once it is ready (None while it is being deployed)."""

    engine: Engine
    credentials: Credentials | None = None
    stack: StackOutputs | None = None
    weights: str = ""
    region: str = REGION
    folder: Path = field(default_factory=home)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / STATE_FILE

    def save(self) -> None:
        """Write the file so that only its owner can read it, in one step."""
        record = {
            "engine": asdict(self.engine) | {"endpoint": self.engine.endpoint},
            "credentials": asdict(self.credentials) if self.credentials else None,
            "weights": self.weights,
            "region": self.region,
            **(asdict(self.stack) if self.stack else {}),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(record, indent=2) + "\n")
        draft.replace(self.path)


def load(folder: Path | None = None) -> LocalState | None:
    """What the file in `folder` (default: home()) holds, or None when there is none or it cannot be read.

    A file of another version, or half of one, is the same as none to whoever starts the system and cleans up before it.
    """
    try:
        return _read(folder or home())
    except (FileNotFoundError, ValueError):
        return None


def find() -> LocalState:
    """The state of the system that runs on this machine. Raises NoSystem when there is none that can be read."""
    for folder in homes():
        try:
            return _read(folder)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise NoSystem(f"{folder / STATE_FILE} cannot be read ({error}). {START_IT}") from error
    raise NoSystem(f"The system is not running on this machine. {START_IT}")


def _read(folder: Path) -> LocalState:
    """Raises OSError, and ValueError for what is not a whole file."""
    record = json.loads((folder / STATE_FILE).read_text())
    try:
        return LocalState(
            engine=Engine(**_members(Engine, record["engine"])),
            credentials=Credentials(**record["credentials"]) if record["credentials"] else None,
            stack=StackOutputs(**_members(StackOutputs, record)) if "api" in record else None,
            weights=record["weights"],
            region=record["region"],
            folder=folder,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is not whole: {error}") from error


def _members(shape: type[Engine | StackOutputs], record: dict[str, Any]) -> dict[str, Any]:
    return {item.name: record[item.name] for item in fields(shape)}
