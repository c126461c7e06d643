"""Job tokens and the links that share them, read without their key: what they claim, not whether it is true."""

import base64
import json
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag

import httpx

from divescore.client.errors import ClientError, NoSystem
from divescore.stack.place import local


@dataclass(frozen=True)
class Link:
    """A token, and the address of the page whose link carried it ("" when it came alone)."""

    token: str
    site: str = ""


def parse_link(text: str) -> Link:
    """A share link (`{site}/#share={token}`) or a bare token. Raises ClientError."""
    if "://" not in text:
        return Link(text)
    address, fragment = urldefrag(text)
    tokens = parse_qs(fragment).get("share", [])
    if len(tokens) != 1:
        raise ClientError("INVALID_LINK", "The link carries no token; it should end in #share=...")
    return Link(tokens[0], address.rstrip("/"))


def job_of(token: str) -> str:
    """The job that a token claims to be for: the `sub` of its payload. Raises ClientError."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        job_id = claims["sub"]
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise ClientError("INVALID_TOKEN", "This is not a job's token.") from error
    # It becomes part of an address.
    if not isinstance(job_id, str) or not job_id.isalnum():
        raise ClientError("INVALID_TOKEN", "The token does not name a job.")
    return job_id


async def api_of_link(site: str, transport: httpx.AsyncBaseTransport | None = None) -> str:
    """The API behind a page: the local system's if the page is its, else what the page itself uses. Raises NoSystem."""
    try:
        state = local() or {}
    except NoSystem:
        state = {}
    if state.get("web", "").rstrip("/") == site:
        return state["api"].rstrip("/")
    problem = "its configuration names no API"
    async with httpx.AsyncClient(timeout=10.0, follow_redirects=True, transport=transport) as client:
        try:
            settings = (await client.get(f"{site}/config.json")).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            settings, problem = None, str(error) or type(error).__name__
    if isinstance(settings, dict) and isinstance(settings.get("api"), str):
        return str(settings["api"]).rstrip("/")
    raise NoSystem(f"{site} does not tell where its API is ({problem}). Name it with --api.")
