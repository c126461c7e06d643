"""The HTTP API: create, read, share, watch and cancel a job."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import StringConstraints
from pydantic_settings import BaseSettings

from divescore import __version__
from divescore.api.answers import Json, answer, bearer, only_objects, problems, register_problems, reply
from divescore.api.bodies import (
    CreateJob,
    Health,
    JobChanged,
    JobCreated,
    JobRead,
    Shared,
    ShareJob,
    VideoAddress,
)
from divescore.api.operations import Intake
from divescore.aws import client
from divescore.jobs.quota import Limits
from divescore.jobs.table import JobTable
from divescore.tokens.keys import key_loader
from divescore.tokens.tokens import Claims, Scope, TokenForbidden, Tokens
from divescore.uploads.store import UploadStore

logger = Logger()
metrics = Metrics()
tracer = Tracer()
app = APIGatewayHttpResolver(enable_validation=True)
register_problems(app, logger)

BEARER = "jobToken"  # the security scheme's name in the API's document
HOLDER: list[dict[str, list[str]]] = [{BEARER: []}]
JobId = Annotated[str, Path(description="as `POST /jobs` answered it")]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255)] | None,
    Header(alias="idempotency-key", description="the same key gives the same job again"),
]


class Settings(BaseSettings):
    """The function's environment."""

    table_name: str
    uploads_bucket: str
    token_secret: str
    live_url: str
    site_url: str
    retention_days: int = 7
    max_upload_bytes: int = 200 * 1024 * 1024
    open_jobs_per_client: int = 20
    jobs_per_day_per_client: int = 200
    jobs_per_day: int = 10_000


@cache
def intake() -> Intake:
    """Everything that a request needs."""
    settings = Settings()
    return Intake(
        table=JobTable(settings.table_name, client("dynamodb")),
        store=UploadStore(settings.uploads_bucket, client("s3")),
        tokens=Tokens(key_loader(settings.token_secret, client("secretsmanager"))),
        limits=Limits(settings.open_jobs_per_client, settings.jobs_per_day_per_client, settings.jobs_per_day),
        live_url=settings.live_url,
        site_url=settings.site_url,
        retention_days=settings.retention_days,
        max_upload_bytes=settings.max_upload_bytes,
    )


def allowed(job_id: str, scope: Scope) -> Claims:
    """The claims of the caller's token, if it is this job's and good for `scope`; raises TokenError."""
    logger.set_correlation_id(job_id)
    claims = intake().tokens.verify(bearer(app.current_event.headers), scope)
    if claims.job_id != job_id:
        raise TokenForbidden("This token belongs to another job.")
    return claims


@app.post("/jobs", responses=answer(201, JobCreated) | problems(400, 409, 413, 415, 429))
def create_job(body: CreateJob, idempotency_key: IdempotencyKey = None) -> Response[Json]:
    """Announce a video: answers with a token, an upload form and a live address."""
    created = intake().create(body, app.current_event.request_context.http.source_ip, idempotency_key)
    logger.set_correlation_id(created.job_id)
    metrics.add_metric(name="Jobs_created", unit=MetricUnit.Count, value=1)
    return reply(201, created)


@app.get("/jobs/<job_id>", responses=answer(200, JobRead) | problems(401, 403, 404), security=HOLDER)
def read_job(job_id: JobId) -> Response[Json]:
    """The job as it is now, with a fresh live address."""
    allowed(job_id, Scope.READ)
    return reply(200, intake().read(job_id))


@app.get("/jobs/<job_id>/video", responses=answer(200, VideoAddress) | problems(401, 403, 404, 409), security=HOLDER)
def read_video(job_id: JobId) -> Response[Json]:
    """An address from which the video plays for an hour."""
    allowed(job_id, Scope.VIDEO)
    return reply(200, intake().video(job_id))


@app.post("/jobs/<job_id>/share", responses=answer(201, Shared) | problems(400, 401, 403, 404), security=HOLDER)
def share_job(job_id: JobId, body: Annotated[ShareJob | None, Body()] = None) -> Response[Json]:
    """A token for others that only reads, and the address of the page that shows it."""
    claims = allowed(job_id, Scope.SHARE)
    return reply(201, intake().share(job_id, body or ShareJob(), claims.expires_at))


@app.delete("/jobs/<job_id>", responses=answer(202, JobChanged) | problems(401, 403, 404), security=HOLDER)
def cancel_job(job_id: JobId) -> Response[Json]:
    """Cancel the job if it is open, and erase its video in any case."""
    allowed(job_id, Scope.CANCEL)
    return reply(202, intake().cancel(job_id))


@app.get("/health", responses=answer(200, Health))
def health() -> Response[Json]:
    """Which release answers, and which model the newest worker loaded."""
    return reply(200, Health(version=__version__, model=intake().table.registered_model()))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: one HTTP request."""
    response = app.resolve(only_objects(event), context)
    metrics.add_metric(name=f"Answered_{response['statusCode']}", unit=MetricUnit.Count, value=1)
    logger.info("answered", route=event.get("routeKey"), status=response["statusCode"])
    return response
