"""What a client may see of a job."""

from divescore.jobs.model import Job
from divescore.views import ErrorView, JobView, ProgressView, Status, iso


def job_view(job: Job) -> JobView:
    """The public view: no client, owner, lease, file name, reference or object version."""
    return JobView(
        job_id=job.job_id,
        status=job.status,
        version=job.version,
        created_at=iso(job.created_at),
        updated_at=iso(job.updated_at),
        expires_at=iso(job.expires_at),
        progress=ProgressView(stage=job.stage, fraction=round(job.fraction, 3))
        if job.status is Status.PROCESSING and job.stage
        else None,
        ahead=job.ahead if job.status is Status.QUEUED else None,
        result=job.result,
        # A queued job may carry the cause of its last attempt; that is ours to know, the client's news is the retry.
        error=ErrorView(code=job.error.code, message=job.error.message, retryable=job.error.retryable)
        if job.error and job.status in (Status.REJECTED, Status.FAILED)
        else None,
    )
