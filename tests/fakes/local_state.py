"""The record that `divescore up` leaves of a system on this machine, for tests that have no such system."""

from pathlib import Path

from divescore.stack.local_state import Credentials, Engine, LocalState, StackOutputs

API = "http://127.0.0.1:1/api"
WEB = "http://page.localhost:1/"


def record(folder: Path, port: int = 1, api: str = API, ready: bool = True) -> LocalState:
    """Write the record of a system whose engine would listen on `port`; `ready`: its deployment has ended."""
    stack = StackOutputs(
        api=api,
        live="ws://127.0.0.1:1/live",
        web=WEB,
        bucket="uploads",
        queues={"scoring": "http://127.0.0.1:1/0/scoring"},
        topic="arn:aws:sns:us-east-1:000000000000:settled",
        table="jobs",
        worker="worker-function",
        functions={"worker": "worker-function"},
        site="site",
        uploads="http://127.0.0.1:1",
        maxUploadBytes=209_715_200,
    )
    engine = Engine(pid=4242, port=port, created=1.5, rootKeyId="LOCALROOT", rootSecret="root-secret")
    state = LocalState(engine, folder=folder)
    if ready:
        state = LocalState(engine, Credentials("KEY", "secret"), stack, weights="/weights", folder=folder)
    state.save()
    return state
