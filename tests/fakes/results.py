"""A result as it is stored, with all that an amendment starts from."""

from typing import Any

from tests.contract.recorded import recorded

_RECORDED = recorded("http")["read-scored"]["body"]["job"]["result"]
_DIVE = {
    "number": "207C",
    "source": "predicted",
    "position": "tuck",
    "armstand": False,
    "rotation": "back",
    "halfSomersaults": 7,
    "halfTwists": 0,
}


def kept_result(**changes: Any) -> dict[str, Any]:
    """Of a network that saw a 207C of about 20 points clearly, and to which nothing was declared."""
    difficulty = {"difficulty": 3.3, "difficultySource": "predicted", "dive": _DIVE}
    seen = {"seen": {"mean": 20.0, "sd": 1.5}, "evidence": 0.9}
    predicted = {"of": "execution", "difficulty": 3.3, "difficultyMargin": 0.2, "dive": _DIVE | {"sureness": 0.8}}
    return {**_RECORDED, "score": 66.0, "execution": 20.0, **difficulty, **seen, "predicted": predicted, **changes}
