"""Whoever reaches the engine's port without a key of this run gets nothing: other users, foreign pages, other hosts."""

import contextlib
import json
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright

from divescore.stack.local.engine import MARK
from tests.browser import launch
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ATTACKED_WITHIN = 120.0
# Run by another user where that can be had. It needs nothing but the port, the bucket's name and Python itself.
ATTACK = """
import http.client, json, sys
from datetime import datetime, timezone
from itertools import product
from urllib.parse import urlencode

port, bucket = json.loads(sys.argv[1])
now = datetime.now(timezone.utc)
day, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
opened = []


def scope(key, service):
    return f"{key}/{day}/us-east-1/{service}/aws4_request"


def signed(key, service):
    return {"x-amz-date": moment, "authorization": f"AWS4-HMAC-SHA256 Credential={scope(key, service)}, "
                                                   f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"}


def addressed(key, service, **more):
    return urlencode({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": moment, "X-Amz-SignedHeaders": "host",
                      "X-Amz-Signature": "0" * 64, "X-Amz-Expires": "3600",
                      "X-Amz-Credential": scope(key, service)} | more)


def attempt(method, path, headers={}, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {"host": f"127.0.0.1:{port}"} | headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (400, 401, 403):
        opened.append([method, path, headers, answer.status])
    if any(name.lower().startswith("access-control-") and value == "*" for name, value in answer.getheaders()):
        opened.append([method, path, headers, "every origin"])
    connection.close()


def form(*fields):
    head = '--x\\r\\ncontent-disposition: form-data; name="{}"\\r\\n\\r\\n{}\\r\\n'
    body = "".join(head.format(*field) for field in fields) + "--x--\\r\\n"
    return {"content-type": "multipart/form-data; boundary=x"}, body.encode()


QUERIES = {"iam": "ListUsers", "sts": "GetCallerIdentity", "cloudformation": "DescribeStacks", "sns": "ListTopics"}
TARGETS = {"secretsmanager": "secretsmanager.ListSecrets", "dynamodb": "DynamoDB_20120810.ListTables",
           "sqs": "AmazonSQS.ListQueues"}
for key in ("test", "000000000000", "123456789012", "LOCAL0123456789ABCDEF", "AKIAIOSFODNN7EXAMPLE", ""):
    for service, action in QUERIES.items():
        body, kind = f"Action={action}".encode(), {"content-type": "application/x-www-form-urlencoded"}
        attempt("POST", "/", signed(key, service) | kind, body)
        attempt("POST", "/?" + addressed(key, service, Action=action), {"content-type": "text/plain"})
    for service, target in TARGETS.items():
        kind = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
        attempt("POST", "/", signed(key, service) | kind, b"{}")
        attempt("POST", "/?" + addressed(key, service), kind | {"content-type": "text/plain"}, b"{}")
    for method, path in product(("GET", "POST"), ("/2015-03-31/functions", f"/{bucket}", f"/{bucket}/uploads/x/video")):
        attempt(method, path, signed(key, "lambda" if "functions" in path else "s3"), b"{}")
        attempt(method, path + "?" + addressed(key, "s3"), {}, b"{}")
    attempt("POST", f"/{bucket}", *form(
        ("key", "uploads/x/video"), ("x-amz-algorithm", "AWS4-HMAC-SHA256"), ("x-amz-credential", scope(key, "s3")),
        ("policy", "e30="), ("x-amz-date", moment), ("x-amz-signature", "0" * 64), ("file", "x")))
attempt("POST", f"/{bucket}", *form(("key", "uploads/x/video"), ("file", "x")))
attempt("PUT", f"/{bucket}/uploads/x/video", {}, b"x")
attempt("GET", f"/{bucket}")
attempt("GET", "/")
attempt("GET", "/2015-03-31/functions")
attempt("POST", "/", {"authorization": "AWS test:00"}, b"Action=ListUsers")
attempt("GET", "/?AWSAccessKeyId=test&Signature=00&Expires=9999999999")
attempt("POST", "/_ministack/reset")
attempt("POST", "/_ministack/config", {}, b"{}")
attempt("GET", "/_ministack/ready")
attempt("GET", "/_aws/sqs/messages?QueueUrl=x")
attempt("GET", "/_ministack/health", {"host": f"evil.example:{port}"})
attempt("GET", "/_ministack/health", {"origin": "http://evil.example"})
print(json.dumps(opened))
"""
# What a foreign page can send without asking first, and what it would have to ask for.
FROM_A_PAGE = """async ([endpoint, bucket, api]) => {
  const opened = [];
  const attempt = async (name, url, options) => {
    try {
      const answer = await fetch(url, options);
      if (answer.type !== "opaque") opened.push([name, answer.status]);
      else await answer.text();
    } catch (error) { /* the browser kept the answer from the page */ }
  };
  const plain = { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" };
  await attempt("reset", endpoint + "/_ministack/reset", { method: "POST" });
  await attempt("reset, blind", endpoint + "/_ministack/reset", { method: "POST", mode: "no-cors" });
  await attempt("health", endpoint + "/_ministack/health", {});
  await attempt("create", api + "/jobs", plain);
  const credential = "X-Amz-Credential=test/20260101/us-east-1/iam/aws4_request";
  await attempt("iam, blind", `${endpoint}/?Action=CreateUser&UserName=evil&${credential}`,
                { method: "POST", mode: "no-cors" });
  await attempt("iam", `${endpoint}/?Action=ListUsers&${credential}`, { method: "POST" });
  await attempt("target", endpoint, { ...plain, headers: { "x-amz-target": "secretsmanager.ListSecrets" } });
  const form = new FormData();
  form.set("key", "uploads/evil/video");
  form.set("file", new Blob(["evil"]));
  await attempt("form, blind", `${endpoint}/${bucket}`, { method: "POST", mode: "no-cors", body: form });
  await attempt("form", `${endpoint}/${bucket}`, { method: "POST", body: form });
  await attempt("function", endpoint + "/2015-03-31/functions", { method: "POST", body: "{}" });
  const socket = await new Promise((done) => {
    const socket = new WebSocket(endpoint.replace("http", "ws") + "/_aws/execute-api/x/live?ticket=x");
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
  if (socket !== "refused") opened.push(["socket", socket]);
  return opened;
}"""


@pytest.fixture
def engine(system: System) -> str:
    port = urlsplit(system.api).port
    return f"http://127.0.0.1:{port}"


def untouched(system: System) -> tuple[Any, ...]:
    """What an attack would have changed."""
    users = [user["UserName"] for user in system.owner("iam").list_users()["Users"]]
    keys = [item["Key"] for item in system.owner("s3").list_objects_v2(Bucket=bucket(system)).get("Contents", [])]
    functions = [item["FunctionName"] for item in system.owner("lambda").list_functions()["Functions"]]
    return users, [key for key in keys if key in ("uploads/x/video", "uploads/evil/video")], sorted(functions)


def bucket(system: System) -> str:
    return str(system.addresses["bucket"])


def stranger() -> tuple[str, dict[str, Any]]:
    """A Python that another user may run, and how to become that user; our own where neither is to be had."""
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        become: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for python in (sys.executable, "/usr/bin/python3"):
            with contextlib.suppress(OSError):
                if subprocess.run([python, "-c", ""], cwd="/", env={}, capture_output=True, **become).returncode == 0:
                    return python, become
    return sys.executable, {}


def test_another_user_gets_nothing(system: System, engine: str) -> None:
    before = untouched(system)
    python, become = stranger()
    done = subprocess.run(
        [python, "-c", ATTACK, json.dumps([urlsplit(engine).port, bucket(system)])],
        **become,
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        timeout=ATTACKED_WITHIN,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert untouched(system) == before
    assert before[1] == []


@pytest.fixture
def foreign_page() -> Iterator[str]:
    """The address of an empty page that some other program of this machine serves."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def test_a_foreign_page_gets_nothing(system: System, engine: str, foreign_page: str, browser: Browser) -> None:
    before = untouched(system)
    context = browser.new_context()
    page = context.new_page()
    page.goto(foreign_page)
    assert page.evaluate(FROM_A_PAGE, [engine, bucket(system), system.api]) == []
    context.close()
    assert untouched(system) == before
    assert system.owner("secretsmanager").list_secrets()["SecretList"], "nothing was reset"


def test_the_runtime_api_answers_only_who_knows_its_address(system: System) -> None:
    """The worker's runtime takes its events over a port of its own, which other users reach as well."""
    home = system.addresses["env"]["DIVESCORE_HOME"]
    found = [process for process in psutil.process_iter() if is_worker(process, home)]
    assert found, "no worker runs"
    address = found[0].environ()["AWS_LAMBDA_RUNTIME_API"]
    port, _, secret = address.partition("/")
    assert len(secret) > 20
    for path in ("", "/wrong"):
        answer = httpx.get(f"http://{port}{path}/2018-06-01/runtime/invocation/next", timeout=5, trust_env=False)
        assert answer.status_code == 404


def is_worker(process: psutil.Process, home: str) -> bool:
    try:
        variables = process.environ()
    except psutil.Error:
        return False
    return variables.get(MARK) == home and "AWS_LAMBDA_RUNTIME_API" in variables
