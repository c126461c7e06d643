"""Weights folders as training writes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from divescore.scoring.manifest import MANIFEST, Manifest, WeightFile, sha256_of


def write_folder(out: Path, tensors: Mapping[str, Mapping[str, Tensor]], **fields: Any) -> Manifest:
    """Write `tensors` by file name as safetensors, and the manifest of `fields` with their hashes, into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, state in tensors.items():
        path = out / name
        save_file({key: tensor.detach().contiguous() for key, tensor in state.items()}, path)
        # safetensors writes files for their owner alone; a container may run as another user.
        path.chmod(0o644)
        files.append(WeightFile(name=name, sha256=sha256_of(path), bytes=path.stat().st_size))
    manifest = Manifest(files=tuple(files), **fields)
    document = manifest.model_dump(mode="json", by_alias=True)
    (out / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return manifest
