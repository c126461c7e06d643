"""Publishes the page: the built files, its configuration, and a security policy that names its hosts exactly."""

import json
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from divescore.stack.deploy.errors import NotBuilt, PageBroken

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = "index.html"
CONFIGURATION = "config.json"


@dataclass(frozen=True)
class Site:
    """The page's bucket, the addresses that the page talks to, and the largest video that it may send."""

    bucket: str
    api: str
    live: str
    uploads: str
    max_upload_bytes: int


def site_of(output: Callable[[str], str]) -> Site:
    """The site of a stack, out of the stack's outputs; raises what `output` raises."""
    bucket, api, live, uploads = (output(name) for name in ("SiteBucket", "ApiUrl", "LiveUrl", "UploadsUrl"))
    return Site(bucket, api, live, uploads, int(output("MaxUploadBytes")))


def origin(url: str) -> str:
    """Scheme and host of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_policy(html: str, site: Site) -> str:
    """The page with a policy that lets it talk to this stack's addresses only.

    The header of the distribution can name them by kind only (see SiteHeaders in template.yaml); of two policies a
    browser obeys both. Raises PageBroken when the page has no head to put it into.
    """
    hosts = " ".join(dict.fromkeys(["'self'", origin(site.api), origin(site.live), origin(site.uploads)]))
    media = " ".join(dict.fromkeys(["'self'", "blob:", origin(site.uploads)]))
    meta = f'<meta http-equiv="Content-Security-Policy" content="connect-src {hosts}; media-src {media}">'
    head, mark, rest = html.partition("<head>")
    if not mark:
        raise PageBroken(f"web/dist/{PAGE} has no <head>; build the page again with `make web`.")
    return f"{head}{mark}\n    {meta}{rest}"


def publish(s3: "S3Client", dist: Path, site: Site) -> int:
    """Upload the page to the site's bucket; return how many files. Raises NotBuilt and PageBroken.

    Built files carry a hash in their names and are kept by browsers; the page and its configuration are asked for anew.
    The page goes last: whoever loads it finds what it names. Files of earlier builds stay, for pages that are open.
    """
    if not (dist / PAGE).is_file():
        raise NotBuilt(f"The page is not built: there is no {dist / PAGE}; `make web` builds it.")
    page = with_policy((dist / PAGE).read_text(), site).encode()
    files = {path.relative_to(dist).as_posix(): path for path in sorted(dist.rglob("*")) if path.is_file()}
    del files[PAGE]
    for key, path in files.items():
        _put(s3, site.bucket, key, path.read_bytes(), lasting=key.startswith("assets/"))
    configuration = {"api": site.api, "maxUploadBytes": site.max_upload_bytes}
    _put(s3, site.bucket, CONFIGURATION, json.dumps(configuration).encode(), lasting=False)
    _put(s3, site.bucket, PAGE, page, lasting=False)
    return len(files.keys() | {CONFIGURATION, PAGE})


def _put(s3: "S3Client", bucket: str, key: str, data: bytes, lasting: bool) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=data,
        ContentType=kind + ("; charset=utf-8" if kind.startswith("text/") else ""),
        CacheControl="public, max-age=31536000, immutable" if lasting else "no-cache",
    )
