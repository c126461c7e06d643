import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.tokens.tokens import (
    AUDIENCE,
    HOLDER_SCOPES,
    TICKET_SECONDS,
    KeyRing,
    Scope,
    TokenError,
    TokenExpired,
    TokenForbidden,
    TokenInvalid,
    Tokens,
)

NOW = 1_800_000_000
K1, K2, FOREIGN = "1" * 40, "2" * 40, "f" * 40
JOB = "a" * 32


class Keys:
    """A key store that a test can rotate, behind a cache that is refreshed only when asked."""

    def __init__(self, **keys: str) -> None:
        self.stored = KeyRing("k1", keys or {"k1": K1})
        self.cached = self.stored
        self.fresh_looks = 0

    def __call__(self, fresh: bool) -> KeyRing:
        if fresh:
            self.fresh_looks += 1
            self.cached = self.stored
        return self.cached


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(keys: Keys, clock: Clock) -> Tokens:
    return Tokens(keys, clock)


def forge(key: str = K1, algorithm: str = "HS256", kid: str | None = "k1", **claims: Any) -> str:
    body = {"sub": JOB, "scope": "read", "aud": AUDIENCE, "iat": NOW, "exp": NOW + 60} | claims
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode({name: value for name, value in body.items() if value is not None}, key, algorithm, headers)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_whose_job_it_is_and_what_it_allows(tokens: Tokens) -> None:
    token = tokens.issue(JOB, HOLDER_SCOPES, NOW + 60)
    for scope in HOLDER_SCOPES:
        claims = tokens.verify(token, scope)
        assert (claims.job_id, claims.scopes, claims.expires_at) == (JOB, frozenset(HOLDER_SCOPES), NOW + 60)


def test_a_shared_token_only_reads(tokens: Tokens) -> None:
    token = tokens.issue(JOB, [Scope.READ], NOW + 60)
    tokens.verify(token, Scope.READ)
    for scope in (Scope.VIDEO, Scope.CANCEL, Scope.SHARE, Scope.CONNECT):
        with pytest.raises(TokenForbidden) as caught:
            tokens.verify(token, scope)
        assert (caught.value.code, caught.value.job_id) == ("FORBIDDEN", JOB)


def test_a_ticket_only_connects_and_only_for_five_minutes(tokens: Tokens, clock: Clock) -> None:
    ticket = tokens.ticket(JOB)
    tokens.verify(ticket, Scope.CONNECT)
    for scope in HOLDER_SCOPES:
        with pytest.raises(TokenForbidden):
            tokens.verify(ticket, scope)
    clock.now += TICKET_SECONDS
    with pytest.raises(TokenExpired):
        tokens.verify(ticket, Scope.CONNECT)


def test_an_expired_token_is_told_apart_from_a_bad_one(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue(JOB, HOLDER_SCOPES, NOW + 60)
    clock.now = NOW + 59.9
    tokens.verify(token, Scope.READ)
    clock.now = NOW + 60
    with pytest.raises(TokenExpired) as caught:
        tokens.verify(token, Scope.READ)
    assert caught.value.code == "TOKEN_EXPIRED"


def none_algorithm() -> str:
    claims = {"sub": JOB, "scope": "read", "aud": AUDIENCE, "exp": NOW + 60}
    return f"{part({'alg': 'none', 'kid': 'k1', 'typ': 'JWT'})}.{part(claims)}."


def signed_with_its_own_header() -> str:
    """Names the right key, but is signed with what an attacker might hope is used: the key id."""
    head = (
        f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part({'sub': JOB, 'scope': 'read', 'aud': AUDIENCE, 'exp': NOW + 60})}"
    )
    return (
        head + "." + base64.urlsafe_b64encode(hmac.digest(b"k1", head.encode(), hashlib.sha256)).rstrip(b"=").decode()
    )


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("abc", id="no token at all"),
        pytest.param("a.b.c", id="not base64 of JSON"),
        pytest.param("\ud800.x.y", id="half a surrogate pair"),
        pytest.param("é" * 50, id="not ASCII"),
        pytest.param(forge(FOREIGN), id="signed with another key"),
        pytest.param(forge(K1 * 2, "HS512"), id="another HMAC"),
        pytest.param(none_algorithm(), id="algorithm none"),
        pytest.param(signed_with_its_own_header(), id="signed with the key's name"),
        pytest.param(forge(kid=None), id="no key id"),
        pytest.param(forge(kid="k9"), id="unknown key id"),
        pytest.param(forge(aud="somebody-else"), id="another audience"),
        pytest.param(forge(aud=None), id="no audience"),
        pytest.param(forge(exp=None), id="no end"),
        pytest.param(forge(exp="tomorrow"), id="end is a text"),
        pytest.param(forge(sub=None), id="no job"),
        pytest.param(forge(sub=7), id="job is a number"),
        pytest.param(forge(scope=None), id="no scope"),
        pytest.param(forge(scope=["read"]), id="scope is a list"),
        pytest.param(forge()[:-1], id="last character missing"),
        pytest.param(forge().rsplit(".", 1)[0], id="signature missing"),
        pytest.param(forge().rsplit(".", 1)[0] + ".", id="signature empty"),
        pytest.param(forge()[1:], id="first character missing"),
    ],
)
def test_bad_tokens_are_refused(tokens: Tokens, token: str | None) -> None:
    with pytest.raises(TokenInvalid) as caught:
        tokens.verify(token, Scope.READ)
    assert caught.value.code == "UNAUTHORIZED"
    assert caught.value.message.endswith(".")


def test_the_forgeries_fail_for_their_flaw_alone(tokens: Tokens) -> None:
    tokens.verify(forge(), Scope.READ)


def test_changed_claims_are_refused(tokens: Tokens) -> None:
    head, body, signature = tokens.issue(JOB, [Scope.READ], NOW + 60).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    for change in ({"sub": "b" * 32}, {"scope": "read cancel"}, {"exp": NOW + 10**6}):
        with pytest.raises(TokenInvalid):
            tokens.verify(f"{head}.{part(claims | change)}.{signature}", Scope.READ)


@given(st.text() | st.from_regex(r"[\w=-]{0,40}(\.[\w=-]{0,40}){1,4}"))
def test_no_text_is_a_token_or_a_crash(text: str) -> None:
    with pytest.raises(TokenError):
        Tokens(Keys(), Clock()).verify(text, Scope.READ)


def test_after_a_rotation_old_tokens_work_and_new_ones_are_seen_at_once(keys: Keys, clock: Clock) -> None:
    issuer, verifier = Tokens(Keys(k1=K1, k2=K2), clock), Tokens(keys, clock)
    old = issuer.issue(JOB, [Scope.READ], NOW + 60)
    rotated = KeyRing("k2", {"k1": K1, "k2": K2})
    new = Tokens(lambda _fresh: rotated, clock).issue(JOB, [Scope.READ], NOW + 60)
    assert jwt.get_unverified_header(new)["kid"] == "k2"
    keys.stored = rotated  # the verifier's cache does not know yet
    verifier.verify(new, Scope.READ)
    verifier.verify(old, Scope.READ)
    assert keys.fresh_looks == 1


def test_a_withdrawn_key_no_longer_verifies(keys: Keys, clock: Clock) -> None:
    tokens = Tokens(keys, clock)
    token = tokens.issue(JOB, [Scope.READ], NOW + 60)
    keys.cached = keys.stored = KeyRing("k2", {"k2": K2})
    with pytest.raises(TokenInvalid):
        tokens.verify(token, Scope.READ)


def test_forged_key_ids_ask_for_the_secret_at_most_every_ten_seconds(keys: Keys, clock: Clock) -> None:
    tokens = Tokens(keys, clock)
    for second in range(30):
        clock.now = NOW + second
        for number in range(20):
            with pytest.raises(TokenInvalid):
                tokens.verify(forge(kid=f"forged{number}"), Scope.READ)
    assert keys.fresh_looks == 3


@pytest.mark.parametrize(
    "secret",
    [{}, {"current": "k1"}, {"k1": K1}, {"current": "k2", "k1": K1}, {"current": "k1", "k1": "short"}],
)
def test_a_secret_that_is_no_key_ring_is_refused(secret: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        KeyRing.from_secret(secret)


def test_clients_are_told_apart_without_their_addresses(tokens: Tokens) -> None:
    one = tokens.client_id("203.0.113.7")
    assert one == tokens.client_id("203.0.113.7") != tokens.client_id("203.0.113.8")
    assert "203" not in one
    assert len(one) == 32
    assert tokens.client_id("2001:db8:1:2::1") == tokens.client_id("2001:db8:1:2:ffff::9")
    assert tokens.client_id("2001:db8:1:2::1") != tokens.client_id("2001:db8:1:3::1")
    assert tokens.client_id("::ffff:203.0.113.7") == one != tokens.client_id("::ffff:203.0.113.8")
    assert tokens.client_id("not-an-address") != one
