"""Kernels on small inputs, and the points of the curves."""

import pytest

from benchmarks import kernels, library, memory, scaling
from benchmarks.timing import check_agreement

SMALL = {
    "conv": kernels._conv(2, 3, 4, 8, stride=2),
    "depthwise": kernels._conv(2, 4, 4, 8, kernel=7, groups=4),
    "pool": kernels._function("max_pool2d", 2, 3, 8, 8, kernel_size=2),
    "batch_norm": kernels._batch_norm(4, 3, 4),
    "layer_norm": kernels._layer_norm(6, 8),
    "gelu": kernels._function("gelu", 5, 7, approximate="tanh"),
    "cross_entropy": kernels._cross_entropy(6, 5),
    "attention": kernels._attention(2, 2, 5, 4, causal=True),
    "embedding": kernels._embedding(7, 3, 20),
}


@pytest.mark.parametrize("name", SMALL)
def test_both_sides_compute_the_same(name):
    kernel = SMALL[name]
    for part in ("forward", *kernel.backward):
        sides = {
            "minigrad": kernel.side(library.minigrad(), part),
            "pytorch": kernel.side(library.pytorch(), part),
            "channels_last": kernel.side(library.pytorch(), part, channels_last=True),
        }
        check_agreement(sides, digits=4)
        assert sides["minigrad"].value().size > 0


def test_kernels_are_chosen_by_words():
    assert kernels.chosen(["gelu", "layer"]) == [
        *["layer_norm 4096x128", "layer_norm 4096x768", "gelu 4096x512", "gelu tanh 4096x512"]
    ]
    assert kernels.chosen([]) == list(kernels.KERNELS)


def test_curves_of_an_optimizer_grow_in_one_way_only():
    points = scaling.CURVES["adan-tensors"].points
    counts = [(len(workload.shapes), sum(map(_size, workload.shapes))) for workload in points.values()]
    assert [tensors for tensors, _ in counts] == list(points)
    assert max(n for _, n in counts) < 1.01 * min(n for _, n in counts)
    for parameters, workload in scaling.CURVES["adan-parameters"].points.items():
        assert len(workload.shapes) == 60
        assert sum(map(_size, workload.shapes)) == pytest.approx(parameters, rel=0.01)


def _size(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def test_with_and_without_agr_are_timed_side_by_side():
    sides = scaling.CURVES["agr-adan"].sides(scaling.Adan(blocks=1, width=4))
    assert list(sides) == ["Adan(AGR)", "Adan"]
    for side in sides.values():
        side.prepare()
        side.run()
    assert abs(sides["Adan"].value() - sides["Adan(AGR)"].value()).max() > 0


def test_the_peak_of_memory_sees_what_steps_allocate(monkeypatch):
    class Workload:
        def minigrad(self):
            return self

        def prepare(self):
            pass

        def run(self):
            bytearray(b"x" * (64 << 20))

    monkeypatch.setitem(memory.WORKLOADS, "mlp", Workload)
    assert memory.peak("mlp", None) >= 60 << 20
