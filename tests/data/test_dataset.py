import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import random_split as torch_split

import minigrad as mg
from minigrad.data import Dataset, ImageDataset, Subset, TensorDataset, random_split
from minigrad.random import Generator


class Squares(Dataset):
    """Without a fast path."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, np.float32(index**2)


class Pictures(ImageDataset):
    classes = ("cat", "dog")


def test_tensor_dataset(device, rng):
    x, y = rng.random((5, 2)), np.arange(5)
    dataset = TensorDataset(mg.tensor(x, device=device, requires_grad=True), mg.tensor(y, device=device))
    assert len(dataset) == 5
    sample = dataset[3]
    assert isinstance(sample[0], mg.Tensor)
    assert sample[0].numpy().tolist() == x[3].tolist()
    assert not sample[0].requires_grad
    assert sample[1].item() == 3
    first, second = dataset.__getitems__(np.array([4, 0]))
    np.testing.assert_array_equal(mg.Tensor(first).numpy(), x[[4, 0]])
    assert mg.Tensor(second).tolist() == [4, 0]


def test_tensor_dataset_is_iterable():
    assert [n.item() for (n,) in TensorDataset(np.arange(3))] == [0, 1, 2]


@pytest.mark.parametrize("arrays", [(), (np.zeros(3), np.zeros(4)), (np.zeros(()),)])
def test_tensor_dataset_refuses_unequal_lengths(arrays):
    with pytest.raises(ValueError, match="expected tensors with the same first axis, got shapes"):
        TensorDataset(*arrays)


def test_image_dataset():
    pictures = Pictures(np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2), np.array([1, 0]))
    image, label = pictures[1]
    assert image[0, 0, 0] == 12
    assert type(label) is int
    images, labels = pictures.__getitems__(np.array([1, 0, 1]))
    assert images[:, 0, 0, 0].tolist() == [12, 0, 12]
    assert labels.tolist() == [0, 1, 0]
    assert repr(pictures) == "Pictures(2 images of 3x2x2, 2 classes)"


def test_subset_by_both_paths():
    for dataset in (TensorDataset(np.arange(10), np.arange(10) ** 2), Squares()):
        part = Subset(Subset(dataset, [7, 1, 9, 3]), [2, 0])
        assert len(part) == 2
        assert [int(part[i][1]) for i in range(2)] == [81, 49]
        numbers, squares = part.__getitems__(np.array([1, 0, 1]))
        assert squares.tolist() == [49, 81, 49]
        assert len(numbers) == 3


def test_subset_refuses_foreign_indices():
    for index in (10, -11):
        with pytest.raises(IndexError, match=f"index {index} is out of range for a dataset of 10 samples"):
            Subset(Squares(), [0, index])


@given(st.integers(1, 40), st.data())
def test_random_split_shares_out_every_sample_once(count, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=3)))
    lengths = np.diff([0, *cuts, count]).tolist()
    parts = random_split(range(count), lengths, Generator(0))
    assert [len(part) for part in parts] == lengths
    assert sorted(sample for part in parts for sample in part) == list(range(count))


@given(
    st.integers(10, 80),
    st.sampled_from([[0.5, 0.5], [0.9, 0.1], [0.25] * 4, [1.0], [0.3, 0.3, 0.4], [1 / 3] * 3]),
)
def test_random_split_by_fractions_rounds_like_pytorch(count, fractions):
    ours = [len(part) for part in random_split(range(count), fractions, Generator(0))]
    assert ours == [len(part) for part in torch_split(range(count), fractions, torch.Generator())]


def test_random_split_follows_its_generator():
    def split(seed):
        return [list(part) for part in random_split(range(100), [60, 40], Generator(seed))]

    assert split(1) == split(1) != split(2)
    assert split(1)[0] != sorted(split(1)[0])


@pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [11, -1], [5.5, 4.5], []])
def test_random_split_refuses_wrong_lengths(lengths):
    with pytest.raises(
        ValueError, match="must be sizes that add up to the dataset's 10 samples, or fractions"
    ):
        random_split(range(10), lengths)


def test_a_dataset_must_say_what_it_holds():
    with pytest.raises(NotImplementedError, match="Dataset must define __len__"):
        len(Dataset())
    with pytest.raises(NotImplementedError, match="Dataset must define __getitem__"):
        Dataset()[0]
