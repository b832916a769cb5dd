"""Saving and loading, without pickle: tensors in a safetensors file, everything else as JSON in its header.

A file of a plain `{name: tensor}` dictionary is an ordinary safetensors file that PyTorch and others read.
Any nest of dictionaries, lists, numbers, strings, None and tensors can be saved; its structure goes into the
header, and so does a checksum, because a flipped bit in a weight is otherwise invisible.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend import Array, is_array, to_device
from minigrad.dtypes import as_dtype
from minigrad.tensor import Tensor

_FORMAT = 1
_ENTRY = "minigrad"  # of the header's metadata
# The format's names of dtypes; what safetensors has for NumPy knows no bfloat16.
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
}  # fmt: skip
_TENSOR, _TUPLE, _KEYS = "$tensor", "$tuple", "$items"


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Write `obj` to a safetensors file.

    The file is written aside and renamed when it is complete, so an interrupted save leaves the old file as
    it was.

    Parameters
    ----------
    obj : nest of dict, list, tuple, Tensor, Array, str, int, float, bool and None
    path : str or path

    Raises
    ------
    TypeError
        If something else is in there; it is named by its place.

    Examples
    --------
    >>> import tempfile, minigrad as mg
    >>> path = tempfile.mkdtemp() + "/model.safetensors"
    >>> save({"weight": mg.ones(2), "step": 3}, path)
    >>> load(path)
    {'weight': tensor([1., 1.]), 'step': 3}
    """
    from safetensors.numpy import save as to_bytes

    arrays: dict[str, Array] = {}
    structure = _described(obj, "", arrays)
    about = {"format": _FORMAT, "sha256": _checksum(structure, arrays), "structure": structure}
    # One entry, because safetensors writes several in random order: equal contents make equal files.
    _replace(Path(path), to_bytes(arrays, {_ENTRY: json.dumps(about)}))


def load(path: str | os.PathLike[str], device: str = "cpu") -> Any:
    """What `save` wrote, with tensors on `device`.

    Of another program's safetensors file, a dictionary of its tensors.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, changed, not a safetensors file, or of a newer format. It is left as it is.
    """
    from safetensors import SafetensorError, deserialize

    path = Path(path)
    content = path.read_bytes()
    try:
        entries = deserialize(content)  # type: ignore[no-untyped-call]
        about = _about(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from None
    arrays = {name: _array(entry, path) for name, entry in entries}
    if about is None:
        return {name: Tensor(to_device(array, device)) for name, array in arrays.items()}
    if about.get("format") != _FORMAT:
        raise ValueError(
            f"{path} has format {about.get('format')}, this minigrad reads format {_FORMAT}: "
            "it was written by another version"
        )
    if about["sha256"] != _checksum(about["structure"], arrays):
        raise ValueError(f"{path} is damaged: its contents do not match its checksum")
    return _rebuilt(about["structure"], arrays, device)


def _array(entry: Any, path: Path) -> Array:
    """A tensor of a safetensors file."""
    if entry["dtype"] not in _DTYPES:
        raise ValueError(f"{path} holds numbers of type {entry['dtype']}, which minigrad does not have")
    return np.frombuffer(entry["data"], as_dtype(_DTYPES[entry["dtype"]])).reshape(entry["shape"])


def _described(obj: Any, place: str, arrays: dict[str, Array]) -> Any:
    """The structure of `obj` as JSON; its arrays go into `arrays` under their place, "model.conv1.weight"."""
    if isinstance(obj, Tensor):
        obj = obj.numpy()
    if is_array(obj):
        name = place or "tensor"
        while name in arrays:  # {"a": {"b": x}, "a.b": y}
            name += "_"
        arrays[name] = np.asarray(obj, order="C")
        return {_TENSOR: name}
    if isinstance(obj, dict):
        if not all(isinstance(key, (str, int)) for key in obj):
            raise TypeError(
                f"save: the keys of {place or 'the dictionary'} must be strings or integers, "
                f"got {list(obj)[:5]}"
            )
        # A list of pairs keeps integer keys integers, which a JSON object would not.
        return {
            _KEYS: [
                [key, _described(value, f"{place}.{key}".strip("."), arrays)] for key, value in obj.items()
            ]
        }
    if isinstance(obj, (list, tuple)):
        entries = [_described(value, f"{place}.{i}".strip("."), arrays) for i, value in enumerate(obj)]
        return {_TUPLE: entries} if isinstance(obj, tuple) else entries
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj.item() if isinstance(obj, np.generic) else obj
    raise TypeError(
        f"save: cannot save a {type(obj).__name__} (at {place or 'the top'}); "
        "expected tensors, numbers, strings, lists and dictionaries"
    )


def _rebuilt(structure: Any, arrays: dict[str, Array], device: str) -> Any:
    if isinstance(structure, list):
        return [_rebuilt(entry, arrays, device) for entry in structure]
    if isinstance(structure, dict):
        if _TENSOR in structure:
            return Tensor(to_device(arrays[structure[_TENSOR]], device))
        if _TUPLE in structure:
            return tuple(_rebuilt(entry, arrays, device) for entry in structure[_TUPLE])
        return {key: _rebuilt(value, arrays, device) for key, value in structure[_KEYS]}
    return structure


def _checksum(structure: Any, arrays: dict[str, Array]) -> str:
    digest = hashlib.sha256(json.dumps(structure).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _about(content: bytes) -> dict[str, Any] | None:
    """Our entry in the header of a safetensors file; None if another program wrote it."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    entry = header.get("__metadata__", {}).get(_ENTRY)
    return None if entry is None else dict(json.loads(entry))


def _replace(path: Path, content: bytes) -> None:
    """Write a file aside, see it safely on disk, and only then give it its name."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
