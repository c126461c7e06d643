"""The rejection travels whole."""

import pickle

import pytest

from divescore.video.errors import RejectionCode, VideoRejected


def test_carries_code_and_sentence_through_a_pickle() -> None:
    error = pickle.loads(pickle.dumps(VideoRejected("TOO_LONG", "Cut it.")))

    assert (error.code, error.message, str(error)) == (RejectionCode.TOO_LONG, "Cut it.", "Cut it.")


def test_knows_no_other_codes() -> None:
    with pytest.raises(ValueError, match="OOPS"):
        VideoRejected("OOPS", "?")
