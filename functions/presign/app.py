"""Presign: the HTTP API, which creates, uploads, reads, shares, plays, amends, marks and cancels a job."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.api import routes
from divescore.api.operations import Operations
from divescore.api.part_uploads import PartUploads
from divescore.aws import client, within
from divescore.jobs.marks import MarksTable
from divescore.jobs.quota import Quotas
from divescore.jobs.table import JobTable
from divescore.tokens.keys import key_loader
from divescore.tokens.tokens import Tokens
from divescore.uploads.multipart import MultipartStore
from divescore.uploads.store import UploadStore
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings


class PresignSettings(FunctionSettings):
    """The function's environment."""

    uploads_bucket: str
    token_secret: str
    live_url: str
    site_url: str
    retention_days: int
    max_upload_bytes: int
    parts_above_bytes: int
    open_jobs_per_client: int
    jobs_per_day_per_client: int
    jobs_per_day: int


@cache
def operations() -> Operations:
    """Everything that a request needs."""
    settings = PresignSettings()
    tuning = within(settings.function_seconds)
    dynamodb = client("dynamodb", **tuning)
    s3 = client("s3", **tuning)
    table = JobTable(settings.table_name, dynamodb)
    store = UploadStore(settings.uploads_bucket, s3)
    return Operations(
        table=table,
        marks=MarksTable(settings.table_name, dynamodb),
        store=store,
        parts=PartUploads(table, store, MultipartStore(settings.uploads_bucket, s3)),
        tokens=Tokens(key_loader(settings.token_secret, client("secretsmanager", **tuning))),
        quotas=Quotas(settings.open_jobs_per_client, settings.jobs_per_day_per_client, settings.jobs_per_day),
        live_url=settings.live_url,
        site_url=settings.site_url,
        retention_days=settings.retention_days,
        max_upload_bytes=settings.max_upload_bytes,
        parts_above_bytes=settings.parts_above_bytes,
    )


@observed(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: one HTTP request."""
    response = routes.resolve(event, context, operations, logger, metrics)
    metrics.add_metric(name=f"Answered_{response['statusCode']}", unit=MetricUnit.Count, value=1)
    logger.info("answered", route=event.get("routeKey"), status=response["statusCode"])
    return response
