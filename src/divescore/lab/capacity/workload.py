"""What is asked of the system, and how it is set up: the inputs of everything that is worked out here."""

from dataclasses import dataclass, field

from divescore.lab.capacity.documents import Measurement, Prices, read_measurement, read_prices

DAY = 86_400.0
CORE_MB = 1769  # Lambda gives one core's time for this much memory
MEASURED_CORES = 2.0  # of the machine that the service times come from
# What a second core adds to the first one's speed: a dive took 149 ms of processor, 76 in the worker and 73 in the
# decoder's process, and was done in 99 ms on two cores.
SECOND_CORE = 149 / 99 - 1


@dataclass(frozen=True)
class Workload:
    """The demand. Rates are over a day; the busiest minute has `peak_factor` times the average rate."""

    jobs_per_day: float = 20_000
    peak_factor: float = 4.0
    video_mb: float = 10.0
    video_seconds: float = 5.0
    watchers: float = 1.0  # sockets that watch a job
    minutes_open: float = 3.0  # that a watcher's page stays open beyond the wait for the score
    page_loads: float = 1.0  # that each job brings to CloudFront
    plays: float = 0.0  # times that a video is played from storage
    result_kb: float = 14.3  # a scored record; most of it is the strip of frames

    @property
    def average(self) -> float:
        """Jobs a second over the day."""
        return self.jobs_per_day / DAY

    @property
    def peak(self) -> float:
        """Jobs a second in the busiest minute."""
        return self.average * self.peak_factor


@dataclass(frozen=True)
class Assumed:
    """What nobody could measure without an account: durations on Lambda in seconds, bytes, delays."""

    slowdown: float = 2.0  # a core of Lambda against one of the measuring machine
    cold_start: float = 6.0  # a worker's: image blocks, imports of torch and OpenCV, weights
    light_cold_start: float = 1.2  # a zip function's
    presign: float = 0.060
    ws_connect: float = 0.040
    enqueue: float = 0.070  # a message
    notify: float = 0.040  # a batch, and besides
    notify_post: float = 0.012  # a post; sixteen at a time
    settle: float = 0.030  # a batch, and besides
    settle_publish: float = 0.015  # a message, one after another
    sweep: float = 1.0
    transaction: float = 0.012  # while which two transactions on one item meet
    notice: float = 1.0  # S3's notification ("typically in seconds", S3's guide)
    stream: float = 0.15  # from the write to notify's call; the stream is read four times a second
    page_kb: float = 165.0  # compressed, at the first visit
    page_requests: float = 8.0
    post_kb: float = 0.6  # a push without a result
    trace_share: float = 0.05  # of the invocations, which X-Ray samples beyond one a second
    environment_hours: float = 1.0  # that an environment serves before Lambda replaces it


@dataclass(frozen=True)
class Deployment:
    """The template's parameters and the account's quotas; defaults are the template's and those of an account."""

    worker_concurrency: int = 10
    jobs_per_day: int = 20_000
    api_rate: float = 50
    live_rate: float = 200
    memory_mb: int = 3008
    storage_mb: int = 1024
    retention_days: float = 7
    log_retention_days: float = 14
    light_memory_mb: int = 512
    parallelization: int = 4
    stream_batch: int = 100
    settle_batch: int = 10
    enqueue_batch: int = 10
    pollers: tuple[int, int] | None = None  # provisioned mode of the scoring queue: least and most pollers
    provisioned_concurrency: int = 0
    account_concurrency: int = 1000
    published_per_second: float = 30_000  # 300 in the smallest Regions
    connects_per_second: float = 500
    gateway_rate: float = 10_000
    table_writes: float = 40_000
    table_reads: float = 40_000


@dataclass(frozen=True)
class Inputs:
    """All that a figure depends on."""

    workload: Workload = field(default_factory=Workload)
    deployment: Deployment = field(default_factory=Deployment)
    prices: Prices = field(default_factory=read_prices)
    assumed: Assumed = field(default_factory=Assumed)
    measurement: Measurement = field(default_factory=read_measurement)

    @property
    def fetch(self) -> float:
        """Seconds until a worker has the video: some 60 MB/s is what a function gets from S3."""
        return max(self.measurement.download, self.workload.video_mb / 60)

    @property
    def attempt(self) -> float:
        """Seconds of one attempt at one dive on Lambda: what was measured, slowed down to the cores that memory buys.

        What a second of video takes to decode was measured on dives of five seconds.
        """
        measured, workload = self.measurement, self.workload
        decode = measured.decode * workload.video_seconds / 5
        return self.fetch + (decode + measured.infer + measured.around) * slower(
            self.assumed, self.deployment.memory_mb
        )


def slower(assumed: Assumed, memory_mb: float) -> float:
    """How much longer a function of this much memory takes than the measuring machine with both its cores.

    Memory buys cores. A second one adds less than the first, since not all of a dive can be done by two; more than two
    make it no faster.
    """
    cores = min(MEASURED_CORES, memory_mb / CORE_MB)
    speed = min(1.0, cores) + SECOND_CORE * max(0.0, cores - 1)
    return assumed.slowdown * (1 + SECOND_CORE) / speed
