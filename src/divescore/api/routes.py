"""The HTTP API's routes: who may call what, with which body, and what each answers."""

from collections.abc import Callable
from typing import Annotated

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import StringConstraints

from divescore import __version__
from divescore.api.answers import Json, answer, bearer, only_objects, problems, register_problems, reply
from divescore.api.bodies import (
    AmendJob,
    AskForParts,
    CreateJob,
    Health,
    JobChanged,
    JobCreated,
    JobRead,
    MarkJob,
    PartsAnswer,
    Shared,
    ShareJob,
    VideoAddress,
)
from divescore.api.operations import Operations
from divescore.tokens.tokens import Claims, Scope, TokenForbidden

app = APIGatewayHttpResolver(enable_validation=True)
register_problems(app)

BEARER = "jobToken"  # the security scheme's name in the API's document
HOLDER: list[dict[str, list[str]]] = [{BEARER: []}]
JobId = Annotated[str, Path(description="as `POST /jobs` answered it")]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255)] | None,
    Header(alias="idempotency-key", description="the same key gives the same job again"),
]


def resolve(
    event: Json, context: LambdaContext, operations: Callable[[], Operations], logger: Logger, metrics: Metrics
) -> Json:
    """The answer to one HTTP request. `operations` is asked when a route needs them; its errors are answers too."""
    app.context.update(operations=operations, logger=logger, metrics=metrics)
    return app.resolve(only_objects(event), context)


def _operations() -> Operations:
    made: Operations = app.context["operations"]()
    return made


def _about(job_id: str) -> None:
    app.context["logger"].set_correlation_id(job_id)


def _allowed(job_id: str, scope: Scope) -> Claims:
    """The claims of the caller's token, if it is this job's and good for `scope`; raises TokenError."""
    _about(job_id)
    claims = _operations().tokens.verify(bearer(app.current_event.headers), scope)
    if claims.job_id != job_id:
        raise TokenForbidden("This token belongs to another job.")
    return claims


@app.post("/jobs", responses=answer(201, JobCreated) | problems(400, 409, 413, 429))
def create_job(body: CreateJob, idempotency_key: IdempotencyKey = None) -> Response[Json]:
    """Announce a video: answers with a token, an upload form and a live address."""
    created = _operations().create(body, app.current_event.request_context.http.source_ip, idempotency_key)
    _about(created.job_id)
    app.context["metrics"].add_metric(name="Jobs_created", unit=MetricUnit.Count, value=1)
    return reply(201, created)


@app.post(
    "/jobs/<job_id>/parts", responses=answer(200, PartsAnswer) | problems(400, 401, 403, 404, 409), security=HOLDER
)
def ask_for_parts(job_id: JobId, body: AskForParts) -> Response[Json]:
    """Addresses to send parts of a large video to, and which parts are there; prolongs the upload."""
    _allowed(job_id, Scope.EDIT)
    return reply(200, _operations().parts.addresses(job_id, body))


@app.post("/jobs/<job_id>/complete", responses=answer(202, JobChanged) | problems(401, 403, 404, 409), security=HOLDER)
def complete_upload(job_id: JobId) -> Response[Json]:
    """All parts are there: make the video of them. May be repeated."""
    _allowed(job_id, Scope.EDIT)
    return reply(202, _operations().parts.complete(job_id))


@app.get("/jobs/<job_id>", responses=answer(200, JobRead) | problems(401, 403, 404), security=HOLDER)
def read_job(job_id: JobId) -> Response[Json]:
    """The job as it is now, with a fresh live address."""
    _allowed(job_id, Scope.READ)
    return reply(200, _operations().read(job_id))


@app.get("/jobs/<job_id>/video", responses=answer(200, VideoAddress) | problems(401, 403, 404, 409), security=HOLDER)
def read_video(job_id: JobId) -> Response[Json]:
    """An address from which the video plays for a quarter of an hour."""
    _allowed(job_id, Scope.VIDEO)
    return reply(200, _operations().video(job_id))


@app.post("/jobs/<job_id>/share", responses=answer(201, Shared) | problems(400, 401, 403, 404), security=HOLDER)
def share_job(job_id: JobId, body: Annotated[ShareJob | None, Body()] = None) -> Response[Json]:
    """A token for others that only reads, and the address of the page that shows it."""
    claims = _allowed(job_id, Scope.SHARE)
    return reply(201, _operations().share(job_id, body or ShareJob(), claims.expires_at))


@app.patch("/jobs/<job_id>", responses=answer(200, JobChanged) | problems(400, 401, 403, 404, 409), security=HOLDER)
def amend_job(job_id: JobId, body: AmendJob) -> Response[Json]:
    """Correct dive, height or difficulty; a score is counted again, by the same judgement of the video."""
    _allowed(job_id, Scope.EDIT)
    return reply(200, _operations().amend(job_id, body))


@app.put("/jobs/<job_id>/marks", responses=answer(200, JobChanged) | problems(400, 401, 403, 404, 409), security=HOLDER)
def mark_job(job_id: JobId, body: MarkJob) -> Response[Json]:
    """Tell what the judges gave, for whoever adapts a model to their dives; erased with the job."""
    _allowed(job_id, Scope.EDIT)
    return reply(200, _operations().mark(job_id, body))


@app.delete("/jobs/<job_id>", responses=answer(202, JobChanged) | problems(401, 403, 404), security=HOLDER)
def cancel_job(job_id: JobId) -> Response[Json]:
    """Cancel the job if it is open, and erase its video and its marks in any case."""
    _allowed(job_id, Scope.CANCEL)
    return reply(202, _operations().cancel(job_id))


@app.get("/health", responses=answer(200, Health))
def health() -> Response[Json]:
    """Which release answers, and which model the newest worker loaded."""
    return reply(200, Health(version=__version__, model=_operations().table.registered_model()))
