"""The deployment's defaults are the template's, and time on Lambda grows and shrinks as it should."""

from dataclasses import replace
from pathlib import Path

import pytest

from divescore.lab.capacity.documents import Measurement, Quantiles
from divescore.lab.capacity.workload import CORE_MB, SECOND_CORE, Assumed, Deployment, Inputs, Workload
from divescore.stack.local import translate

TEMPLATE = Path(__file__).resolve().parents[4] / "template.yaml"
MEASURED = Measurement(0.005, 0.08, 0.03, 0.03, Quantiles([(0, 0.14), (1, 0.14)]), "a test")
PARAMETERS = {
    "worker_concurrency": "WorkerConcurrency",
    "jobs_per_day": "JobsPerDay",
    "api_rate": "ApiRate",
    "live_rate": "LiveRate",
    "memory_mb": "WorkerMemory",
    "parallelization": "StreamParallelization",
    "retention_days": "RetentionDays",
    "log_retention_days": "LogRetentionDays",
}


def test_defaults_are_the_templates() -> None:
    template = translate.read(TEMPLATE)
    for name, parameter in PARAMETERS.items():
        assert getattr(Deployment(), name) == template["Parameters"][parameter]["Default"], name
    events = {
        (function, name): event["Properties"]
        for function, resource in template["Resources"].items()
        for name, event in resource.get("Properties", {}).get("Events", {}).items()
    }
    assert Deployment().enqueue_batch == events["EnqueueFunction", "Uploads"]["BatchSize"]
    assert Deployment().stream_batch == events["NotifyFunction", "Jobs"]["BatchSize"]
    assert Deployment().settle_batch == events["SettleFunction", "Jobs"]["BatchSize"]
    largest = str(template["Parameters"]["MaxUploadBytes"]["Default"])
    assert Deployment().storage_mb == template["Mappings"]["StorageOfUpload"][largest]["Megabytes"]
    assert Deployment().light_memory_mb == template["Globals"]["Function"]["MemorySize"]


def seconds(workload: Workload | None = None, **changes: float) -> float:
    deployment = Deployment(memory_mb=int(changes.get("memory", 3538)))
    return Inputs(workload or Workload(), deployment, assumed=Assumed(slowdown=1.0), measurement=MEASURED).attempt


def test_an_attempt_on_as_many_cores_takes_what_was_measured_and_the_fetch() -> None:
    assert seconds() == pytest.approx(10 / 60 + MEASURED.decode + MEASURED.infer + MEASURED.around)


def test_one_core_takes_as_much_longer_as_the_second_adds_and_half_a_core_twice_that() -> None:
    both, one, half = (seconds(memory=memory) - 10 / 60 for memory in (2 * CORE_MB, CORE_MB, CORE_MB / 2))
    assert one == pytest.approx((1 + SECOND_CORE) * both)
    assert half == pytest.approx(2 * one, rel=1e-3)  # megabytes are whole


def test_more_than_two_cores_are_no_faster() -> None:
    assert seconds(memory=10_240) == pytest.approx(seconds())


def test_longer_and_larger_videos_take_longer() -> None:
    assert seconds(Workload(video_seconds=10)) > seconds()
    assert seconds(Workload(video_mb=100)) > seconds()


def test_a_peak_is_its_factor_times_the_average() -> None:
    workload = replace(Workload(), jobs_per_day=86_400, peak_factor=3)
    assert (workload.average, workload.peak) == (1, 3)
