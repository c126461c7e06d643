"""Job tokens and the links that share them, read without their key: what they claim, not whether it is true."""

import base64
import json
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag

from divescore.client.errors import ClientError


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
