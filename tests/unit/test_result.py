"""The shape of a result, as it was recorded from the running system and as it may become."""

from divescore.result import Result
from tests.contract.recorded import recorded

RECORDED = recorded("live")["scored"]["received"]["job"]["result"]


def test_a_push_without_its_strip_reads_too() -> None:
    short = {name: part for name, part in RECORDED.items() if name != "strip"}
    assert Result.model_validate(short).document() == short


def test_a_reader_keeps_what_this_version_does_not_know() -> None:
    newer = RECORDED | {"evidence": 0.8, "dive": RECORDED["dive"] | {"height": 10}}
    assert Result.model_validate(newer).document() == newer
