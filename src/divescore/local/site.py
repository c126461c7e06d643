"""Publishes the page: the built files, its configuration, and a security policy that names its hosts exactly."""

import json
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from divescore.local.errors import SiteFailed
from divescore.local.state import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_BUILT = "The page is not built (`make web` builds it); the API works without it."


def origin(url: str) -> str:
    """Scheme and host of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_policy(html: str, api: str, live: str, uploads: str) -> str:
    """The page with a policy that lets it talk to this stack's addresses only.

    The header of the distribution can name them by kind only (see SiteHeaders in template.yaml); of two policies a
    browser obeys both. Raises SiteFailed when the page has no head to put it into.
    """
    hosts = " ".join(dict.fromkeys(["'self'", origin(api), origin(live), origin(uploads)]))
    media = " ".join(dict.fromkeys(["'self'", "blob:", origin(uploads)]))
    meta = f'<meta http-equiv="Content-Security-Policy" content="connect-src {hosts}; media-src {media}">'
    head, mark, rest = html.partition("<head>")
    if not mark:
        raise SiteFailed("web/dist/index.html has no <head>; build the page again with `make web`.")
    return f"{head}{mark}\n    {meta}{rest}"


def publish(s3: "S3Client", dist: Path, stack: Stack) -> bool:
    """Upload the page to the site's bucket; return False when it is not built.

    Built files carry a hash in their names and are kept by browsers; the page and its configuration are asked for anew.
    """
    if not (dist / "index.html").is_file():
        return False
    for path in sorted(dist.rglob("*")):
        if not path.is_file():
            continue
        key = path.relative_to(dist).as_posix()
        data = path.read_bytes()
        if key == "index.html":
            data = with_policy(data.decode(), stack.api, stack.live, stack.uploads).encode()
        _put(s3, stack.site, key, data, lasting=key.startswith("assets/"))
    _put(s3, stack.site, "config.json", json.dumps({"api": stack.api}).encode(), lasting=False)
    return True


def _put(s3: "S3Client", bucket: str, key: str, data: bytes, lasting: bool) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=data,
        ContentType=kind + ("; charset=utf-8" if kind.startswith("text/") else ""),
        CacheControl="public, max-age=31536000, immutable" if lasting else "no-cache",
    )
