"""Whether the system's own limits would stop a run, told before it starts, with the command that raises them."""

import math

from divescore.ops.load.errors import QuotaInTheWay
from divescore.ops.load.schedule import largest_burst
from divescore.stack.deployed import Stack

# A dive is uploaded, waits and is scored: with fewer jobs than arrive in this time, a run stays clear of the limit.
OPEN_FOR = 5.0


def stopped_by(owner: Stack, arrivals: list[float]) -> list[str]:
    """What speaks against a run through the API, as sentences: warnings. Raises QuotaInTheWay for what would stop it.

    Open jobs count against the run as soon as they arrive at once; spread over time, they may be scored in time.
    """
    jobs = len(arrivals)
    for parameter, whose in (("JobsPerDayPerClient", "one client"), ("JobsPerDay", "everybody together")):
        limit = owner.number(parameter)
        if limit is not None and limit < jobs:
            raise QuotaInTheWay(
                f"{parameter} is {limit}: {whose} may make no more jobs in a day, and this run makes {jobs}. "
                f"Raise it for the run: {owner.raise_limit(parameter, 2 * jobs)}"
            )
    warnings = []
    limit = owner.number("OpenJobsPerClient")
    at_once = largest_burst(arrivals, OPEN_FOR)
    if limit is not None and limit < at_once:
        raise QuotaInTheWay(
            f"OpenJobsPerClient is {limit}: one client may have no more unfinished jobs, and {at_once} of this run "
            f"arrive within {OPEN_FOR:g} s. Raise it for the run: {owner.raise_limit('OpenJobsPerClient', jobs)}"
        )
    if limit is not None and limit < jobs:
        warnings.append(
            f"OpenJobsPerClient is {limit}: jobs are refused if more are under way at a time. To raise it: "
            f"{owner.raise_limit('OpenJobsPerClient', jobs)}"
        )
    rate, api_burst = owner.number("ApiRate"), owner.number("ApiBurst")
    if not owner.local and rate is not None and api_burst is not None:
        allowed = rate + api_burst
        if (most := largest_burst(arrivals, 1.0)) > allowed:
            warnings.append(
                f"The API takes {rate} requests a second after a burst of {api_burst}, and {most} jobs arrive within "
                f"one: expect 429. To raise it: {owner.raise_limit('ApiRate', math.ceil(most))}"
            )
    return warnings
