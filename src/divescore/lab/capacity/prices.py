"""What AWS asks, as data: US dollars in one Region, first volume tier, without free tiers and discounts."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path


class PricesInvalid(Exception):
    """A table of prices that cannot be used; its text says why."""


@dataclass(frozen=True)
class Prices:
    """US East (N. Virginia), gathered in November 2026 from AWS's pricing pages and reports about them.

    `poller_hour` is not published in a form that could be read here; it is the one figure that is a guess.
    """

    region: str = "us-east-1"
    lambda_request: float = 0.20e-6
    lambda_gb_second: float = 0.0000166667
    lambda_storage_gb_second: float = 0.0000000309  # beyond 512 MB of /tmp
    provisioned_gb_second: float = 0.0000041667
    provisioned_run_gb_second: float = 0.0000097222
    poller_hour: float = 0.00925
    sqs_request: float = 0.40e-6
    sqs_fair_request: float = 0.10e-6  # besides, for messages with a group on a standard queue
    dynamodb_write: float = 0.625e-6
    dynamodb_read: float = 0.125e-6
    dynamodb_gb_month: float = 0.25
    dynamodb_backup_gb_month: float = 0.20
    s3_put: float = 5e-6
    s3_get: float = 0.4e-6
    s3_gb_month: float = 0.023
    http_request: float = 1.00e-6
    socket_message: float = 1.00e-6  # up to 32 KB
    socket_minute: float = 0.25e-6
    transfer_gb: float = 0.09
    cloudfront_gb: float = 0.085
    cloudfront_request: float = 1.0e-6
    log_gb: float = 0.50
    log_gb_month: float = 0.03
    trace: float = 5.00e-6
    secret_month: float = 0.40
    secret_call: float = 5e-6
    metric_month: float = 0.30
    alarm_month: float = 0.10
    dashboard_month: float = 3.00


def read_prices(path: Path) -> Prices:
    """The table in a JSON file; what it does not name keeps its default. Raises PricesInvalid."""
    try:
        table = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PricesInvalid(f"{path} cannot be read as a table of prices: {error}") from error
    if not isinstance(table, dict):
        raise PricesInvalid(f"{path} is not a table of prices: it is no JSON object.")
    known = {field.name for field in fields(Prices)}
    if unknown := sorted(set(table) - known):
        raise PricesInvalid(f"{path} names prices that do not exist: {', '.join(unknown)}.")
    wrong = [
        name for name, price in table.items() if name != "region" and (not isinstance(price, int | float) or price < 0)
    ]
    if wrong:
        raise PricesInvalid(f"{path}: {', '.join(sorted(wrong))} must be a number of dollars, not below zero.")
    return Prices(**(asdict(Prices()) | table))
