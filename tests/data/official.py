"""Writes tiny CIFAR sets the way Python 2 wrote the official ones."""

import io
import pickle
from typing import ClassVar

import numpy as np


class Python2Pickler(pickle._Pickler):
    """Texts and bytes are both `str` there, and NumPy's modules have their old names."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_str(self, value):
        content = value if isinstance(value, bytes) else value.encode("latin1")
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_str


def write(path, content):
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))


def pixels(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)


def write_cifar10(root, per_batch=3):
    """Image i of batch b has the label (b + i) % 10; returns the folder."""
    folder = root / "cifar-10-batches-py"
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        labels = [(number + i) % 10 for i in range(per_batch)]
        data = pixels(per_batch, number)
        write(
            folder / name,
            {"batch_label": name, "labels": labels, "data": data, "filenames": ["x.png"] * per_batch},
        )
    write(
        folder / "batches.meta",
        {"num_cases_per_batch": per_batch, "label_names": [f"class{i}" for i in range(10)]},
    )
    return folder


def write_cifar100(root, count=5):
    folder = root / "cifar-100-python"
    for number, name in enumerate(["train", "test"]):
        labels = {"fine_labels": list(range(95, 95 + count)), "coarse_labels": [7] * count}
        write(folder / name, {"batch_label": name, "data": pixels(count, number), **labels})
    names = {
        "fine_label_names": [f"fine{i}" for i in range(100)],
        "coarse_label_names": [f"c{i}" for i in range(20)],
    }
    write(folder / "meta", names)
    return folder
