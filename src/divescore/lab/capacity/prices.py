"""What AWS asks, as data: US dollars in one Region, first volume tier, without free tiers and discounts.

`prices.json` holds US East (N. Virginia), gathered in November 2026 from AWS's pricing pages and reports about them.
Its `poller_hour` is not published in a form that could be read; it is the one figure that is a guess. Of names that
need a word: `lambda_storage_gb_second` is beyond 512 MB of /tmp; `sqs_fair_request` comes besides, for messages with a
group on a standard queue; a `socket_message` has up to 32 KB.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("prices.json")
Prices = Mapping[str, float]
"""Dollars by what they are asked for."""


class PricesInvalid(Exception):
    """A table of prices that cannot be used; its text says why."""


def read_prices(path: Path = SHIPPED) -> Prices:
    """The table in a JSON file; what it does not name is as shipped. Raises PricesInvalid."""
    usual: dict[str, Any] = json.loads(SHIPPED.read_text())
    try:
        table = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PricesInvalid(f"{path} cannot be read as a table of prices: {error}") from error
    if not isinstance(table, dict):
        raise PricesInvalid(f"{path} is not a table of prices: it is no JSON object.")
    if unknown := sorted(set(table) - set(usual)):
        raise PricesInvalid(f"{path} names prices that do not exist: {', '.join(unknown)}.")
    wrong = [
        name for name, price in table.items() if name != "region" and (not isinstance(price, int | float) or price < 0)
    ]
    if wrong:
        raise PricesInvalid(f"{path}: {', '.join(sorted(wrong))} must be a number of dollars, not below zero.")
    return usual | table
