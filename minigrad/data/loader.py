"""DataLoader: walk through a dataset in batches, in a fresh order each epoch."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import Array
from minigrad.data.collate import as_tensors, gather
from minigrad.data.dataset import Indexable
from minigrad.data.mixing import Mix
from minigrad.profiler import watch
from minigrad.random import Generator, rng_of
from minigrad.tensor import Tensor

BatchTransform: TypeAlias = Callable[[Any, np.random.Generator], Any]


class DataLoader:
    """Batches of Tensors from a dataset; iterating over it is one epoch.

    Parameters
    ----------
    dataset : Dataset
        Anything with `__len__` and `__getitem__`.
    batch_size : int
    shuffle : bool
        Visit the samples in a random order, another one each epoch.
    drop_last : bool
        Leave out the last batch if it is smaller than the others.
    collate_fn : callable, optional
        Makes a batch from a list of samples; `default_collate` if None.
    generator : Generator, optional
        Where the randomness comes from; minigrad's default generator if None.
    prefetch : int
        How many batches a background thread prepares ahead of the one in use. The batches are the same.
    transform : callable, optional
        `transform(images, rng)` on a whole batch of arrays, see `minigrad.data.transforms`. Of a batch that
        is a tuple it gets the first element.
    mix : callable, optional
        `mix(images, labels, rng)` on the two arrays of a batch after the transform, see
        `minigrad.data.mixing`.
    device : str, optional
        Where the Tensors are to live; where the dataset has them if None.

    Raises
    ------
    TypeError
        If the dataset has no length or cannot be indexed, or `generator` is no Generator.
    ValueError
        If `batch_size` is not positive or `prefetch` is negative.

    Notes
    -----
    An epoch draws one number from the generator, at its start. The order of the samples and the random
    numbers of each batch's transform follow from this number alone; so an epoch repeats bit for bit when
    the generator's state is restored, whatever else draws from that generator meanwhile.

    Examples
    --------
    >>> for batch in DataLoader(range(5), batch_size=2):
    ...     print(batch.tolist())
    [0, 1]
    [2, 3]
    [4]
    """

    def __init__(
        self,
        dataset: Indexable,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        generator: Generator | None = None,
        prefetch: int = 0,
        transform: BatchTransform | None = None,
        mix: Mix | None = None,
        device: str | None = None,
    ) -> None:
        if not isinstance(dataset, Indexable):
            raise TypeError(
                f"DataLoader: a dataset needs __len__ and __getitem__; {type(dataset).__name__} lacks one"
            )
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"DataLoader: batch_size must be a positive integer, got {batch_size!r}")
        if not isinstance(prefetch, int) or prefetch < 0:
            raise ValueError(f"DataLoader: prefetch must be a number of batches, 0 or more, got {prefetch!r}")
        rng_of(generator)  # refuses anything else right here
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.generator = generator
        self.prefetch = prefetch
        self.transform = transform
        self.mix = mix
        self.device = device

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[Any]:
        # Drawn here and not in a generator function, whose body would wait for the first `next`.
        seed = int(rng_of(self.generator).integers(2**63))

        indices = np.arange(len(self.dataset))
        if self.shuffle:
            indices = _stream(seed, 0).permutation(indices)
        jobs = ((indices[i * self.batch_size :][: self.batch_size], seed, i + 1) for i in range(len(self)))
        return _ahead(self._batch, jobs, self.prefetch) if self.prefetch else map(self._batch, jobs)

    def _batch(self, job: tuple[Array, int, int]) -> Any:
        indices, seed, number = job
        if self.collate_fn is None:
            batch = gather(self.dataset, indices)
        else:
            batch = self.collate_fn([self.dataset[index] for index in indices.tolist()])
        rng = _stream(seed, number)
        if self.transform is not None:
            batch = _on_first(self.transform, batch, rng)
        if self.mix is not None:
            images, labels = batch
            batch = self.mix(images, labels, rng)
        return as_tensors(batch, self.device)


watch(DataLoader, "_batch")


def _stream(seed: int, number: int) -> np.random.Generator:
    """An independent stream of random numbers for each number, all from one seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _on_first(transform: BatchTransform, batch: Any, rng: np.random.Generator) -> Any:
    """The batch with its images transformed: in (images, labels) they come first."""
    if isinstance(batch, (tuple, list)):
        return (_on_first(transform, batch[0], rng), *batch[1:])
    return transform(batch.data if isinstance(batch, Tensor) else batch, rng)


def _ahead(work: Callable[[Any], Any], jobs: Iterable[Any], count: int) -> Iterator[Any]:
    """`map(work, jobs)`, computed in one thread that is `count` results ahead."""
    pending: deque[Future[Any]] = deque()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minigrad-DataLoader")
    try:
        for job in jobs:
            pending.append(thread.submit(work, job))
            if len(pending) > count:
                yield pending.popleft().result()  # raises here what was raised there
        while pending:
            yield pending.popleft().result()
    finally:  # also when the consumer leaves its loop early
        thread.shutdown(cancel_futures=True)
