"""What scoring costs elsewhere, beside the worker on Lambda: dollars for a thousand dives.

Scoring alone: storage, page, table, queues and pushes come on top wherever the dives are scored. Who pays for a machine
pays for its idle time too: at least one is up all day, since a dive comes every minute and a half at a thousand a day
and a machine takes minutes to start. The design that this one replaced scored and polled; both are in its figure.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from divescore.lab.capacity.analysis import analyse
from divescore.lab.capacity.burst import polling_cost
from divescore.lab.capacity.workload import DAY, SECOND_CORE, Inputs

PEERS = Path(__file__).with_name("peers.toml")
SCALES = (1e3, 1e5, 1e7)
BUSY = 0.6  # share of its time that a machine works when its number follows the load: assumed
C3D_SECONDS = 3.0  # of C3D's network in single precision, on the measuring machine
C3D_TERAFLOP = 0.539  # of a video of seven clips
MINI_TERAFLOP = 0.0016 * 7  # of the shipped network's frames: at most this
LAMBDA = {"x86": 1.0, "arm64": 13.3334 / 16.6667}  # prices of a GB-second: aws.amazon.com/lambda/pricing, May 2026


@dataclass(frozen=True)
class Peer:
    """A kind of machine, or of seconds, that could score dives."""

    name: str
    price: float
    per: float
    cores: float
    source: str
    gpu: float = 0.0
    active: bool = False

    def per_thousand(self, inputs: Inputs, teraflop: float) -> float:
        """Dollars for a thousand dives at the workload's rate; `teraflop` is what the network takes for one."""
        measured, slowdown = inputs.measurement, inputs.assumed.slowdown
        # Seconds with two virtual CPUs, which are taken to be as fast as Lambda's.
        around, network = slowdown * (measured.decode + measured.around), slowdown * measured.infer
        if self.active:
            return 1000 * self.price / self.per * (inputs.fetch + around + network)
        # A machine scores as many dives at a time as it has cores, each on one, and fetches the next ones meanwhile.
        alone = (1 + SECOND_CORE) / self.cores
        of_machine = alone * (around + network)
        if self.gpu:
            of_machine = max(alone * around, teraflop / self.gpu)  # the CPUs decode the next dives meanwhile
        dives = inputs.workload.jobs_per_day
        seconds = max(1, ceil(dives * of_machine / BUSY / DAY)) * DAY
        return 1000 * self.price / self.per * seconds / dives


def read_peers(path: Path = PEERS) -> list[Peer]:
    """The peers of the file, in its order."""
    return [Peer(**peer) for peer in tomllib.loads(path.read_text("utf-8"))["peer"]]


def beside_peers(inputs: Inputs) -> list[tuple[str, Sequence[float | None]]]:
    """Dollars of scoring a thousand dives by place: with the shipped network at each of SCALES, then with C3D."""
    slow = replace(inputs, measurement=replace(inputs.measurement, infer=C3D_SECONDS))
    columns = [
        (replace(one, workload=replace(one.workload, jobs_per_day=jobs)), teraflop)
        for one, teraflop in ((inputs, MINI_TERAFLOP), (slow, C3D_TERAFLOP))
        for jobs in SCALES
    ]
    workers = [analyse(column).cost.per_thousand["worker"] for column, _ in columns]
    rows: list[tuple[str, Sequence[float | None]]] = [
        (f"**Divescore's worker on Lambda, {name}**", [share * price for price in workers])
        for name, share in LAMBDA.items()
    ]
    rows += [(peer.name, [peer.per_thousand(column, work) for column, work in columns]) for peer in read_peers()]
    old = polling_cost(inputs.prices, inputs.assumed).per_thousand
    return [*rows, ("replaced: image on Lambda, double precision, polling", [None] * 3 + [old] * 3)]
