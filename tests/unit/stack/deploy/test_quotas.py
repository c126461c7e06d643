"""What an account will not run is said before it is deployed."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from divescore.stack.deploy import quotas
from divescore.stack.deploy.quotas import AccountQuotas
from divescore.stack.deploy.settings import defaults
from divescore.stack.local import translate
from divescore.stack.local.checkout import project_root

USUAL = AccountQuotas(1000, 1000, 10_000.0, 5000)
NEW = AccountQuotas(10, 10, 10_000.0, 5000)
UNKNOWN = AccountQuotas(None, None, None, None)


def clients(answering: Any) -> Any:
    """One client for every service."""
    return lambda service: answering


@pytest.fixture(scope="module")
def parameters() -> dict[str, str]:
    return defaults(translate.read(project_root() / "template.yaml"))


def test_an_account_that_is_not_new_takes_every_default(parameters: dict[str, str]) -> None:
    assert quotas.misfits(USUAL, parameters) == []
    assert quotas.workers(USUAL, 10) == 10


def test_a_new_account_is_told_and_gets_fewer_workers(parameters: dict[str, str]) -> None:
    [told] = quotas.misfits(NEW, parameters)
    assert told.startswith("WorkerConcurrency=10 leaves 0 of 10 for the 6 small functions")
    assert "4 fit." in told
    assert quotas.misfits(NEW, {**parameters, "WorkerConcurrency": str(quotas.workers(NEW, 10))}) == []


@pytest.mark.parametrize(("unreserved", "fitting"), [(10, 4), (12, 6), (20, 10), (50, 10), (9, 3), (8, 2), (3, 2)])
def test_every_small_function_keeps_a_share(unreserved: int, fitting: int) -> None:
    assert quotas.workers(AccountQuotas(1000, unreserved, None, None), 10) == fitting


def test_the_smaller_regions_take_the_default_rates(parameters: dict[str, str]) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: 2,500 and 1,250 in newer Regions
    assert quotas.misfits(AccountQuotas(1000, 1000, 2500.0, 1250), parameters) == []
    told = quotas.misfits(
        AccountQuotas(1000, 1000, 2500.0, 1250), {**parameters, "LiveRate": "2500", "LiveBurst": "1300"}
    )
    assert [line.split(":")[0] for line in told] == [
        "ApiRate and LiveRate promise 2,550 together, and all APIs of the account share 2,500 here",
        "ApiBurst and LiveBurst promise 1,400 together, and all APIs of the account share 1,250 here",
    ]


def test_what_may_not_be_read_is_no_reason_to_stop(parameters: dict[str, str]) -> None:
    class Refusing:
        def get_account_settings(self) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetAccountSettings")

        get_account = get_account_settings

    found = quotas.read(clients(Refusing()))
    assert found == UNKNOWN
    assert quotas.misfits(found, parameters) == []
    assert quotas.workers(found, 10) == 10
    assert quotas.told(found) == "Quotas here: functions not readable; APIs not readable."


def test_quotas_are_read_as_the_services_answer() -> None:
    class Answering:
        def get_account_settings(self) -> Any:
            return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}}

        def get_account(self) -> Any:
            return {"throttleSettings": {"rateLimit": 2500.0, "burstLimit": 1250}}

    found = quotas.read(clients(Answering()))
    assert found == AccountQuotas(1000, 900, 2500.0, 1250)
    assert quotas.told(found) == (
        "Quotas here: functions 900 at once (of 1,000; the others are reserved); "
        "APIs 2,500 requests a second, 1,250 at once."
    )


def test_another_error_is_not_taken_for_a_refusal() -> None:
    class Broken:
        def get_account_settings(self) -> Any:
            raise ClientError({"Error": {"Code": "ServiceException", "Message": "down"}}, "GetAccountSettings")

    with pytest.raises(ClientError):
        quotas.read(clients(Broken()))
