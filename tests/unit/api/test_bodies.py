"""What a client may send."""

import pytest
from pydantic import ValidationError

from divescore.api.bodies import NEUTRAL_TYPE, AmendJob, CreateJob, MarkJob, ShareJob

GOOD = {"filename": "dive.mp4", "contentType": "video/mp4", "sizeBytes": 1000}


def test_a_request_may_declare_the_dive() -> None:
    request = CreateJob.model_validate(GOOD | {"dive": " 107b ", "height": 7.5, "difficulty": 3.0})
    assert (request.filename, request.content_type, request.size_bytes) == ("dive.mp4", "video/mp4", 1000)
    assert (request.dive, request.height, request.difficulty) == ("107B", 7.5, 3.0)


@pytest.mark.parametrize("reference", ["a", "x" * 128, "Order 7/2026 äßλ漢 \N{DIVING MASK}"])
def test_a_reference_is_kept_as_it_is(reference: str) -> None:
    assert CreateJob.model_validate(GOOD | {"reference": reference}).reference == reference


def test_types_are_compared_without_case_and_space() -> None:
    assert CreateJob.model_validate(GOOD | {"contentType": " Video/MP4 "}).content_type == "video/mp4"


@pytest.mark.parametrize("dive", ["101A", "107B", "207C", "307C", "407B", "5253B", "5152B", "6243D", "614B", "113C"])
def test_dive_numbers_are_known_by_their_grammar(dive: str) -> None:
    assert CreateJob.model_validate(GOOD | {"dive": dive}).dive == dive


@pytest.mark.parametrize("dive", ["", "107", "107E", "701A", "B107", "52B", "107BB", "1077B", "5501B", "drop table"])
def test_what_is_no_dive_number_is_told(dive: str) -> None:
    with pytest.raises(ValidationError, match="is not a dive number"):
        CreateJob.model_validate(GOOD | {"dive": dive})


@pytest.mark.parametrize(
    "wrong",
    [
        {"filename": ""},
        {"filename": "x" * 256},
        {"filename": None},
        {"sizeBytes": -1},
        {"sizeBytes": "1000"},
        {"sizeBytes": 1.5},
        {"sizeBytes": True},
        {"contentType": "x" * 101},
        {"height": 2},
        {"height": 0},
        {"height": "3"},
        {"height": True},
        {"height": float("nan")},
        {"difficulty": 0.9},
        {"difficulty": 6.1},
        {"difficulty": "NaN"},
        {"reference": ""},
        {"reference": "x" * 129},
        {"reference": "line\nbreak"},
        {"reference": "\u202eright to left"},
        {"reference": "half a pair \ud83e"},
        {"reference": 7},
        {"colour": "blue"},
    ],
)
def test_everything_else_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CreateJob.model_validate(GOOD | wrong)


@pytest.mark.parametrize("missing", ["filename", "sizeBytes"])
def test_nothing_may_be_missing(missing: str) -> None:
    with pytest.raises(ValidationError):
        CreateJob.model_validate({name: value for name, value in GOOD.items() if name != missing})


@pytest.mark.parametrize("height", [1, 3, 5, 7.5, 10, 10.0])
def test_a_height_is_a_board_or_a_platform(height: float) -> None:
    assert CreateJob.model_validate(GOOD | {"height": height}).height == height


def test_an_amendment_tells_what_it_leaves_from_what_it_takes_back() -> None:
    request = AmendJob.model_validate({"dive": "207c", "height": None})
    assert request.model_fields_set == {"dive", "height"}
    assert (request.dive, request.height) == ("207C", None)
    for wrong in ({"dive": "999Z"}, {"height": 4}, {"difficulty": 7}, {"filename": "x"}):
        with pytest.raises(ValidationError):
            AmendJob.model_validate(wrong)


SEVEN = [8.5, 8.5, 8, 9, 8.5, 8.5, 7.5]


@pytest.mark.parametrize(
    "given", [{"marks": SEVEN}, {"marks": [0] * 7}, {"execution": 0}, {"execution": 25.5}, {"score": 0}, {"score": 180}]
)
def test_marks_come_in_one_of_three_ways(given: dict[str, object]) -> None:
    told = MarkJob.model_validate(given | {"consent": True}).given()
    assert {name: value for name in ("marks", "execution", "score") if (value := getattr(told, name)) is not None} == {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"marks": SEVEN, "score": 80},
        {"execution": 25.5, "score": 80},
        {"marks": SEVEN[:6]},
        {"marks": [*SEVEN, 8]},
        {"marks": [8.3, *SEVEN[1:]]},
        {"marks": [10.5, *SEVEN[1:]]},
        {"marks": [-0.5, *SEVEN[1:]]},
        {"marks": [True, *SEVEN[1:]]},
        {"marks": ["8", *SEVEN[1:]]},
        {"marks": [float("nan"), *SEVEN[1:]]},
        {"execution": 30.5},
        {"execution": float("nan")},
        {"execution": "25"},
        {"score": 180.5},
        {"score": -1},
        {"score": True},
        {"score": 80, "judges": 7},
    ],
)
def test_other_marks_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MarkJob.model_validate(wrong | {"consent": True})


@pytest.mark.parametrize("consent", [{}, {"consent": False}, {"consent": None}, {"consent": "true"}, {"consent": 1}])
def test_without_consent_there_are_no_marks(consent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MarkJob.model_validate({"marks": SEVEN} | consent)


def test_a_share_reads_unless_more_is_asked() -> None:
    assert ShareJob().scopes == ["read"]
    assert ShareJob.model_validate({"scopes": ["read", "video"], "expiresIn": 60}).expires_in == 60
    for wrong in ({"scopes": ["cancel"]}, {"expiresIn": 59}, {"forever": True}):
        with pytest.raises(ValidationError):
            ShareJob.model_validate(wrong)


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("application/mp4", "application/mp4"),
        ("binary/octet-stream", "binary/octet-stream"),
        ("application/x-troff-msvideo", "application/x-troff-msvideo"),
        (" Audio/3GPP; codecs=x ", "audio/3gpp"),
        ("", NEUTRAL_TYPE),
        ("video", NEUTRAL_TYPE),
        ("video/mp4\r\nx-evil: 1", NEUTRAL_TYPE),
        ("text/html", "text/html"),
    ],
)
def test_any_type_is_taken_and_only_types(claimed: str, kept: str) -> None:
    assert CreateJob.model_validate(GOOD | {"contentType": claimed}).content_type == kept


def test_no_type_is_a_neutral_one() -> None:
    assert CreateJob.model_validate({"filename": "a", "sizeBytes": 1}).content_type == NEUTRAL_TYPE


@pytest.mark.parametrize("size", [2**53, 10**399, -1, 1.0, "1", True])
def test_sizes_are_numbers_that_every_client_can_hold(size: object) -> None:
    with pytest.raises(ValidationError):
        CreateJob.model_validate(GOOD | {"sizeBytes": size})
