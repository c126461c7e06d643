"""Whether the system's own limits would stop a run: said before it starts, with the command that raises them."""

import math

from divescore.ops.load.errors import QuotaTooSmall
from divescore.ops.load.schedule import most_within
from divescore.stack.deployed import Stack

# A dive is uploaded, waits and is scored: with fewer jobs than arrive in this time, a run stays clear of the limit.
OPEN_FOR = 5.0


def check_quotas(stack: Stack, arrivals: list[float]) -> list[str]:
    """Warnings about a run through the API, as sentences. Raises QuotaTooSmall for what would stop it.

    Open jobs count against the run as soon as they arrive at once; spread over time, they may be scored in time.
    """
    jobs = len(arrivals)
    for parameter, whose in (("JobsPerDayPerClient", "one client"), ("JobsPerDay", "everybody together")):
        limit = stack.number(parameter)
        if limit is not None and limit < jobs:
            raise QuotaTooSmall(
                f"{parameter} is {limit}: {whose} may make no more jobs in a day, and this run makes {jobs}. "
                f"Raise it for the run: {stack.raise_limit(parameter, 2 * jobs)}"
            )
    warnings = []
    limit = stack.number("OpenJobsPerClient")
    at_once = most_within(arrivals, OPEN_FOR)
    if limit is not None and limit < at_once:
        raise QuotaTooSmall(
            f"OpenJobsPerClient is {limit}: one client may have no more unfinished jobs, and {at_once} of this run "
            f"arrive within {OPEN_FOR:g} s. Raise it for the run: {stack.raise_limit('OpenJobsPerClient', jobs)}"
        )
    if limit is not None and limit < jobs:
        warnings.append(
            f"OpenJobsPerClient is {limit}: jobs are refused if more are under way at a time. To raise it: "
            f"{stack.raise_limit('OpenJobsPerClient', jobs)}"
        )
    rate, api_burst = stack.number("ApiRate"), stack.number("ApiBurst")
    if not stack.local and rate is not None and api_burst is not None:
        allowed = rate + api_burst
        if (most := most_within(arrivals, 1.0)) > allowed:
            warnings.append(
                f"The API takes {rate} requests a second after a burst of {api_burst}, and {most} jobs arrive within "
                f"one: expect 429. To raise it: {stack.raise_limit('ApiRate', math.ceil(most))}"
            )
    return warnings
