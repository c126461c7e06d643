"""A versioned bucket in memory."""

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from tests.fakes.multipart import FakeMultipart
from tests.fakes.network import Network, refused
from tests.fakes.standin import StandIn


@dataclass(frozen=True)
class Version:
    """One stored version of an object."""

    version_id: str
    data: bytes


class Body(io.BytesIO):
    """A streaming body."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


class FakeS3(StandIn):
    """boto3's side, and `put` for what a browser's form post does."""

    def __init__(self, network: Network) -> None:
        self.objects: dict[str, list[Version]] = {}
        self._network = network
        self._ids = itertools.count(1)
        self.multipart = FakeMultipart(network, self.put)
        self.create_multipart_upload = self.multipart.create_multipart_upload
        self.complete_multipart_upload = self.multipart.complete_multipart_upload
        self.abort_multipart_upload = self.multipart.abort_multipart_upload

    def put(self, key: str, data: bytes) -> str:
        """Store a new version; its id."""
        version = Version(f"v{next(self._ids)}", data)
        self.objects.setdefault(key, []).append(version)
        return version.version_id

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:
        return self._network.carry("s3", "put_object", lambda: {"VersionId": self.put(Key, Body)})

    def head_object(self, *, Key: str, VersionId: str | None = None, **_: Any) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            version = self._find(Key, VersionId, "404")
            return {"VersionId": version.version_id, "ContentLength": len(version.data)}

        return self._network.carry("s3", "head_object", read)

    def get_object(self, *, Key: str, VersionId: str, Range: str | None = None, **_: Any) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            data = self._find(Key, VersionId, "NoSuchVersion").data
            if Range is not None:
                if not data:
                    raise refused("InvalidRange", "GetObject")
                first, last = (int(part) for part in re.findall(r"\d+", Range))
                data = data[first : last + 1]
            return {"ContentLength": len(data), "Body": Body(data)}

        return self._network.carry("s3", "get_object", read)

    def delete_object(self, *, Key: str, VersionId: str, **_: Any) -> None:
        def delete() -> None:
            versions = self.objects.get(Key, [])
            self.objects[Key] = [version for version in versions if version.version_id != VersionId]

        self._network.carry("s3", "delete_object", delete)

    def get_paginator(self, operation: str) -> Any:
        if operation == "list_parts":
            return self.multipart.list_parts()
        assert operation == "list_object_versions"

        def paginate(*, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
            found = [
                {"Key": key, "VersionId": version.version_id}
                for key, versions in self.objects.items()
                if key.startswith(Prefix)
                for version in versions
            ]
            yield self._network.carry("s3", "list_object_versions", lambda: {"Versions": found} if found else {})

        return SimpleNamespace(paginate=paginate)

    def generate_presigned_post(self, **arguments: Any) -> dict[str, Any]:
        return {"url": "https://bucket.invalid/", "fields": {"key": arguments["Key"]}}

    def generate_presigned_url(self, operation: str, **arguments: Any) -> str:
        wanted = arguments["Params"]
        if operation == "upload_part":
            query = urlencode(wanted | {"X-Amz-Expires": arguments["ExpiresIn"]})
            return f"https://bucket.invalid/{wanted['Key']}?{query}"
        return f"https://bucket.invalid/{wanted['Key']}?versionId={wanted.get('VersionId', '')}"

    def _find(self, key: str, version_id: str | None, missing: str) -> Version:
        versions = self.objects.get(key, [])
        found = versions if version_id is None else [v for v in versions if v.version_id == version_id]
        if not found:
            raise refused(missing, "GetObject")
        return found[-1]
