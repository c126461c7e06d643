"""Posts are signed as boto3 signs them, on connections that are kept, and fail as boto3's do."""

import datetime
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ReadTimeoutError

from divescore.live.connections import Connections
from divescore.live.messages import Outgoing
from divescore.live.push import POST_TIMEOUTS, Pushed, Pusher

pytestmark = pytest.mark.enable_socket
ID = "L0SM9cOFvHcCIhw="  # as API Gateway names a connection
MESSAGE = b'{"type":"pong"}'
SIGNATURE = ("authorization", "x-amz-date", "x-amz-security-token")
PATIENCE = 0.2
NOW = datetime.datetime(2026, 11, 28, 1, 2, 3)


class Gateway(ThreadingHTTPServer):
    """Answers as told, and remembers what it was asked and by how many connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.peers: set[Any] = set()
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.silent = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/_aws/live"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers.items()), body))
        self.server.peers.add(self.client_address)
        if self.server.silent.is_set():
            time.sleep(3 * PATIENCE)
        status, headers, content = self.server.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        yield gateway
        gateway.shutdown()


def session() -> boto3.Session:
    return boto3.Session("AKIDEXAMPLE", "secret", "session-token", region_name="eu-central-1")


def connections(gateway: Gateway, timeouts: tuple[float, float] = POST_TIMEOUTS) -> Connections:
    return Connections(gateway.url, timeouts, session=session())


def test_calls_are_signed_as_boto3_signs_them(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: NOW)
    theirs = session().client("apigatewaymanagementapi", endpoint_url=gateway.url, config=Config(retries={}))
    ours = connections(gateway)
    for api in (theirs, ours):
        api.post_to_connection(ConnectionId=ID, Data=MESSAGE)
        api.delete_connection(ConnectionId=ID)
    told = [
        (method, path, body, {name: value for name, value in headers.items() if name.lower() in SIGNATURE})
        for method, path, headers, body in gateway.asked
    ]
    post, delete = told[2:]
    assert len(post[3]) == 3
    assert [post, delete] == told[:2]


def test_a_connection_is_kept_from_one_post_to_the_next_whatever_is_answered(gateway: Gateway) -> None:
    ours = connections(gateway)
    for status in (200, 410, 200):
        gateway.answer = (status, {}, b'{"message":"x"}')
        Pusher(ours).post(ID, Outgoing(MESSAGE))
    assert len(gateway.asked) == 3
    assert len(gateway.peers) == 1


@pytest.mark.parametrize(
    ("headers", "content", "code"),
    [
        ({"x-amzn-ErrorType": "GoneException"}, b"", "GoneException"),
        ({"x-amzn-ErrorType": "GoneException:http://internal.amazon.com/"}, b"{}", "GoneException"),
        ({}, b'{"__type":"com.amazonaws#LimitExceededException"}', "LimitExceededException"),
        ({}, b'{"code":"ForbiddenException"}', "ForbiddenException"),
        ({}, b"[]", "429"),
        ({}, b"not JSON", "429"),
    ],
)
def test_a_refusal_says_why(gateway: Gateway, headers: dict[str, str], content: bytes, code: str) -> None:
    gateway.answer = (429, headers, content)
    with pytest.raises(ClientError) as refused:
        connections(gateway).post_to_connection(ConnectionId=ID, Data=MESSAGE)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_an_ended_connection_and_a_full_one_are_told_apart(gateway: Gateway) -> None:
    outcomes = []
    for status in (410, 429):
        gateway.answer = (status, {}, b"")
        outcomes.append(Pusher(connections(gateway)).post(ID, Outgoing(MESSAGE)))
    assert outcomes == [Pushed.GONE, Pushed.SLOW]


def test_a_post_gets_no_longer_than_a_push_is_worth() -> None:
    assert sum(POST_TIMEOUTS) <= 3


def test_a_post_that_nobody_answers_ends_in_time(gateway: Gateway) -> None:
    gateway.silent.set()
    with pytest.raises(ReadTimeoutError):
        connections(gateway, (PATIENCE, PATIENCE)).post_to_connection(ConnectionId=ID, Data=MESSAGE)


def test_a_gateway_that_is_not_there_is_an_error_of_botocore(gateway: Gateway) -> None:
    gone = Gateway()
    gone.server_close()
    with pytest.raises(BotoCoreError):
        connections(gone).post_to_connection(ConnectionId=ID, Data=MESSAGE)


def test_without_credentials_nothing_is_sent(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "get_credentials", lambda _self: None)
    with pytest.raises(NoCredentialsError):
        connections(gateway).post_to_connection(ConnectionId=ID, Data=MESSAGE)
    assert gateway.asked == []
