"""Signed tokens: who holds one may do with one job what its scopes say, until it expires.

TokenError
├── TokenInvalid     missing, forged, truncated, another algorithm, key or audience
├── TokenExpired     was good once
└── TokenForbidden   good, but for something else
"""

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import jwt

ALGORITHM = "HS256"
AUDIENCE = "divescore"
TICKET_SECONDS = 300


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    VIDEO = "video"
    CANCEL = "cancel"
    SHARE = "share"
    EDIT = "edit"  # never in a shared link
    CONNECT = "connect"  # opens a socket and does nothing else


HOLDER_SCOPES = (Scope.READ, Scope.VIDEO, Scope.CANCEL, Scope.SHARE, Scope.EDIT)


class TokenError(Exception):
    """Base of what is wrong with a token; `code` for programs, `message` for people, and whose job it is, if known."""

    code = "UNAUTHORIZED"

    def __init__(self, message: str, job_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.job_id = job_id


class TokenInvalid(TokenError):
    """No token, or not one that we signed."""


class TokenExpired(TokenError):
    """The token's time is over."""

    code = "TOKEN_EXPIRED"


class TokenForbidden(TokenError):
    """The token is good, but not for this."""

    code = "FORBIDDEN"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. `expires_at` in seconds since the epoch."""

    job_id: str
    scopes: frozenset[str]
    expires_at: int


@dataclass(frozen=True)
class KeyRing:
    """The signing keys by id; new tokens use `current`, old ones verify with whichever key they name."""

    current: str
    keys: Mapping[str, str]

    @classmethod
    def from_secret(cls, secret: Mapping[str, str]) -> "KeyRing":
        """From the secret's JSON: `{"current": "k2", "k1": "…", "k2": "…"}`. Raises ValueError when it is not that."""
        current = secret.get("current")
        keys = {kid: key for kid, key in secret.items() if kid != "current"}
        if current not in keys:
            raise ValueError("the token secret names no current key that it holds")
        if any(len(key) < 32 for key in keys.values()):
            raise ValueError("a signing key in the token secret is shorter than 32 characters")
        return cls(current, keys)


class Tokens:
    """Issues and verifies tokens.

    `load(fresh)` gives the key ring; `fresh` asks for it past any cache, which happens only when a token names a key
    that the cached ring lacks, so that a rotation is seen at once and old tokens go on working.
    """

    def __init__(self, load: Callable[[bool], KeyRing], clock: Callable[[], float] = time.time) -> None:
        self._load = load
        self._clock = clock
        self._last_refresh = 0.0

    def issue(self, job_id: str, scopes: Iterable[Scope], expires_at: int) -> str:
        """A token for one job. `expires_at` in seconds since the epoch."""
        ring = self._load(False)
        claims = {
            "sub": job_id,
            "scope": " ".join(sorted(scopes)),
            "aud": AUDIENCE,
            "iat": int(self._clock()),
            "exp": expires_at,
        }
        return jwt.encode(claims, ring.keys[ring.current], algorithm=ALGORITHM, headers={"kid": ring.current})

    def ticket(self, job_id: str) -> str:
        """A connect ticket: short-lived, because it travels in an address."""
        return self.issue(job_id, [Scope.CONNECT], int(self._clock()) + TICKET_SECONDS)

    def verify(self, token: str | None, scope: Scope) -> Claims:
        """The claims of a token that is good for `scope`. Raises TokenInvalid, TokenExpired, TokenForbidden."""
        if not token:
            raise TokenInvalid("A token is needed: send it as `Authorization: Bearer …`.")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._key(kid if isinstance(kid, str) else "")
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, UnicodeError) as error:
            raise TokenInvalid("The token is not one of ours, or was changed on the way.") from error
        expires_at, scopes = claims["exp"], claims.get("scope")
        if not isinstance(expires_at, int) or not isinstance(scopes, str):
            raise TokenInvalid("The token is not one of ours, or was changed on the way.")
        if expires_at <= self._clock():
            raise TokenExpired("The token has expired.", claims["sub"])
        if scope not in scopes.split():
            raise TokenForbidden(f"This token does not allow to {_VERBS[scope]}.", claims["sub"])
        return Claims(claims["sub"], frozenset(scopes.split()), expires_at)

    def client_id(self, address: str) -> str:
        """A keyed hash of an address, the same for all of an IPv6 /64; never the address itself."""
        ring = self._load(False)
        network = address
        try:
            parsed = ipaddress.ip_address(address)
            if isinstance(parsed, ipaddress.IPv6Address):
                # All of IPv4 lies in one /64 of mapped addresses.
                network = str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
        except ValueError:
            # Not an address (a test event, a proxy's word): its text stands for itself.
            network = address
        digest = hmac.new(ring.keys[ring.current].encode(), b"client:" + network.encode(), hashlib.sha256)
        return digest.hexdigest()[:32]

    def _key(self, kid: str) -> str:
        key = self._load(False).keys.get(kid)
        # Forged key ids must not turn into a request for the secret each: at most one look every ten seconds.
        if key is None and self._clock() - self._last_refresh >= 10:
            self._last_refresh = self._clock()
            key = self._load(True).keys.get(kid)
        if key is None:
            raise jwt.InvalidKeyError("unknown key id")
        return key


_VERBS = {
    Scope.READ: "read this job",
    Scope.VIDEO: "watch the video",
    Scope.CANCEL: "cancel the job",
    Scope.SHARE: "share the job",
    Scope.EDIT: "change what was declared of the job",
    Scope.CONNECT: "open a live connection",
}
