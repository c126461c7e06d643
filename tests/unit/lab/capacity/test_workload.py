"""The deployment's defaults are the template's, and time on Lambda grows and shrinks as it should."""

from dataclasses import replace
from pathlib import Path

import pytest

from divescore.lab.capacity.documents import Measurement, Work
from divescore.lab.capacity.times import Quantiles
from divescore.lab.capacity.workload import Assumed, Deployment, Inputs, Workload
from divescore.stack.local import translate

TEMPLATE = Path(__file__).resolve().parents[4] / "template.yaml"
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
        name: event["Properties"]
        for resource in template["Resources"].values()
        for name, event in resource.get("Properties", {}).get("Events", {}).items()
    }
    assert Deployment().enqueue_batch == events["Uploads"]["BatchSize"]
    assert Deployment().stream_batch == events["Jobs"]["BatchSize"]
    largest = str(template["Parameters"]["MaxUploadBytes"]["Default"])
    assert Deployment().storage_mb == template["Mappings"]["StorageOfUpload"][largest]["Megabytes"]
    assert Deployment().light_memory_mb == template["Globals"]["Function"]["MemorySize"]


def seconds(workload: Workload | None = None, **changes: float) -> float:
    deployment = Deployment(memory_mb=int(changes.get("memory", 3538)))
    measurement = Measurement(Work(), Quantiles([(0, 0.14), (1, 0.14)]), "a test")
    return Inputs(workload or Workload(), deployment, assumed=Assumed(slowdown=1.0), measurement=measurement).attempt


def test_an_attempt_on_as_many_cores_takes_what_was_measured_and_the_fetch() -> None:
    work = Work()
    assert seconds() == pytest.approx(10 / 60 + work.decode + work.infer + work.around)


def test_half_the_memory_takes_longer_and_twice_the_memory_no_less() -> None:
    assert seconds(memory=1769) - 10 / 60 == pytest.approx(2 * (seconds() - 10 / 60))
    assert seconds(memory=10_240) == pytest.approx(seconds())


def test_longer_and_larger_videos_take_longer() -> None:
    assert seconds(Workload(video_seconds=10)) > seconds()
    assert seconds(Workload(video_mb=100)) > seconds()


def test_a_peak_is_its_factor_times_the_average() -> None:
    workload = replace(Workload(), jobs_per_day=86_400, peak_factor=3)
    assert (workload.average, workload.peak) == (1, 3)
