"""What scoring costs elsewhere follows the prices, the machines and the load."""

from dataclasses import replace

import pytest

from divescore.lab.capacity.analysis import analyse
from divescore.lab.capacity.peers import BUSY, SCALES, Peer, beside_peers, read_peers
from divescore.lab.capacity.workload import DAY, SECOND_CORE, Inputs, Workload, slower


def at(jobs: float, infer: float | None = None) -> Inputs:
    inputs = Inputs(Workload(jobs))
    return inputs if infer is None else replace(inputs, measurement=replace(inputs.measurement, infer=infer))


def machine(price: float = 0.36, cores: float = 2, gpu: float = 0.0) -> Peer:
    return Peer("machine", price, 3600, cores, "a list", gpu)


def test_every_price_says_where_it_was_read() -> None:
    peers = read_peers()
    assert len({peer.name for peer in peers}) == len(peers)
    for peer in peers:
        assert peer.price > 0, peer.name
        assert peer.source, peer.name
        assert peer.source.startswith("as above") or "20" in peer.source, peer.name
    kinds = ("SageMaker", "ml.c7i", "ml.g4dn", "Fargate,", "Fargate Spot", "Replicate, CPU", "Replicate, T4", "fal")
    assert all(any(kind in peer.name for peer in peers) for kind in kinds)


def test_a_machine_is_paid_all_day_even_for_one_dive() -> None:
    assert machine().per_thousand(at(1), 0.0) == pytest.approx(1000 * 0.36 * 24)
    assert machine().per_thousand(at(1000), 0.0) == pytest.approx(0.36 * 24)


def test_many_machines_work_for_the_share_of_time_that_is_assumed() -> None:
    inputs = at(1e12)
    measured = inputs.measurement
    alone = inputs.assumed.slowdown * (1 + SECOND_CORE) * (measured.decode + measured.infer + measured.around)
    assert machine().per_thousand(inputs, 0.0) == pytest.approx(1000 * 0.36 / 3600 * alone / 2 / BUSY, rel=1e-4)
    assert DAY == 86_400


def test_twice_the_cores_at_twice_the_price_cost_the_same_at_scale() -> None:
    assert machine(price=0.72, cores=4).per_thousand(at(1e9), 0.0) == pytest.approx(
        machine().per_thousand(at(1e9), 0.0), rel=1e-3
    )


def test_a_gpu_is_as_fast_as_the_slower_of_itself_and_the_cores_that_decode() -> None:
    slow = at(1e9, infer=3.0)
    cpu, weak, strong = machine(), machine(gpu=0.001), machine(gpu=1000.0)
    assert strong.per_thousand(slow, 0.5) < cpu.per_thousand(slow, 0.5) < weak.per_thousand(slow, 0.5)
    assert strong.per_thousand(slow, 0.5) == pytest.approx(machine(gpu=9000.0).per_thousand(slow, 0.5))


def test_who_pays_for_work_alone_pays_the_same_at_every_scale() -> None:
    peer = Peer("seconds", 0.0001, 1, 4, "a list", active=True)
    inputs = at(1000)
    assert peer.per_thousand(inputs, 0.0) == pytest.approx(peer.per_thousand(at(1e7), 0.0))
    two_cores = inputs.attempt - inputs.fetch
    two_cores *= inputs.assumed.slowdown / slower(inputs.assumed, inputs.deployment.memory_mb)
    assert peer.per_thousand(inputs, 0.0) == pytest.approx(0.1 * (inputs.fetch + two_cores))


def test_our_own_row_is_the_workers_part_of_the_bill() -> None:
    rows = dict(beside_peers(Inputs()))
    ours = [dollars for name, dollars in rows.items() if "Divescore" in name]
    assert ours[0][:3] == pytest.approx([analyse(at(jobs)).cost.per_thousand["worker"] for jobs in SCALES])
    assert ours[1][0] == pytest.approx(0.8 * (ours[0][0] or 0), rel=1e-4)
    assert all(len(dollars) == 2 * len(SCALES) for dollars in rows.values())
