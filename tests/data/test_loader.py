import threading
import time
import traceback

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.data import DataLoader, Subset, TensorDataset
from minigrad.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat
from minigrad.random import Generator

AUGMENT = Compose(
    [RandomCrop(8, padding=2), RandomHorizontalFlip(), ToFloat(), Normalize((0.5,) * 3, (0.25,) * 3)]
)


def pictures(count=50):
    rng = np.random.default_rng(0)
    return TensorDataset(rng.integers(0, 256, (count, 3, 8, 8), np.uint8), np.arange(count))


def epoch(loader):
    return [tuple(part.numpy() for part in batch) for batch in loader]


def equal(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a, b)
        for batch, twin in zip(one, other, strict=True)
        for a, b in zip(batch, twin, strict=True)
    )


def no_thread_is_left():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("minigrad-DataLoader")]


@given(st.integers(0, 20), st.integers(1, 7), st.booleans(), st.integers(0, 3))
def test_batches_are_pytorchs(count, batch_size, drop_last, prefetch):
    ours = DataLoader(range(count), batch_size, drop_last=drop_last, prefetch=prefetch)
    theirs = torch.utils.data.DataLoader(range(count), batch_size, drop_last=drop_last)
    assert [batch.tolist() for batch in ours] == [batch.tolist() for batch in theirs]
    assert len(ours) == len(theirs)


def test_shuffle_visits_every_sample_once_in_a_new_order_each_epoch():
    loader = DataLoader(range(100), 7, shuffle=True, generator=Generator(0))
    first, second = ([n for batch in loader for n in batch.tolist()] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert first != sorted(first)


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_an_epoch_follows_from_the_generators_state_at_its_start(prefetch):
    generator = Generator(3)
    plain = DataLoader(pictures(), 8, shuffle=True, transform=AUGMENT, generator=generator)
    loader = DataLoader(
        pictures(), 8, shuffle=True, transform=AUGMENT, generator=generator, prefetch=prefetch
    )
    epoch(plain)
    state = generator.get_state()
    undisturbed, after = epoch(plain), generator.get_state()

    generator.set_state(state)
    resumed = []
    for batch in loader:  # a network with dropout draws from the same generator meanwhile
        resumed.append(tuple(part.numpy() for part in batch))
        generator.rng.random(10)
    assert equal(undisturbed, resumed)

    generator.set_state(state)
    iterator = iter(loader)  # the draw is made here, not at the first batch
    assert generator.get_state() == after
    generator.rng.random(10)
    assert equal(undisturbed, [tuple(part.numpy() for part in batch) for batch in iterator])


def test_manual_seed_rules_the_default_generator():
    loader = DataLoader(pictures(), 8, shuffle=True, transform=AUGMENT)
    mg.random.manual_seed(5)
    first = epoch(loader)
    second = epoch(loader)
    mg.random.manual_seed(5)
    assert equal(first, epoch(loader))
    assert not equal(first, second)


def test_every_batch_is_augmented_by_numbers_of_its_own():
    same = TensorDataset(np.repeat(np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8), 8, axis=0))
    batches = epoch(DataLoader(same, 4, transform=RandomCrop(8, padding=2), generator=Generator(0)))
    assert not equal(batches[:1], batches[1:])


def test_order_and_augmentation_are_independent():
    draws = []

    def record(images, rng):
        draws.append(rng.permutation(len(pictures())).tolist())
        return images

    loader = DataLoader(pictures(), 8, shuffle=True, transform=record, generator=Generator(0))
    order = [label for _, labels in loader for label in labels.tolist()]
    assert order not in draws


def test_the_order_does_not_depend_on_the_transform():
    plain = DataLoader(pictures(), 8, shuffle=True, generator=Generator(0))
    augmented = DataLoader(pictures(), 8, shuffle=True, generator=Generator(0), transform=AUGMENT)
    for (_, labels), (_, same) in zip(plain, augmented, strict=True):
        assert labels.tolist() == same.tolist()


def test_yields_tensors_on_the_device(device):
    images, labels = next(iter(DataLoader(pictures(), 4, transform=AUGMENT, device=device)))
    assert isinstance(images, mg.Tensor)
    assert images.device == labels.device == mg.tensor(0, device=device).device
    assert images.shape == (4, 3, 8, 8)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)


def test_a_dataset_on_the_device_stays_there(device, rng):
    x = rng.random((6, 2))
    (batch,) = next(iter(DataLoader(TensorDataset(mg.tensor(x, device=device)), 4)))
    assert batch.device == mg.tensor(0, device=device).device
    np.testing.assert_array_equal(batch.numpy(), x[:4])


def test_the_fast_path_and_the_slow_path_agree():
    class OneByOne:
        def __len__(self):
            return len(pictures())

        def __getitem__(self, index):
            image, label = pictures()[index]
            return image.numpy(), label.item()

    def loader(dataset):
        return DataLoader(dataset, 8, shuffle=True, generator=Generator(1), transform=AUGMENT)

    assert equal(epoch(loader(pictures())), epoch(loader(OneByOne())))
    assert equal(epoch(loader(pictures())), epoch(loader(Subset(pictures(), range(50)))))


@pytest.mark.parametrize("prefetch", [0, 2])
def test_collate_fn_gets_the_samples(prefetch):
    def pad(samples):
        length = max(len(sample) for sample in samples)
        return mg.tensor([sample + [0] * (length - len(sample)) for sample in samples])

    loader = DataLoader([[1], [2, 3], [4, 5, 6]], 2, collate_fn=pad, prefetch=prefetch)
    assert [batch.tolist() for batch in loader] == [[[1, 0], [2, 3]], [[4, 5, 6]]]


def test_transform_gets_the_images_whatever_the_batch_looks_like():
    def negative(images, rng):
        assert type(images) is np.ndarray
        return -images

    def batch(samples, collate_fn=None):
        return next(iter(DataLoader(samples, 2, transform=negative, collate_fn=collate_fn)))

    assert batch([1, 2]).tolist() == [-1, -2]
    assert [part.tolist() for part in batch([(1, 2), (3, 4)])] == [[-1, -3], [2, 4]]
    assert batch([((1, 2), 3), ((4, 5), 6)])[0][0].tolist() == [-1, -4]
    assert batch([1, 2], collate_fn=mg.tensor).tolist() == [-1, -2]


class Faulty:
    """Its sample number 5 cannot be read."""

    def __len__(self):
        return 9

    def __getitem__(self, index):
        if index == 5:
            raise OSError("sample 5 is unreadable")
        return index


@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_an_error_arrives_where_its_batch_would(prefetch):
    batches = iter(DataLoader(Faulty(), 2, prefetch=prefetch))
    assert next(batches).tolist() == [0, 1]
    assert next(batches).tolist() == [2, 3]
    with pytest.raises(OSError, match="sample 5 is unreadable") as caught:
        next(batches)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "__getitem__"
    del batches, caught
    assert no_thread_is_left()


def test_prefetch_works_ahead_by_so_many_batches():
    class Watched:
        seen = -1

        def __len__(self):
            return 100

        def __getitem__(self, index):
            self.seen = index
            return index

    dataset = Watched()
    batches = iter(DataLoader(dataset, 1, prefetch=3))
    next(batches)
    deadline = time.monotonic() + 30
    while dataset.seen < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert dataset.seen == 3
    batches.close()


def test_leaving_early_leaves_no_thread():
    for batch in DataLoader(range(1000), 1, prefetch=5):
        if batch.tolist() == [3]:
            break
    assert no_thread_is_left()


def test_an_interruption_leaves_no_thread():
    def interrupted_training():
        for _ in DataLoader(range(1000), 1, prefetch=5):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_training()
    assert no_thread_is_left()


def test_the_end_leaves_no_thread():
    assert len(list(DataLoader(range(10), 3, prefetch=2))) == 4
    assert no_thread_is_left()


def test_two_epochs_may_run_at_once():
    loader = DataLoader(range(6), 2, prefetch=1)
    pairs = [(one.tolist(), other.tolist()) for one, other in zip(loader, loader, strict=True)]
    assert pairs == [([0, 1], [0, 1]), ([2, 3], [2, 3]), ([4, 5], [4, 5])]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"dataset": iter([1])}, TypeError, "needs __len__ and __getitem__; list_iterator lacks one"),
        ({"batch_size": 0}, ValueError, "batch_size must be a positive integer, got 0"),
        ({"batch_size": 2.0}, ValueError, "batch_size must be a positive integer, got 2.0"),
        ({"prefetch": -1}, ValueError, "prefetch must be a number of batches, 0 or more, got -1"),
        ({"generator": 7}, TypeError, "generator must be a minigrad Generator or None, got int"),
        ({"num_workers": 4}, TypeError, "num_workers"),
    ],
)
def test_refuses_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        DataLoader(**{"dataset": [1, 2], **arguments})
