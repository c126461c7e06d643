from datetime import UTC, datetime, timedelta

import pytest

from divescore.tokens.ring import MARGIN, NotAKeyRing, keys_of, revoked, rotated, without_expired
from divescore.tokens.tokens import KeyRing, Scope, TokenInvalid, Tokens

BEGIN = {"current": "k1", "k1": "1" * 64}
NOW = datetime(2026, 11, 23, 10, 24, tzinfo=UTC)
WEEK = timedelta(days=7)
FOREVER = 4_000_000_000


def tokens(secret: dict[str, str]) -> Tokens:
    ring = KeyRing.from_secret(secret)
    return Tokens(lambda _fresh: ring)


def test_a_rotation_adds_a_key_that_signs_and_keeps_the_one_that_verifies() -> None:
    after = rotated(BEGIN, NOW)
    assert after["current"] == "k2-20261123T102400Z"
    assert set(after) == {"current", "k1", "k2-20261123T102400Z"}
    assert len(after[after["current"]]) >= 64
    assert rotated(BEGIN, NOW)[after["current"]] != after[after["current"]]
    tokens(after).verify(tokens(BEGIN).issue("job", [Scope.READ], FOREVER), Scope.READ)


def test_a_key_is_dropped_when_no_token_that_it_signed_can_be_alive() -> None:
    second = rotated(BEGIN, NOW)
    third = rotated(second, NOW + timedelta(days=5))
    end_of_first = NOW + WEEK + MARGIN
    assert without_expired(third, end_of_first - timedelta(seconds=1), WEEK) == third
    assert without_expired(third, end_of_first, WEEK) == {name: third[name] for name in third if name != "k1"}
    assert set(without_expired(third, end_of_first + timedelta(days=5), WEEK)) == {"current", third["current"]}
    assert without_expired(BEGIN, end_of_first, WEEK) == BEGIN


def test_the_current_key_is_never_dropped() -> None:
    back = rotated(BEGIN, NOW) | {"current": "k1"}  # as somebody put it back by hand
    assert without_expired(back, NOW + 100 * WEEK, WEEK) == back


def test_a_hand_made_key_does_not_tell_when_the_one_before_it_was_retired() -> None:
    by_hand = BEGIN | {"current": "k2", "k2": "2" * 64}
    assert without_expired(by_hand, NOW + 100 * WEEK, WEEK) == by_hand
    assert rotated(by_hand, NOW)["current"] == "k3-20261123T102400Z"


def test_a_revocation_ends_every_token_of_the_past() -> None:
    old = tokens(BEGIN).issue("job", [Scope.READ], FOREVER)
    after = revoked(BEGIN, NOW)
    assert list(after) == ["current", after["current"]]
    with pytest.raises(TokenInvalid):
        tokens(after).verify(old, Scope.READ)


def test_keys_are_told_oldest_first_without_their_secrets() -> None:
    second = rotated(BEGIN, NOW)
    third = rotated(second, NOW + WEEK)
    first, middle, last = keys_of(third)
    assert (first.kid, first.made, first.retired, first.current) == ("k1", None, NOW, False)
    assert (middle.made, middle.retired, middle.current) == (NOW, NOW + WEEK, False)
    assert (last.kid, last.retired, last.current) == (third["current"], None, True)
    assert not any(secret in repr(keys_of(third)) for name, secret in third.items() if name != "current")


@pytest.mark.parametrize("secret", [{}, {"current": "k1"}, {"current": "current"}, {"k1": "1" * 64}])
def test_what_is_no_key_ring_is_left_alone(secret: dict[str, str]) -> None:
    with pytest.raises(NotAKeyRing):
        keys_of(secret)
