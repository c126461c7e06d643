"""S3's multipart uploads: the plan of a video's parts, an address for each, and the end of it all.

Every address is signed for one part's exact length and SHA-256, so S3 takes nothing else there. The upload's own
checksum is SHA-256 too: S3 keeps one for each part, and compares them again when the upload is completed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from divescore.jobs.model import Job

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# S3 takes no part but the last below 5 MiB, and at most 10,000 parts; the largest video has 512 of these.
PART_BYTES = 8 << 20
CHECKSUM_HEADER = "x-amz-checksum-sha256"
# While a part is being received, an upload may outlive being aborted.
MAX_ABORTS = 3


# What S3 says of a completion whose parts are not what they were when they were listed, or cannot make the object.
_NOT_THESE = frozenset({"InvalidPart", "InvalidPartOrder", "InvalidRequest", "EntityTooSmall", "BadDigest"})


class UploadForgotten(Exception):
    """S3 knows no such upload: it was completed, was aborted, or is too old."""


class PartsRefused(Exception):
    """S3 does not make the object of these parts; they may have changed since they were listed."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How a video is cut: all parts have `part_bytes` but the last, which has the rest."""

    size_bytes: int
    part_bytes: int

    @property
    def count(self) -> int:
        """How many parts there are; their numbers begin with 1."""
        return -(-self.size_bytes // self.part_bytes)

    def length(self, number: int) -> int:
        """Bytes of one part. Raises ValueError for a number that is not in the plan."""
        if not 1 <= number <= self.count:
            raise ValueError(f"part {number} of {self.count}")
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as S3 lists it; `sha256` in base64, None where S3 keeps none."""

    number: int
    length: int
    sha256: str | None
    etag: str

    def fits(self, plan: PartPlan) -> bool:
        """Whether it can be a part of the video."""
        return 1 <= self.number <= plan.count and self.length == plan.length(self.number) and self.sha256 is not None


@dataclass(frozen=True)
class MultipartStore:
    """The multipart uploads of jobs' videos."""

    bucket: str
    s3: "S3Client"

    def begin(self, job: Job) -> str:
        """Start an upload; its id."""
        answer = self.s3.create_multipart_upload(
            Bucket=self.bucket, Key=job.key, ContentType=job.content_type, ChecksumAlgorithm="SHA256"
        )
        return answer["UploadId"]

    def parts(self, job: Job, upload_id: str) -> list[StoredPart]:
        """What S3 has of an upload. Raises UploadForgotten."""
        pages = self.s3.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=job.key, UploadId=upload_id)
        try:
            return [
                StoredPart(part["PartNumber"], part["Size"], part.get("ChecksumSHA256"), part["ETag"])
                for page in pages
                for part in page.get("Parts", [])
            ]
        except ClientError as error:
            raise _forgotten(error) from error

    def address(self, job: Job, number: int, length: int, sha256: str, seconds: int) -> str:
        """Where a PUT of exactly `length` bytes with this checksum, sent with `headers_of` it, stores a part."""
        parameters = {
            "Bucket": self.bucket,
            "Key": job.key,
            "UploadId": job.upload_id,
            "PartNumber": number,
            "ContentLength": length,
            "ChecksumSHA256": sha256,
        }
        url: str = self.s3.generate_presigned_url("upload_part", Params=parameters, ExpiresIn=seconds)
        return url

    def complete(self, job: Job, upload_id: str, parts: Iterable[StoredPart]) -> None:
        """Make the video of its parts, in order of their numbers. Raises UploadForgotten, PartsRefused."""
        listed: list[CompletedPartTypeDef] = [
            {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": part.sha256 or ""} for part in parts
        ]
        try:
            self.s3.complete_multipart_upload(
                Bucket=self.bucket,
                Key=job.key,
                UploadId=upload_id,
                MultipartUpload={"Parts": listed},
                MpuObjectSize=job.size_bytes,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THESE:
                raise PartsRefused(str(error)) from error
            raise _forgotten(error) from error

    def abort(self, job: Job, upload_id: str) -> None:
        """Give an upload up, with all that S3 has of it; of one that S3 does not know there is nothing to do."""
        try:
            for _ in range(MAX_ABORTS):
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=job.key, UploadId=upload_id)
                # A part that was on its way may have arrived after all; what still does, the lifecycle removes.
                if not self.parts(job, upload_id):
                    return
        except UploadForgotten:
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise


def headers_of(sha256: str) -> Mapping[str, str]:
    """The headers that are signed with a part's address, beside those that every program for HTTP sends by itself."""
    return {CHECKSUM_HEADER: sha256}


def _forgotten(error: ClientError) -> Exception:
    return UploadForgotten() if error.response["Error"]["Code"] == "NoSuchUpload" else error
