"""Pickles of plain values: what is read, and that nothing is run."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from divescore.lab.datasets.safe_pickle import load_safe_pickle
from divescore.lab.errors import DataInvalid


class Runs:
    """Pickled as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_reads_annotations_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    content = {
        (1, 24): {"difficulty": np.float64(3.2), "ss_no": np.int64(7), "small": np.float32(0.5), "yes": np.bool_(True)},
        "text": [
            "ä",
            None,
            True,
            1.5,
            (1, 2),
            *([b"\xff"] if protocol >= 3 else []),
            *([{3}] if protocol >= 4 else []),
        ],
        "big": np.array([1.25], dtype=">f8")[0],
    }
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    assert load_safe_pickle(path) == content


@pytest.mark.parametrize(
    "content",
    [
        Runs(os.system, "true"),
        Runs(eval, "1"),
        Runs(getattr, {}, "keys"),
        [{"x": Path("a")}],
        np.arange(3),
        np.datetime64("2020-01-01"),
    ],
    ids=["system", "eval", "getattr", "object", "array", "date"],
)
def test_anything_that_would_run_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataInvalid, match="not a pickle of plain values"):
        load_safe_pickle(path)


@pytest.mark.parametrize("content", [b"", b"\x80", b"PK\x03\x04", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."])
def test_damage_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    with pytest.raises(DataInvalid, match="not a pickle"):
        load_safe_pickle(path)
    with pytest.raises(DataInvalid, match="cannot be read"):
        load_safe_pickle(tmp_path / "none.pkl")
