"""Pickles of numbers and text from strangers, read without running any of what they may name.

Published annotations come as pickles: dictionaries, lists and tuples of numbers and text, some of them NumPy's scalars.
A pickle can name any function to be called; here everything is refused but what makes such a scalar, and even that is
made here rather than by NumPy.
"""

import pickle
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from divescore.lab.errors import DataInvalid

_LARGEST = 256 * 1024 * 1024


def load_safe_pickle(path: Path) -> Any:
    """What the pickle at `path` holds; raises DataInvalid when it holds more than plain values, or is no pickle."""
    try:
        if path.stat().st_size > _LARGEST:
            raise DataInvalid(f"{path} is larger than annotations are.")
        return _SafeUnpickler(BytesIO(path.read_bytes())).load()
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except DataInvalid:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to lead to
        raise DataInvalid(f"{path} is not a pickle of plain values: {error}") from error


class _NumberType:
    """Stands for a NumPy type while a scalar is read."""

    def __init__(self, code: str, *_: object) -> None:
        if np.dtype(code).kind not in "biuf":
            raise pickle.UnpicklingError(f"numbers of type {code!r} are not read")
        self.code, self.order = code, "<" if sys.byteorder == "little" else ">"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.order = state[1]


def _scalar(kind: _NumberType, data: bytes) -> float | int | bool:
    value: float | int | bool = np.frombuffer(data, np.dtype(kind.order + kind.code.lstrip("<>=|")), count=1)[0].item()
    return value


def _encode(text: str, encoding: str) -> bytes:
    # Protocols before 3 write bytes as text.
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding!r} is not read")
    return text.encode("latin1")


_KNOWN = {
    ("numpy", "dtype"): _NumberType,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("_codecs", "encode"): _encode,
}


class _SafeUnpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO) -> None:
        # Files written by Python 2 hold its byte strings.
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        """Only what makes a number."""
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None
