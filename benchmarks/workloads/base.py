"""What all workloads share: the same work twice, from the same weights on the same data."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from benchmarks import library
from benchmarks.library import Library
from benchmarks.timing import Side

SETTINGS = ("default", "expert")
"""PyTorch as one writes it first, and with what its experts add: channels_last and fused optimizers."""


class Workload(ABC):
    """Something to time. The fields of a subclass (a dataclass) are its sizes."""

    name: ClassVar[str]
    digits: ClassVar[int] = 4
    """How many digits of its values have to agree."""
    per_step: ClassVar[int] = 1
    """How many operations a step has, for workloads whose time is given per operation."""
    settings: ClassVar[tuple[str, ...]] = SETTINGS
    tiny: ClassVar[dict[str, int]]
    """Sizes for the tests."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The sizes in words."""

    @abstractmethod
    def side(self, lib: Library, settings: str = "default") -> Side:
        """The work in a framework; wherever it runs, it starts with the same weights."""

    def minigrad(self) -> Side:
        """Our side, on the CPU."""
        return self.side(library.minigrad())

    def pytorch(self, settings: str = "default") -> Side:
        """PyTorch's, on the CPU."""
        return self.side(library.pytorch(), settings)


class Training(Workload):
    """Whole training steps of a network: forward, loss, backward, AdamW."""

    images: ClassVar[bool] = False
    """Whether the network convolves, so that channels_last helps."""

    @abstractmethod
    def network(self, lib: Library) -> Any:
        """The network, written with what both frameworks have under the same names."""

    @abstractmethod
    def data(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels."""

    def loss(self, lib: Library, network: Any, x: Any, labels: Any) -> Any:
        return lib.F.cross_entropy(network(x), labels)

    def weights(self) -> dict[str, np.ndarray]:
        """What the networks start with."""
        lib = library.minigrad()
        lib.top.manual_seed(0)
        return library.arrays_of(self.network(lib).state_dict())

    def started(self, lib: Library) -> Any:
        """The network with these weights."""
        network = self.network(lib)
        library.load_arrays(lib, network, self.weights())
        return lib.module(network)

    def side(self, lib: Library, settings: str = "default") -> "TrainingStep":
        network = self.started(lib)
        expert = settings == "expert"
        if expert and self.images:
            network = network.to(memory_format=lib.top.channels_last)
        # Not fused=False: that would switch off foreach, too, PyTorch's default on a GPU.
        optimizer = lib.optim.AdamW(network.parameters(), **({"fused": True} if expert else {}))
        step = TrainingStep(self, lib, network, optimizer)
        if expert and self.images:
            step.x = step.x.to(memory_format=lib.top.channels_last)
        return step


class ImageTraining(Training):
    """Training on random square images in colour."""

    batch: int
    size: int

    def data(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((self.batch, 3, self.size, self.size), dtype=np.float32)
        return x, rng.integers(0, 10, self.batch)


def normalized(tensors: Sequence[Any]) -> np.ndarray:
    """All numbers in one row, those of each tensor relative to its largest."""
    arrays = [library.array_of(tensor).astype(np.float64).ravel() for tensor in tensors]
    return np.concatenate([array / (np.abs(array).max() or 1.0) for array in arrays])


class LossSide:
    """A side whose steps are compared by their losses."""

    last = float("nan")

    def prepare(self) -> None:
        pass

    def value(self) -> np.ndarray:
        return np.array([self.last])


class TrainingStep(LossSide):
    """A step as every training loop has it."""

    def __init__(self, workload: Training, lib: Library, network: Any, optimizer: Any) -> None:
        self.workload, self.lib, self.network, self.optimizer = workload, lib, network, optimizer
        self.x, self.labels = map(lib.tensor, workload.data(np.random.default_rng(0)))

    def output(self) -> Any:
        """What the network makes of the batch."""
        with self.lib.top.no_grad():
            return self.network(self.x)

    def run(self) -> None:
        loss = self.workload.loss(self.lib, self.network, self.x, self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.last = loss.item()
