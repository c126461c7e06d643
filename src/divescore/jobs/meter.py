"""What is counted about jobs: the names of the metrics, and where they go.

Accepted, Rejected (by code), Scored, Retried (by code), TakenOver, Failed (by code): jobs.
QueueAge: seconds from the message's sending to its first claim. StageSeconds (by stage): of a scored attempt.
Renditions: made for videos that browsers do not play.
"""

from typing import Protocol

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit


class Meter(Protocol):
    """Takes measurements. Every dimension multiplies the number of metrics, so their values must be few."""

    def count(self, name: str, **dimensions: str) -> None:
        """One more of these."""

    def seconds(self, name: str, value: float, **dimensions: str) -> None:
        """It took this long."""


class Silent:
    """Takes measurements to nowhere."""

    def count(self, name: str, **dimensions: str) -> None:
        """Nothing."""

    def seconds(self, name: str, value: float, **dimensions: str) -> None:
        """Nothing."""


SILENT = Silent()


class LoggedMeter:
    """Writes each measurement as a line of the log, from which CloudWatch makes the metric (embedded metric format)."""

    def count(self, name: str, **dimensions: str) -> None:
        """One more of these."""
        self._write(name, MetricUnit.Count, 1, dimensions)

    def seconds(self, name: str, value: float, **dimensions: str) -> None:
        """It took this long."""
        self._write(name, MetricUnit.Seconds, value, dimensions)

    def _write(self, name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
        with single_metric(name=name, unit=unit, value=value) as metric:
            for key, text in dimensions.items():
                metric.add_dimension(key, text)
