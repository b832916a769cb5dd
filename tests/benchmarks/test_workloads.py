"""Every workload computes the same in both frameworks, at small sizes."""

import numpy as np
import pytest

from benchmarks import library, workloads
from benchmarks.timing import check_agreement
from benchmarks.workloads.base import Training


def tiny(name):
    cls = workloads.WORKLOADS[name]
    return cls(**cls.tiny)


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_all_sides_compute_the_same(name):
    workload = tiny(name)
    sides = {"minigrad": workload.minigrad()}
    sides |= {settings: workload.pytorch(settings) for settings in workload.settings}
    check_agreement(sides, workload.digits)


@pytest.mark.parametrize("name", [n for n, cls in workloads.WORKLOADS.items() if issubclass(cls, Training)])
def test_weights_travel_both_ways(name):
    workload = tiny(name)
    ours, theirs = library.minigrad(), library.pytorch()
    mine, other = workload.network(ours), workload.network(theirs)
    start = library.arrays_of(other.state_dict())
    library.load_arrays(ours, mine, start)
    library.load_arrays(theirs, other, library.arrays_of(mine.state_dict()))
    end = library.arrays_of(other.state_dict())
    assert start.keys() == end.keys()
    for key in start:
        np.testing.assert_array_equal(start[key], end[key], key)


def test_the_sizes_of_the_optimizers_are_those_of_the_goal():
    shapes = workloads.WORKLOADS["adamw"]().shapes
    assert len(shapes) == 60
    assert sum(np.prod(shape) for shape in shapes) == pytest.approx(10e6, rel=0.01)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="unknown workload 'mpl'; there are mlp, cnn"):
        workloads.chosen(["cnn", "mpl"])
