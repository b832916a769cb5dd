import pickle

import numpy as np
import pytest

from minigrad.data import CIFAR10, CIFAR100, DataLoader
from tests.data import official


def test_cifar10(tmp_path):
    official.write_cifar10(tmp_path)
    train, test = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False)
    assert train.images.shape == (15, 3, 32, 32)
    assert test.images.shape == (3, 3, 32, 32)
    assert (train.images.dtype, train.labels.dtype) == (np.uint8, np.int64)
    assert train.labels.tolist() == [(batch + i) % 10 for batch in range(5) for i in range(3)]
    assert train.classes == tuple(f"class{i}" for i in range(10))
    # A row of the file holds the red plane row by row, then the green one, then the blue one.
    row = official.pixels(3, seed=5)[2]
    np.testing.assert_array_equal(test.images[2, 1, 4], row[1024 + 4 * 32 :][:32])


def test_cifar100(tmp_path):
    official.write_cifar100(tmp_path)
    train, test = CIFAR100(tmp_path), CIFAR100(tmp_path, train=False)
    assert train.labels.tolist() == test.labels.tolist() == [95, 96, 97, 98, 99]
    assert train.classes[95] == "fine95"
    np.testing.assert_array_equal(test.images.reshape(5, -1), official.pixels(5, seed=1))


def test_in_a_loader(tmp_path):
    official.write_cifar10(tmp_path)
    images, labels = next(iter(DataLoader(CIFAR10(tmp_path), 4)))
    assert images.shape == (4, 3, 32, 32)
    assert labels.tolist() == [0, 1, 2, 1]


def test_is_found_by_the_environment(tmp_path, monkeypatch):
    official.write_cifar10(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    assert len(CIFAR10()) == 15
    assert len(CIFAR10(download=True)) == 15  # it is there: nothing is fetched


def test_batches_may_be_empty(tmp_path):
    official.write_cifar10(tmp_path, per_batch=0)
    assert len(CIFAR10(tmp_path)) == 0


def test_absent(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cifar10 is not here: there is no .*data_batch_1"):
        CIFAR10(tmp_path)


def test_files_rewritten_by_python_3_are_read_too(tmp_path):
    folder = official.write_cifar10(tmp_path)
    content = {"data": official.pixels(2, 0).tobytes(), "labels": [1, 2]}
    content["data"] = np.frombuffer(content["data"], np.uint8).reshape(2, 3072).copy()
    stream = pickle.dumps(content, protocol=3)
    (folder / "test_batch").write_bytes(stream)
    assert CIFAR10(tmp_path, train=False).labels.tolist() == [1, 2]


@pytest.mark.parametrize("keep", [0, 1, 50, 5000, -1])
def test_a_truncated_file_is_named(tmp_path, keep):
    path = official.write_cifar10(tmp_path) / "data_batch_3"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        ValueError, match=r"data_batch_3 is damaged or incomplete .*; delete its folder and fetch"
    ):
        CIFAR10(tmp_path)


def test_damaged_bytes_never_end_in_another_error(tmp_path, rng):
    path = official.write_cifar100(tmp_path) / "test"
    intact = path.read_bytes()
    refused = 0
    for _ in range(300):
        damaged = bytearray(intact)
        for place in rng.integers(0, 150, 3):  # the start and the end are instructions, the rest are pixels
            damaged[place if rng.random() < 0.5 else -1 - place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            CIFAR100(tmp_path, train=False)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017
            refused += 1
    assert refused > 100


class Attack:
    def __reduce__(self):
        return print, ("this must not run",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path, capsys):
    path = official.write_cifar10(tmp_path) / "test_batch"
    path.write_bytes(pickle.dumps({"data": Attack(), "labels": []}, protocol=2))
    with pytest.raises(
        ValueError, match=r"test_batch is damaged .*it asks for __builtin__.print, which no CIFAR file"
    ):
        CIFAR10(tmp_path, train=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("test_batch", [1, 2], "test_batch is not a CIFAR file: it holds a list, not a dict"),
        (
            "test_batch",
            {},
            r"test_batch is not a CIFAR file: 'data' is not a uint8 array of shape \(N, 3072\)",
        ),
        ("test_batch", {"data": np.zeros((2, 3072))}, "'data' is not a uint8 array"),
        ("test_batch", {"data": np.zeros((2, 784), np.uint8)}, "'data' is not a uint8 array"),
        (
            "test_batch",
            {"data": np.zeros((2, 3072), np.uint8), "labels": [1]},
            "'labels' is not a list of 2 labels",
        ),
        ("test_batch", {"data": np.zeros((2, 3072), np.uint8)}, "'labels' is not a list of 2 labels"),
        ("test_batch", {"data": np.zeros((1, 3072), np.uint8), "labels": [10]}, "labels outside of 0 to 9"),
        ("test_batch", {"data": np.zeros((1, 3072), np.uint8), "labels": ["3"]}, "labels outside of 0 to 9"),
        (
            "batches.meta",
            {"label_names": 3},
            "batches.meta is not a CIFAR file: 'label_names' is not a list of names",
        ),
        ("batches.meta", {"label_names": [3]}, "'label_names' is not a list of names"),
    ],
)
def test_other_contents_are_refused(tmp_path, file, content, message):
    official.write(official.write_cifar10(tmp_path) / file, content)
    with pytest.raises(ValueError, match=message):
        CIFAR10(tmp_path, train=False)
