"""The uploads bucket: presigned forms and links, first bytes, download, renditions, erasure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from divescore.jobs.model import Job, object_key, rendition_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})
_CHUNK = 1 << 20
RENDITION_TYPE = "video/mp4"


class ObjectGone(Exception):
    """The upload, or the accepted version of it, is not in the bucket any more."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The video of job {job_id} is not in the bucket any more.")
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class PostForm:
    """A presigned POST: the form's address and the fields that go before the file."""

    url: str
    fields: dict[str, str]


@dataclass(frozen=True)
class UploadStore:
    """The videos. Every method names the job, never a key of the caller's making."""

    bucket: str
    s3: "S3Client"

    def form(self, job: Job, seconds: int) -> PostForm:
        """A form that takes exactly the declared size and type under the job's key, for `seconds`."""
        presigned = self.s3.generate_presigned_post(
            Bucket=self.bucket,
            Key=job.key,
            Fields={"Content-Type": job.content_type},
            Conditions=[
                {"Content-Type": job.content_type},
                ["content-length-range", job.size_bytes, job.size_bytes],
            ],
            ExpiresIn=seconds,
        )
        return PostForm(presigned["url"], presigned["fields"])

    def playback_url(self, job: Job, version: str, seconds: int, content_type: str) -> str:
        """A presigned GET of one version; the type is forced, so that no upload is ever shown as a page."""
        parameters = {
            "Bucket": self.bucket,
            "Key": job.key,
            "VersionId": version,
            "ResponseContentType": content_type,
            "ResponseContentDisposition": "inline",
        }
        url: str = self.s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return url

    def rendition_url(self, job_id: str, seconds: int) -> str | None:
        """A presigned GET of the job's rendition, its type forced; None when there is none."""
        key = rendition_key(job_id)
        if self._describe(key) is None:
            return None
        parameters = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentType": RENDITION_TYPE,
            "ResponseContentDisposition": "inline",
        }
        url: str = self.s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return url

    def put_rendition(self, job_id: str, version: str, data: bytes) -> bool:
        """Keep `data` as the rendition of a version of the video, if that is still there; whether it is."""
        key = rendition_key(job_id)
        kept = self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=RENDITION_TYPE)
        # Whoever erases takes the video first, so one of us sees what the other did.
        if self.has(job_id, version):
            return True
        self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=kept["VersionId"])
        return False

    def current_version(self, job_id: str) -> str | None:
        """The version that lies under the job's key now; None when nothing does."""
        head = self._describe(object_key(job_id))
        return None if head is None else str(head["VersionId"])

    def has(self, job_id: str, version: str) -> bool:
        """Whether this version of the job's video is (still) there."""
        return self._describe(object_key(job_id), version) is not None

    def _describe(self, key: str, version: str | None = None) -> "HeadObjectOutputTypeDef | None":
        which: Any = {} if version is None else {"VersionId": version}
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def head(self, job_id: str, version: str, count: int) -> bytes:
        """The first `count` bytes of a version. Raises ObjectGone."""
        try:
            answer = self.s3.get_object(
                Bucket=self.bucket, Key=object_key(job_id), VersionId=version, Range=f"bytes=0-{count - 1}"
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "InvalidRange":  # an empty object has no first byte
                return b""
            if code in _GONE:
                raise ObjectGone(job_id) from error
            raise
        body: bytes = answer["Body"].read()
        return body

    def download(self, job_id: str, version: str, target: Path, on_progress: Callable[[float], None]) -> None:
        """Write a version to `target` piece by piece; `on_progress` hears the fraction done. Raises ObjectGone."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=object_key(job_id), VersionId=version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise ObjectGone(job_id) from error
            raise
        total, done = max(1, answer["ContentLength"]), 0
        with target.open("wb") as file:
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                on_progress(done / total)

    def erase(self, job_id: str) -> int:
        """Delete every version of the job's video for good; the number deleted. Erasing twice is harmless."""
        return self._erase(object_key(job_id))

    def erase_rendition(self, job_id: str) -> int:
        """Delete every version of the job's rendition for good, after the video; the number deleted."""
        return self._erase(rendition_key(job_id))

    def _erase(self, key: str) -> int:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        count = 0
        for page in pages:
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if entry["Key"] == key:
                    self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=entry["VersionId"])
                    count += 1
        return count

    def erase_version(self, job_id: str, version: str) -> None:
        """Delete one version for good."""
        self.s3.delete_object(Bucket=self.bucket, Key=object_key(job_id), VersionId=version)
