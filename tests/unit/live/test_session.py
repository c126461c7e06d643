import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.live.changes import conflate, read_changes
from divescore.live.fanout import FanOut
from divescore.live.messages import ErrorCode
from divescore.live.push import Pusher
from divescore.live.session import OriginRefused, Session
from divescore.live.subscriptions import MAX_JOBS_PER_CONNECTION, Subscriptions
from divescore.tokens.tokens import HOLDER_SCOPES, KeyRing, Scope, TokenError, TokenExpired, Tokens
from divescore.views import Status
from tests.unit.live.fakes import NOW, TABLE, LaggingTable, Management, make_job, record

PAGE = "https://page.test"
JOB, OTHER = "a" * 32, "b" * 32
RING = KeyRing("k1", {"k1": "1" * 40})
ROUNDS = 500


class System:
    """A session over a table whose eventual reads lag, and `notify` on the same table."""

    def __init__(self, pool: ThreadPoolExecutor | None = None, table: LaggingTable | None = None) -> None:
        self.table = table or LaggingTable(lag=3)
        self.now = float(NOW)
        self.tokens = Tokens(lambda _fresh: RING, lambda: self.now)
        self.subscriptions = Subscriptions(TABLE, self.table, lambda: self.now)
        self.jobs = JobTable(TABLE, self.table, lambda: NOW * 1000)
        self.session = Session(self.jobs, self.subscriptions, self.tokens, frozenset({PAGE}))
        self.management = Management()
        self.pool = pool

    def connect(self, connection: str = "c1") -> None:
        self.session.connect(connection, self.tokens.ticket(JOB), {"Origin": PAGE})

    def put(self, job: Job) -> None:
        self.table.put_item(TableName=TABLE, Item=to_item(job))

    def token(self, job_id: str = JOB, *scopes: Scope, seconds: int = 86400) -> str:
        return self.tokens.issue(job_id, scopes or HOLDER_SCOPES, NOW + seconds)

    def say(self, message: Any, connection: str = "c1") -> Any:
        text = message if isinstance(message, str) else json.dumps(message)
        return json.loads(self.session.answer(connection, text).data)

    def subscribe(self, token: str | None = None, connection: str = "c1") -> Any:
        return self.say({"action": "subscribe", "token": token or self.token()}, connection)

    def notify(self, old: Job, new: Job) -> None:
        assert self.pool
        changes, unreadable = read_changes([record(new, old)])
        assert unreadable == []
        report = FanOut(self.subscriptions, Pusher(self.management), self.pool).push_all(conflate(changes))
        assert report.failures == {}


@pytest.fixture
def system() -> System:
    system = System()
    system.put(make_job(JOB, Status.QUEUED))
    system.put(make_job(OTHER, Status.QUEUED))
    system.connect()
    return system


# The door


def test_a_ticket_opens_and_a_program_needs_no_origin(system: System) -> None:
    system.session.connect("c2", system.tokens.ticket(JOB), {})
    assert ("CONN#c2", "CONN") in system.table.items


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "", PAGE + ".evil.test", "http://page.test"])
@pytest.mark.parametrize("header", ["Origin", "origin", "ORIGIN"])
def test_a_foreign_page_is_refused_whatever_its_ticket(system: System, header: str, origin: str) -> None:
    with pytest.raises(OriginRefused):
        system.session.connect("c2", system.tokens.ticket(JOB), {header: origin})
    assert ("CONN#c2", "CONN") not in system.table.items


def test_only_a_living_ticket_opens(system: System) -> None:
    ticket = system.tokens.ticket(JOB)
    for bad in (None, "", "abc", ticket[:-2], system.token(), system.token(JOB, Scope.READ)):
        with pytest.raises(TokenError):
            system.session.connect("c2", bad, {})
    system.now += 300
    with pytest.raises(TokenExpired):
        system.session.connect("c2", ticket, {})
    assert ("CONN#c2", "CONN") not in system.table.items


# Messages


def test_subscribe_answers_with_the_job_as_it_is(system: System) -> None:
    answer = system.subscribe()
    assert (answer["type"], answer["job"]["jobId"], answer["job"]["status"]) == ("job", JOB, "QUEUED")
    assert (f"JOB#{JOB}", "SUB#c1") in system.table.items


def test_a_shared_token_reads_and_its_subscription_ends_with_it(system: System) -> None:
    assert system.subscribe(system.token(JOB, Scope.READ, seconds=60))["type"] == "job"
    assert system.table.items[(f"JOB#{JOB}", "SUB#c1")]["ttl"] == {"N": str(NOW + 60)}


def test_a_token_of_one_job_does_nothing_to_another(system: System) -> None:
    answer = system.say({"action": "subscribe", "token": system.token(JOB), "jobId": OTHER})
    assert answer["job"]["jobId"] == JOB
    assert system.table.rows("SUB#") == {(f"JOB#{JOB}", "SUB#c1")}


def test_a_ticket_and_a_token_without_read_do_not_subscribe(system: System) -> None:
    for token in (system.tokens.ticket(JOB), system.token(JOB, Scope.CANCEL)):
        answer = system.subscribe(token)
        assert (answer["type"], answer["code"], answer["jobId"]) == ("error", "FORBIDDEN", JOB)
    assert system.table.rows("SUB#") == set()


def test_expired_and_forged_tokens_are_told_apart(system: System) -> None:
    token = system.token(seconds=10)
    system.now += 10
    assert system.subscribe(token)["code"] == "TOKEN_EXPIRED"
    assert system.subscribe(token[:-3])["code"] == "UNAUTHORIZED"
    assert "jobId" not in system.subscribe(token[:-3])


def test_a_job_that_is_gone_is_told_and_leaves_no_row(system: System) -> None:
    answer = system.subscribe(system.token("c" * 32))
    assert (answer["code"], answer["jobId"]) == ("JOB_NOT_FOUND", "c" * 32)
    assert system.table.rows("SUB#") == set()
    assert "jobs" not in system.table.items[("CONN#c1", "CONN")]


def test_unsubscribe_and_ping(system: System) -> None:
    system.subscribe()
    assert system.say({"action": "unsubscribe", "jobId": JOB}) == {"type": "unsubscribed", "jobId": JOB}
    assert system.say({"action": "unsubscribe", "jobId": "never-watched"})["type"] == "unsubscribed"
    assert system.table.rows("SUB#") == set()
    assert system.say({"action": "ping"}) == {"type": "pong"}


def test_the_hundred_and_first_job_is_refused_and_the_others_stay(system: System) -> None:
    for number in range(MAX_JOBS_PER_CONNECTION + 1):
        system.put(make_job(f"{number:032x}"))
        answer = system.subscribe(system.token(f"{number:032x}"))
    assert (answer["code"], answer["jobId"]) == ("TOO_MANY_JOBS", f"{MAX_JOBS_PER_CONNECTION:032x}")
    assert len(system.table.rows("SUB#")) == MAX_JOBS_PER_CONNECTION
    assert system.subscribe(system.token(f"{3:032x}"))["type"] == "job"


def test_a_connection_that_was_given_up_is_told_so(system: System) -> None:
    system.session.disconnect("c1")
    answer = system.subscribe()
    assert (answer["code"], answer["jobId"]) == ("UNAVAILABLE", JOB)
    assert system.table.rows("SUB#") == set()


def test_disconnect_cleans_up(system: System) -> None:
    system.subscribe()
    system.subscribe(system.token(OTHER))
    system.session.disconnect("c1")
    assert system.table.rows() == {(f"JOB#{JOB}", "JOB"), (f"JOB#{OTHER}", "JOB")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {"action": st.sampled_from(["subscribe", "unsubscribe", "ping", "cancel", ""]) | JSON},
    optional={"token": JSON | st.sampled_from(["good", "ticket", "cut"]), "jobId": JSON | st.just(JOB)},
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | JSON.map(json.dumps) | FIELDS)
def test_any_message_gets_an_answer_of_the_contract(system: System, message: Any) -> None:
    if isinstance(message, dict):
        good = {"good": system.token(), "ticket": system.tokens.ticket(JOB), "cut": system.token()[:-1]}
        token = message.get("token")
        message = json.dumps(message | ({"token": good[token]} if isinstance(token, str) and token in good else {}))
    answer = system.say(message)
    assert answer["type"] in ("job", "unsubscribed", "pong", "error")
    if answer["type"] == "error":
        assert answer["code"] in set(ErrorCode)
        assert answer["message"].endswith(".")


# The gap between snapshot and push


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def final_state(system: System, snapshot: Any) -> str:
    """What a client of the contract ends with: it applies a message only if it is newer."""
    newest: dict[str, Any] = {"version": 0}
    messages = [json.loads(data)["job"] for data in system.management.received["c1"]]
    messages.insert(random.randrange(len(messages) + 1), snapshot["job"])  # a push may overtake the snapshot
    for job in messages:
        newest = job if job["version"] > newest["version"] else newest
    return str(newest["status"])


def race(system: System, write_at: int, notify_at: int) -> str:
    """A job finishes while a client subscribes: written before the `write_at`-th step of subscribing, told at
    `notify_at`; the state that the client ends with."""
    running = make_job(JOB, Status.PROCESSING, 3, attempt=1, owner="w", stage="scoring")
    done = make_job(JOB, Status.SCORED, 4, attempt=1, result={"score": 80.0})
    system.connect()
    for _ in range(system.table.lag + 1):
        system.put(running)  # it has been there for long, so that even a late read finds it
    steps: list[tuple[int, Callable[[], None]]] = [
        (write_at, lambda: system.put(done)),
        (notify_at, lambda: system.notify(running, done)),
    ]
    step = 0

    def before(_operation: str, _arguments: dict[str, Any]) -> None:
        nonlocal step
        system.table.before = lambda _o, _a: None
        step += 1
        while steps and steps[0][0] <= step:
            steps.pop(0)[1]()
        system.table.before = before

    system.table.before = before
    snapshot = system.subscribe()
    system.table.before = lambda _o, _a: None
    for _, action in steps:
        action()
    return final_state(system, snapshot)


LAST = 4  # subscribing takes three steps: row of the subscription, row of the connection, read; 4 is afterwards


@pytest.mark.parametrize("order", ["the job finishes first", "the subscription is first"])
def test_the_final_state_always_arrives(pool: ThreadPoolExecutor, order: str) -> None:
    chance = random.Random(order)
    for _ in range(ROUNDS):
        if order == "the job finishes first":
            write_at, notify_at = 1, chance.randint(1, LAST)
        else:
            write_at = chance.randint(2, LAST)
            notify_at = chance.randint(write_at, LAST)
        assert race(System(pool), write_at, notify_at) == "SCORED"


@pytest.mark.parametrize("operation", ["get_item", "query"])
def test_the_race_is_lost_with_reads_that_are_not_consistent(pool: ThreadPoolExecutor, operation: str) -> None:
    """The proof of the proof: the fake lags enough to catch it."""

    class Careless(LaggingTable):
        def _seen(self, arguments: dict[str, Any]) -> Any:
            is_query = "KeyConditionExpression" in arguments
            if is_query is (operation == "query"):
                arguments = arguments | {"ConsistentRead": False}
            return super()._seen(arguments)

    orders = [(write, told) for write in range(1, LAST + 1) for told in range(write, LAST + 1)]
    ends = []
    for write_at, notify_at in orders:
        system = System(pool, Careless(lag=3))
        ends.append(race(system, write_at, notify_at))
    assert "PROCESSING" in ends


def test_subscribing_and_finishing_in_threads_without_any_plan(pool: ThreadPoolExecutor) -> None:
    with ThreadPoolExecutor(2) as racers:
        for _ in range(ROUNDS):
            system = System(pool)
            running = make_job(JOB, Status.PROCESSING, 3, attempt=1, owner="w", stage="scoring")
            done = make_job(JOB, Status.SCORED, 4, attempt=1, result={"score": 80.0})
            system.connect()
            system.put(running)

            def finish(system: System = system, running: Job = running, done: Job = done) -> None:
                system.put(done)
                system.notify(running, done)

            subscribing, finishing = racers.submit(system.subscribe), racers.submit(finish)
            finishing.result()
            assert final_state(system, subscribing.result()) == "SCORED"
