"""The HTTP API, from event to answer."""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import ANY

import pytest
from aws_lambda_powertools import Logger

from divescore import __version__
from divescore.jobs.errors import Contended
from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.tokens.tokens import HOLDER_SCOPES, Scope, Tokens
from divescore.views import Status
from functions.observability import logger
from functions.presign import app
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, counted, http_event
from tests.fakes.results import kept_result

GOOD = {"filename": "my secret name.mp4", "contentType": "video/mp4", "sizeBytes": 1000}
SOON = int(time.time()) + 3600


@dataclass
class Api:
    """The API as a client sees it."""

    aws: Aws
    log: io.StringIO
    tokens: Tokens

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any) -> tuple[int, Any]:
        answer = self.raw(method, path, body, token, **more)
        return answer["statusCode"], json.loads(answer["body"])

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        bearer = {} if token is None else {"authorization": f"Bearer {token}"}
        answer: dict[str, Any] = app.handler(
            http_event(method, path, body, {**bearer, **(headers or {})}, **more), context()
        )
        return answer

    def put(self, job: Job) -> Job:
        self.aws.dynamodb.put_item(TableName=self.aws.table, Item=to_item(job))
        return job

    def upload(self, job: Job) -> str:
        version: str = self.aws.s3.put_object(Bucket=self.aws.bucket, Key=job.key, Body=b"video")["VersionId"]
        return version

    def token(self, job: Job, *scopes: Scope, expires_at: int = SOON) -> str:
        return self.tokens.issue(job.job_id, scopes or HOLDER_SCOPES, expires_at)


@pytest.fixture
def api(aws: Aws, monkeypatch: pytest.MonkeyPatch, capture: Callable[[Logger], io.StringIO]) -> Iterator[Api]:
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "TOKEN_SECRET": aws.secret,
        "LIVE_URL": "wss://live.example/live",
        "SITE_URL": "https://site.example",
        "OPEN_JOBS_PER_CLIENT": "2",
    }.items():
        monkeypatch.setenv(name, value)
    app.operations.cache_clear()
    yield Api(aws, capture(logger), app.operations().tokens)
    app.operations.cache_clear()


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body) == {"error"}
    assert body["error"]["message"].endswith((".", "…`."))
    return status, body["error"]["code"]


def test_a_job_is_created_with_everything_its_owner_needs(api: Api) -> None:
    status, body = api.call("POST", "/jobs", GOOD | {"dive": "107B"})
    assert status == 201
    assert set(body) == {"jobId", "token", "upload", "live", "job"}
    assert set(body["upload"]) == {"url", "fields", "expiresAt"}
    assert body["upload"]["fields"]["key"] == f"uploads/{body['jobId']}/video"
    assert body["live"]["url"].startswith("wss://live.example/live?ticket=")
    assert body["job"] == {
        "jobId": body["jobId"],
        "status": "AWAITING_UPLOAD",
        "version": 1,
        "createdAt": ANY,
        "updatedAt": ANY,
        "expiresAt": ANY,
    }
    assert api.call("GET", f"/jobs/{body['jobId']}", token=body["token"])[0] == 200


def test_a_body_may_come_encoded(api: Api) -> None:
    assert api.call("POST", "/jobs", GOOD, base64_encoded=True)[0] == 201


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{", (400, "INVALID_REQUEST")),
        ("", (400, "INVALID_REQUEST")),
        ("[]", (400, "INVALID_REQUEST")),
        ({}, (400, "INVALID_REQUEST")),
        (GOOD | {"sizeBytes": "many"}, (400, "INVALID_REQUEST")),
        (GOOD | {"sizeBytes": -1}, (400, "INVALID_REQUEST")),
        (GOOD | {"dive": "a somersault"}, (400, "INVALID_REQUEST")),
        (GOOD | {"difficulty": 99}, (400, "INVALID_REQUEST")),
        (GOOD | {"height": 4}, (400, "INVALID_REQUEST")),
        (GOOD | {"dive": "101C", "difficulty": 5.9}, (400, "DIFFICULTY_IMPOSSIBLE")),
        (GOOD | {"dive": "612B", "height": 3}, (400, "DIVE_IMPOSSIBLE")),
        (GOOD | {"colour": "blue"}, (400, "INVALID_REQUEST")),
        (GOOD | {"sizeBytes": 0}, (400, "EMPTY_FILE")),
        (GOOD | {"sizeBytes": 200 * 2**20 + 1}, (413, "TOO_LARGE")),
        (GOOD | {"sizeBytes": 10**399}, (400, "INVALID_REQUEST")),
        ('{"filename": "a", "sizeBytes": 1' + "0" * 5000 + "}", (400, "INVALID_REQUEST")),
    ],
)
def test_a_request_that_will_not_do_is_told(api: Api, body: Any, expected: tuple[int, str]) -> None:
    assert code(api.call("POST", "/jobs", body)) == expected


def test_a_body_of_no_type_or_another_is_told(api: Api) -> None:
    # The last three are what a browser sends to foreign sites without asking them first.
    for kind in ("text/csv", "application/xml", "", "text/plain", "application/x-www-form-urlencoded"):
        answer = api.call("POST", "/jobs", json.dumps(GOOD), headers={"content-type": kind})
        assert code(answer) == (400, "INVALID_REQUEST")


def test_the_same_idempotency_key_gives_the_same_job(api: Api) -> None:
    key = {"idempotency-key": "7"}
    _, first = api.call("POST", "/jobs", GOOD, headers=key)
    status, again = api.call("POST", "/jobs", GOOD, headers=key)
    assert (status, again["jobId"]) == (201, first["jobId"])
    assert code(api.call("POST", "/jobs", GOOD | {"sizeBytes": 1}, headers=key)) == (409, "CONFLICT")
    assert code(api.call("POST", "/jobs", GOOD, headers={"idempotency-key": ""})) == (400, "INVALID_REQUEST")
    assert code(api.call("POST", "/jobs", GOOD, headers={"idempotency-key": "x" * 256})) == (400, "INVALID_REQUEST")


def test_too_many_jobs_of_one_address_are_told_when_to_come_back(api: Api) -> None:
    v6 = "2001:db8:1:2::"
    for host in ("1", "2"):
        assert api.call("POST", "/jobs", GOOD, address=v6 + host)[0] == 201
    answer = api.raw("POST", "/jobs", GOOD, address=v6 + "3")
    assert code((answer["statusCode"], json.loads(answer["body"]))) == (429, "RATE_LIMITED")
    assert answer["headers"]["Retry-After"] == "30"
    assert api.call("POST", "/jobs", GOOD, address="2001:db8:1:3::1")[0] == 201


@pytest.mark.parametrize(
    ("setting", "sentence"), [("jobs_per_day_per_client", "your 1 dives"), ("jobs_per_day", "budget")]
)
def test_whoever_is_over_a_daily_limit_may_come_back_after_midnight(
    api: Api, monkeypatch: pytest.MonkeyPatch, setting: str, sentence: str
) -> None:
    monkeypatch.setenv(setting.upper(), "1")
    app.operations.cache_clear()
    assert api.call("POST", "/jobs", GOOD)[0] == 201
    answer = api.raw("POST", "/jobs", GOOD)
    assert answer["statusCode"] == 429
    error = json.loads(answer["body"])["error"]
    assert (error["code"], sentence in error["message"]) == ("RATE_LIMITED", True)
    assert 1 <= int(answer["headers"]["Retry-After"]) <= 86_400
    others = api.raw("POST", "/jobs", GOOD, address="198.51.100.1")["statusCode"]
    assert others == (201 if setting == "jobs_per_day_per_client" else 429)


ROUTES = [
    ("GET", "/jobs/{}", Scope.READ),
    ("GET", "/jobs/{}/video", Scope.VIDEO),
    ("POST", "/jobs/{}/share", Scope.SHARE),
    ("DELETE", "/jobs/{}", Scope.CANCEL),
    ("PATCH", "/jobs/{}", Scope.EDIT),
    ("PUT", "/jobs/{}/marks", Scope.EDIT),
]
# What a route needs of its body before it asks for anything else.
BODIES = {"PATCH": {}, "PUT": {"score": 84.15, "consent": True}}


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_nobody_gets_in_without_the_right_token(api: Api, method: str, path: str, scope: Scope) -> None:
    job = api.put(job_in(Status.SCORED))
    other = api.put(job_in(Status.SCORED, job_id="f" * 32))
    good = api.token(job, scope)
    tampered = good[:-3] + ("AAA" if not good.endswith("AAA") else "BBB")
    others = tuple(one for one in HOLDER_SCOPES if one is not scope)
    for token, expected in (
        (None, (401, "UNAUTHORIZED")),
        ("nonsense", (401, "UNAUTHORIZED")),
        (tampered, (401, "UNAUTHORIZED")),
        (api.token(job, scope, expires_at=int(time.time()) - 1), (401, "TOKEN_EXPIRED")),
        (api.token(other, scope), (403, "FORBIDDEN")),
        (api.token(job, *others), (403, "FORBIDDEN")),
        (api.tokens.ticket(job.job_id), (403, "FORBIDDEN")),
    ):
        assert code(api.call(method, path.format(job.job_id), BODIES.get(method), token)) == expected
    answer = api.raw(method, path.format(job.job_id), BODIES.get(method))
    assert answer["headers"]["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_job_whose_record_is_gone_is_not_found(api: Api, method: str, path: str, scope: Scope) -> None:
    job = job_in(Status.SCORED)
    assert code(api.call(method, path.format(job.job_id), BODIES.get(method), api.token(job))) == (
        404,
        "JOB_NOT_FOUND",
    )


def test_a_job_is_read_with_its_result_and_a_fresh_ticket(api: Api) -> None:
    job = api.put(job_in(Status.SCORED))
    status, body = api.call("GET", f"/jobs/{job.job_id}", token=api.token(job))
    assert (status, set(body)) == (200, {"job", "live"})
    assert body["job"]["result"] == {"score": 84.15}
    for inner in ("client", "owner", "filename", "objectVersion", "rev"):
        assert inner not in body["job"]


def test_the_video_plays_while_it_is_there(api: Api) -> None:
    job = api.put(job_in(Status.SCORED))
    assert code(api.call("GET", f"/jobs/{job.job_id}/video", token=api.token(job))) == (409, "CONFLICT")
    job = api.put(job_in(Status.SCORED, object_version=api.upload(job)))
    status, body = api.call("GET", f"/jobs/{job.job_id}/video", token=api.token(job))
    assert (status, set(body)) == (200, {"url", "expiresAt"})
    assert "response-content-type=video%2Favi" in body["url"]


@pytest.mark.parametrize(
    ("declared", "content", "served"),
    [
        ("text/html", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video%2Fwebm"),
        ("application/octet-stream", b"\0\0\0\x20ftypisom" + bytes(24), "video%2Fmp4"),
        ("video/mp4", b"RIFF\x24\0\0\0AVI LIST", "video%2Fx-msvideo"),
        ("text/html", b"<script>", "application%2Foctet-stream"),
    ],
)
def test_a_video_is_served_as_what_its_bytes_are(api: Api, declared: str, content: bytes, served: str) -> None:
    job = job_in(Status.SCORED, content_type=declared)
    version = api.aws.s3.put_object(Bucket=api.aws.bucket, Key=job.key, Body=content)["VersionId"]
    job = api.put(job_in(Status.SCORED, content_type=declared, object_version=version))
    _, body = api.call("GET", f"/jobs/{job.job_id}/video", token=api.token(job))
    assert f"response-content-type={served}" in body["url"]


def test_a_share_opens_nothing_but_what_was_shared(api: Api) -> None:
    job = api.put(job_in(Status.SCORED))
    path, owner = f"/jobs/{job.job_id}", api.token(job)
    status, shared = api.call("POST", path + "/share", token=owner)
    assert (status, set(shared)) == (201, {"token", "url"})
    assert shared["url"] == f"https://site.example/#share={shared['token']}"
    assert api.call("GET", path, token=shared["token"])[0] == 200
    others = (("GET", "/video"), ("POST", "/share"), ("DELETE", ""), ("PATCH", ""), ("PUT", "/marks"))
    for method, rest in others:
        assert code(api.call(method, path + rest, BODIES.get(method), shared["token"])) == (403, "FORBIDDEN")
    for scope in ("edit", "cancel", "share", "connect"):
        assert code(api.call("POST", path + "/share", {"scopes": [scope]}, owner)) == (400, "INVALID_REQUEST")
    _, watching = api.call("POST", path + "/share", {"scopes": ["video"], "expiresIn": 60}, token=owner)
    assert code(api.call("GET", path + "/video", token=watching["token"])) == (409, "CONFLICT")
    assert code(api.call("POST", path + "/share", {"expiresIn": 1}, token=owner)) == (400, "INVALID_REQUEST")


def test_a_cancel_ends_the_job_and_erases_the_video(api: Api) -> None:
    job = api.put(job_in(Status.QUEUED))
    api.upload(job)
    status, body = api.call("DELETE", f"/jobs/{job.job_id}", token=api.token(job))
    assert (status, body["job"]["status"]) == (202, "CANCELLED")
    assert "Versions" not in api.aws.s3.list_object_versions(Bucket=api.aws.bucket)
    assert api.call("DELETE", f"/jobs/{job.job_id}", token=api.token(job)) == (202, body)


def test_a_score_is_amended_by_what_is_sent_alone(api: Api) -> None:
    job = api.put(job_in(Status.SCORED, dive="107B", height=3.0, result=kept_result()))
    path, token = f"/jobs/{job.job_id}", api.token(job)
    status, body = api.call("PATCH", path, {"dive": "207C", "height": None}, token)
    assert (status, set(body)) == (200, {"job"})
    assert (body["job"]["version"], body["job"]["result"]["difficulty"]) == (job.version + 1, 3.3)
    assert api.call("PATCH", path, {}, token) == (200, body)
    assert code(api.call("PATCH", path, {"difficulty": 5.9}, token)) == (400, "DIFFICULTY_IMPOSSIBLE")
    assert code(api.call("PATCH", path, {"score": 99}, token)) == (400, "INVALID_REQUEST")
    assert code(api.call("PATCH", path, None, token)) == (400, "INVALID_REQUEST")


def test_marks_need_consent(api: Api) -> None:
    job = api.put(job_in(Status.SCORED))
    job = api.put(job_in(Status.SCORED, object_version=api.upload(job)))
    path, token = f"/jobs/{job.job_id}/marks", api.token(job)
    assert code(api.call("PUT", path, {"score": 84.15}, token)) == (400, "INVALID_REQUEST")
    assert code(api.call("PUT", path, {"score": 84.15, "consent": False}, token)) == (400, "INVALID_REQUEST")
    status, body = api.call("PUT", path, {"score": 84.15, "consent": True}, token)
    assert (status, body["job"]["version"]) == (200, job.version)
    assert api.call("DELETE", f"/jobs/{job.job_id}", token=token)[0] == 202
    assert code(api.call("PUT", path, {"score": 84.15, "consent": True}, token)) == (409, "CONFLICT")


def test_health_names_the_release_and_the_model(api: Api) -> None:
    assert api.call("GET", "/health") == (200, {"version": __version__})
    JobTable(api.aws.table, api.aws.dynamodb).register_model({"id": "divescore-mini"})
    assert api.call("GET", "/health") == (200, {"version": __version__, "model": {"id": "divescore-mini"}})


def test_an_unknown_address_is_told(api: Api) -> None:
    assert code(api.call("GET", "/jobs/x/y/z")) == (404, "NOT_FOUND")


def test_a_contended_job_is_told_to_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def contended(*_: object) -> None:
        raise Contended("j")

    job = api.put(job_in(Status.QUEUED))
    monkeypatch.setattr(JobTable, "apply", contended)
    assert code(api.call("DELETE", f"/jobs/{job.job_id}", token=api.token(job))) == (503, "UNAVAILABLE")
    assert code(api.call("PATCH", f"/jobs/{job.job_id}", {"dive": "107B"}, api.token(job))) == (503, "UNAVAILABLE")


def test_a_fault_of_ours_keeps_its_details_in_the_log(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the table's password is 1234")

    monkeypatch.setattr(JobTable, "get", broken)
    job = job_in(Status.QUEUED)
    answer = api.raw("GET", f"/jobs/{job.job_id}", token=api.token(job))
    assert code((answer["statusCode"], json.loads(answer["body"]))) == (500, "INTERNAL")
    assert "1234" not in answer["body"]
    assert "1234" in api.log.getvalue()


def test_the_log_names_the_job_and_keeps_its_secrets(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    _, body = api.call("POST", "/jobs", GOOD)
    job, token = f"/jobs/{body['jobId']}", body["token"]
    api.call("GET", job, token=token)
    api.call("GET", job + "/video", token=token)
    _, shared = api.call("POST", job + "/share", token=token)
    api.call("DELETE", job, token=token)
    written = api.log.getvalue() + capsys.readouterr().out
    lines = [json.loads(line) for line in api.log.getvalue().splitlines()]
    assert len(lines) == 5
    assert {line["correlation_id"] for line in lines} == {body["jobId"]}
    ticket = body["live"]["url"].partition("ticket=")[2]
    signature = body["upload"]["fields"].get("x-amz-signature") or body["upload"]["fields"]["signature"]
    for secret in (token, ticket, signature, shared["token"], "my secret name", "203.0.113.7"):
        assert secret not in written


def test_every_answer_is_counted(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("POST", "/jobs", GOOD)
    metrics = counted(capsys.readouterr().out)
    assert metrics["Jobs_created"] == [1.0]
    assert metrics["Answered_201"] == [1.0]


LARGE = GOOD | {"sizeBytes": 20 * 2**20}
CHECKSUM = "A" * 43 + "="


def test_a_large_video_is_sent_in_parts(api: Api) -> None:
    status, made = api.call("POST", "/jobs", LARGE)
    assert (status, set(made["upload"])) == (201, {"parts"})
    assert made["upload"]["parts"] == {"partSize": 8 * 2**20, "count": 3, "expiresAt": ANY}
    path, token = f"/jobs/{made['jobId']}", made["token"]
    status, answer = api.call("POST", f"{path}/parts", {"parts": [{"number": 3, "sha256": CHECKSUM}]}, token)
    assert (status, set(answer), answer["present"]) == (200, {"present", "addresses", "expiresAt"}, [])
    [address] = answer["addresses"]
    assert (address["number"], address["headers"]) == (3, {"x-amz-checksum-sha256": CHECKSUM})
    assert f"/uploads/{made['jobId']}/video?" in address["url"]
    assert code(api.call("POST", f"{path}/complete", token=token)) == (409, "UPLOAD_INCOMPLETE")
    assert api.call("DELETE", path, token=token)[0] == 202
    assert api.aws.s3.list_multipart_uploads(Bucket=api.aws.bucket).get("Uploads", []) == []
    assert code(api.call("POST", f"{path}/parts", {"parts": []}, token)) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"parts": None},
        {"parts": [{"number": 1}]},
        {"parts": [{"number": 0, "sha256": CHECKSUM}]},
        {"parts": [{"number": 4, "sha256": CHECKSUM}]},
        {"parts": [{"number": 10_001, "sha256": CHECKSUM}]},
        {"parts": [{"number": "1", "sha256": CHECKSUM}]},
        {"parts": [{"number": 1, "sha256": "0" * 64}]},
        {"parts": [{"number": 1, "sha256": "A" * 42 + "B="}]},
        {"parts": [{"number": 1, "sha256": CHECKSUM + "\n"}]},
        {"parts": [{"number": 1, "sha256": CHECKSUM, "size": 7}]},
        {"parts": [{"number": 1, "sha256": CHECKSUM}] * 2},
        {"parts": [{"number": number, "sha256": CHECKSUM} for number in range(1, 102)]},
    ],
)
def test_parts_that_cannot_be_are_refused(api: Api, body: Any) -> None:
    _, made = api.call("POST", "/jobs", LARGE)
    answer = api.call("POST", f"/jobs/{made['jobId']}/parts", body, made["token"])
    assert code(answer) == (400, "INVALID_REQUEST")
    assert api.aws.s3.list_multipart_uploads(Bucket=api.aws.bucket).get("Uploads", []) == []


@pytest.mark.parametrize("call", ["parts", "complete"])
def test_parts_need_the_right_to_edit(api: Api, call: str) -> None:
    _, made = api.call("POST", "/jobs", LARGE)
    path = f"/jobs/{made['jobId']}/{call}"
    body: Any = {"parts": []} if call == "parts" else None
    _, shared = api.call("POST", f"/jobs/{made['jobId']}/share", {"scopes": ["read", "video"]}, made["token"])
    _, other = api.call("POST", "/jobs", LARGE)
    assert code(api.call("POST", path, body)) == (401, "UNAUTHORIZED")
    for token in (shared["token"], other["token"]):
        assert code(api.call("POST", path, body, token)) == (403, "FORBIDDEN")
