"""Where the local system keeps its files, and the record of what runs."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import divescore
from divescore.stack.local.errors import NotACheckout

DEFAULT_PORT = 4566
REGION = "us-east-1"


def project_root() -> Path:
    """The checkout that holds template.yaml; raises NotACheckout when the package was installed without it."""
    root = Path(divescore.__file__).resolve().parents[2]
    if not (root / "template.yaml").is_file():
        raise NotACheckout(
            f"There is no template.yaml in {root}. The local system runs from a checkout: install with `make setup`."
        )
    return root


def home() -> Path:
    """The folder of the local system's state: DIVESCORE_HOME, or .divescore in the checkout."""
    configured = os.environ.get("DIVESCORE_HOME")
    return Path(configured).resolve() if configured else project_root() / ".divescore"


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
class Stack:
    """What was deployed: its addresses, and the names that tests and tools need."""

    api: str
    live: str
    web: str
    bucket: str
    queues: dict[str, str]
    table: str
    worker: str
    functions: dict[str, str]
    site: str
    uploads: str


@dataclass
class State:
    """stack.json: the engine, and the stack once it is ready (None while it is being deployed)."""

    engine: Engine
    credentials: Credentials | None = None
    stack: Stack | None = None
    weights: str = ""
    region: str = REGION
    folder: Path = field(default_factory=home)

    @property
    def path(self) -> Path:
        """The file that holds the record."""
        return self.folder / "stack.json"

    def save(self) -> None:
        """Write the record so that only its owner can read it, in one step."""
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


def load(folder: Path | None = None) -> State | None:
    """The record in `folder` (default: home()), or None when there is none or it cannot be read."""
    folder = folder or home()
    try:
        record = json.loads((folder / "stack.json").read_text())
        engine = {key: record["engine"][key] for key in Engine.__dataclass_fields__}
        credentials = record["credentials"]
        stack = {key: record[key] for key in Stack.__dataclass_fields__ if key in record}
        return State(
            engine=Engine(**engine),
            credentials=Credentials(**credentials) if credentials else None,
            stack=Stack(**stack) if stack else None,
            weights=record["weights"],
            region=record["region"],
            folder=folder,
        )
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        # A record of another version, or half of one, is the same to us as none: the start cleans up after it.
        return None
