"""What an account may run at once in its Region, read before a deployment, and what of the parameters does not fit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from divescore.stack.clients import Clients

Found = TypeVar("Found")
# presign, enqueue, notify, ws_connect, settle and sweep: each has to run while all workers do.
SMALL_FUNCTIONS = 6
# Lambda keeps so many unreserved whatever one reserves: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
ALWAYS_UNRESERVED = 100
FEWEST_WORKERS = 2  # an event source takes no less
ASK = "Ask for more in the console: Service Quotas, {}; AWS answers within days."
ASK_LAMBDA = ASK.format("AWS Lambda, Concurrent executions")
ASK_APIS = ASK.format("Amazon API Gateway, Throttle rate")


@dataclass(frozen=True)
class AccountQuotas:
    """What may run at once: functions, those without a reservation, requests of all APIs. None: not known."""

    concurrency: int | None
    unreserved: int | None
    rate: float | None
    burst: int | None


def read(clients: Clients) -> AccountQuotas:
    """The account's quotas in the clients' Region. What it may not read is None; raises boto3's other errors."""
    account = _if_allowed(lambda: clients("lambda").get_account_settings()["AccountLimit"])
    throttle = _if_allowed(lambda: clients("apigateway").get_account()["throttleSettings"])
    return AccountQuotas(
        None if account is None else int(account["ConcurrentExecutions"]),
        None if account is None else int(account["UnreservedConcurrentExecutions"]),
        None if throttle is None else float(throttle["rateLimit"]),
        None if throttle is None else int(throttle["burstLimit"]),
    )


def _if_allowed(asked: Callable[[], Found]) -> Found | None:
    from botocore.exceptions import ClientError

    try:
        return asked()
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return None
        raise


def workers(quotas: AccountQuotas, default: int) -> int:
    """How many workers at once fit: the default, or what leaves the small functions half, and one each at least."""
    if quotas.unreserved is None:
        return default
    share = min(quotas.unreserved // 2, quotas.unreserved - SMALL_FUNCTIONS)
    return max(FEWEST_WORKERS, min(default, share))


def told(quotas: AccountQuotas) -> str:
    """The quotas in a line."""
    functions = "not readable" if quotas.unreserved is None else f"{quotas.unreserved:,} at once"
    if quotas.unreserved != quotas.concurrency:
        functions += f" (of {quotas.concurrency:,}; the others are reserved)"
    apis = "not readable" if quotas.rate is None else f"{quotas.rate:,.0f} requests a second, {quotas.burst:,} at once"
    return f"Quotas here: functions {functions}; APIs {apis}."


def misfits(quotas: AccountQuotas, parameters: Mapping[str, str]) -> list[str]:
    """What the account will not run as the parameters ask for, each with what to do."""
    found = []
    wanted = int(parameters["WorkerConcurrency"])
    fits = workers(quotas, wanted)
    if quotas.unreserved is not None and quotas.unreserved - wanted < SMALL_FUNCTIONS:
        found.append(
            f"WorkerConcurrency={wanted} leaves {max(quotas.unreserved - wanted, 0)} of {quotas.unreserved} for the "
            f"{SMALL_FUNCTIONS} small functions, which share the account's concurrency: while workers are busy, the "
            f"page would be refused. {fits} fit. Reserving is no way out: Lambda keeps {ALWAYS_UNRESERVED} unreserved. "
            f"{ASK_LAMBDA}"
        )
    for what, limit in (("Rate", quotas.rate), ("Burst", quotas.burst)):
        asked = int(parameters[f"Api{what}"]) + int(parameters[f"Live{what}"])
        if limit is not None and asked > limit:
            found.append(
                f"Api{what} and Live{what} promise {asked:,} together, and all APIs of the account share {limit:,.0f} "
                f"here: beyond it they are refused. {ASK_APIS}"
            )
    return found
