"""Multipart uploads of the versioned bucket in memory, as strict as AWS where it matters to who completes them."""

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.fakes.network import Network, refused


def sha256_of(data: bytes) -> str:
    """A part's checksum as S3 writes it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@dataclass
class Uploading:
    """One upload that was begun and neither completed nor aborted."""

    key: str
    parts: dict[int, tuple[bytes, str | None]] = field(default_factory=dict)


class FakeMultipart:
    """boto3's side, and `put_part` for what a browser sends to a part's address."""

    def __init__(self, network: Network, put: Callable[[str, bytes], str]) -> None:
        self.uploads: dict[str, Uploading] = {}
        self.aborted: list[str] = []
        self.page = 1000
        self.arrives_late: dict[int, bytes] = {}  # parts that are being received while the upload is aborted
        self._network = network
        self._put = put
        self._ids = itertools.count(1)

    def put_part(self, upload_id: str, number: int, data: bytes, sha256: str | None = "right") -> None:
        """A part arrives; its address, which only the service's signature can make, is not this fake's business."""
        checksum = sha256_of(data) if sha256 == "right" else sha256
        self._find(upload_id).parts[number] = (data, checksum)

    def create_multipart_upload(self, *, Key: str, ChecksumAlgorithm: str, **_: Any) -> dict[str, Any]:
        assert ChecksumAlgorithm == "SHA256"

        def create() -> dict[str, Any]:
            upload_id = f"u{next(self._ids)}"
            self.uploads[upload_id] = Uploading(Key)
            return {"UploadId": upload_id}

        return self._network.carry("s3", "create_multipart_upload", create)

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> None:
        def abort() -> None:
            upload = self._find(UploadId)
            self.aborted.append(UploadId)
            upload.parts = {number: (data, sha256_of(data)) for number, data in self.arrives_late.items()}
            self.arrives_late = {}
            if not upload.parts:
                del self.uploads[UploadId]

        self._network.carry("s3", "abort_multipart_upload", abort)

    def complete_multipart_upload(
        self, *, Key: str, UploadId: str, MultipartUpload: dict[str, Any], MpuObjectSize: int, **_: Any
    ) -> None:
        def complete() -> None:
            upload = self._find(UploadId)
            data = b""
            for listed in MultipartUpload["Parts"]:
                part, checksum = upload.parts.get(listed["PartNumber"], (b"", None))
                if listed["ETag"] != etag(part) or listed["ChecksumSHA256"] != checksum:
                    raise refused("InvalidPart", "CompleteMultipartUpload")
                data += part
            if len(data) != MpuObjectSize:
                raise refused("InvalidRequest", "CompleteMultipartUpload")
            self._put(Key, data)
            del self.uploads[UploadId]

        self._network.carry("s3", "complete_multipart_upload", complete)

    def list_parts(self) -> Any:
        """The paginator of `list_parts`."""

        def paginate(*, UploadId: str, **_: Any) -> Iterator[dict[str, Any]]:
            parts = self._network.carry("s3", "list_parts", lambda: sorted(self._find(UploadId).parts.items()))
            listed = [
                {"PartNumber": number, "Size": len(data), "ETag": etag(data)}
                | ({} if checksum is None else {"ChecksumSHA256": checksum})
                for number, (data, checksum) in parts
            ]
            for start in range(0, max(1, len(listed)), self.page):
                page = listed[start : start + self.page]
                yield {"Parts": page} if page else {}

        return SimpleNamespace(paginate=paginate)

    def _find(self, upload_id: str) -> Uploading:
        if upload_id not in self.uploads:
            raise refused("NoSuchUpload")
        return self.uploads[upload_id]


def etag(data: bytes) -> str:
    """What S3 calls a part's content."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
