"""What a browser lets the published page do: of two policies it obeys both, and buckets and APIs name who may ask."""

from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from divescore.jobs.model import Job
from divescore.stack.deploy import page
from divescore.stack.deploy.foreseen import Foreseen
from divescore.uploads.store import UploadStore

# What the page does with an address, as a policy calls it.
ASKS, PLAYS = "connect-src", "media-src"
JOB = Job("01J0000000000000000000", "client", "dive.mp4", "video/mp4", 1, 0, 60)
MINUTE = 60


def policy(text: str) -> dict[str, list[str]]:
    """A content security policy: its directives, each with its sources."""
    parts = (part.split() for part in text.split(";"))
    return {words[0]: words[1:] for words in parts if words}


def allows(directives: Mapping[str, Sequence[str]], directive: str, url: str) -> bool:
    """Whether a policy lets the page use an address of another host so."""
    sources = directives.get(directive, directives.get("default-src"))
    return sources is None or any(_matches(source, url) for source in sources)


def _matches(source: str, url: str) -> bool:
    """Whether a source of hosts holds an address; a star stands for everything before the rest of the host."""
    allowed, asked = urlsplit(source), urlsplit(url)
    if not allowed.netloc or allowed.scheme != asked.scheme:
        return False
    if allowed.netloc.startswith("*."):
        return asked.netloc.endswith(allowed.netloc[1:])
    return allowed.netloc == asked.netloc


class _Metas(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "meta" and (found.get("http-equiv") or "").lower() == "content-security-policy":
            self.policies.append(found.get("content") or "")


def policies_of(html: str) -> list[str]:
    """The policies that a page brings in itself."""
    reader = _Metas()
    reader.feed(html)
    return reader.policies


def given_out(foreseen: Foreseen) -> list[tuple[str, str, str]]:
    """Every address that the page is given: what it is, what the page does with it, and the address itself.

    Forms and playback addresses are signed as the functions sign them, with made-up credentials.
    """
    store = UploadStore(foreseen.output("UploadsBucket"), _signing(foreseen.region))
    return [
        ("the HTTP API", ASKS, foreseen.output("ApiUrl")),
        ("the WebSocket API", ASKS, foreseen.output("LiveUrl")),
        ("an upload's form", ASKS, store.form(JOB, MINUTE).url),
        ("a playback address", PLAYS, store.playback_url(JOB, "version", MINUTE, "video/mp4")),
    ]


@cache
def _session() -> Any:
    import boto3

    return boto3.Session("AKIDEXAMPLE", "example")


@cache
def _signing(region: str) -> Any:
    """S3's client of a function in a Region: made once, since that takes long."""
    from botocore.config import Config

    from divescore.aws import configuration

    # An engine that the environment names in AWS's place is not meant. The stubs do not know that setting.
    config = configuration("s3", local=False).merge(Config(ignore_configured_endpoint_urls=True))  # type: ignore[call-arg]
    return _session().client("s3", region_name=region, config=config)


def problems(foreseen: Foreseen, html: str) -> list[str]:
    """Why the published page could not work in this Region; `html` is the built page. Raises PageBroken."""
    resources = foreseen.template["Resources"]
    headers = resources["SiteHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    header = foreseen.resolve(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    site = page.site_of(foreseen.output)
    policies = {"header": [header], "page": policies_of(page.with_policy(html, site))}
    addresses = given_out(foreseen)
    found = [
        f"The {place}'s policy does not let the page use {what} ({directive}): {page.origin(url)}"
        for place, texts in policies.items()
        for text in texts
        for what, directive, url in addresses
        if not allows(policy(text), directive, url)
    ]
    [rule] = resources["UploadsBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    askable = {
        "the uploads bucket": rule["AllowedOrigins"],
        "the HTTP API": resources["Api"]["Properties"]["CorsConfiguration"]["AllowOrigins"],
    }
    origin = page.origin(foreseen.output("SiteUrl"))
    return found + [
        f"A browser keeps answers of {what} from the page: {origin} is none of its origins"
        for what, origins in askable.items()
        if origin not in foreseen.resolve(origins)
    ]
