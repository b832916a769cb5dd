"""Every number of a probe against its definition, computed anew in float64 by code that shares nothing."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import optim
from tests.optim.cases import HYPER, OPTIMIZERS, Run, gradient_step, optimizer_of, parameter, runs
from tests.optim.reference import adamw_run, adan_run
from tests.optim.torch_runs import theirs

every_optimizer = pytest.mark.parametrize("cls", OPTIMIZERS)


def official(g):
    return g - g * (np.abs(g) / np.abs(g).sum()) if g.any() else 0 * g


def probed(optimizer, steps, path):
    """The measurements of some steps, each a list of gradients."""
    with optim.Probe(optimizer, path / "probe.jsonl", every=1) as probe:
        probe.path.write_bytes(b"")
        for grads in steps:
            gradient_step(optimizer, *grads)
    return optim.probe.read(probe.path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("probe")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("agr", [False, True])
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from([(1,), (7,), (3, 5), (2, 3, 2, 2)]),
    zeros=st.booleans(),
)
def test_numbers_of_the_gradient(device, folder, dtype, agr, seed, shape, zeros):
    rng = np.random.default_rng(seed)
    g = rng.lognormal(sigma=2, size=shape).astype(dtype) * rng.choice([-1, 1], shape).astype(dtype)
    if zeros:
        g[..., 0] = 0
    w = rng.standard_normal(shape)
    (row,) = probed(optim.SGD([parameter(w, device, dtype)], lr=0.5, agr=agr), [[g]], folder)
    g, w, computed = g.astype(float), w.astype(dtype).astype(float), optim.agr(g).astype(float)
    psi = official(g)
    alpha = np.abs(g) / (np.abs(g).sum() or 1)
    assert (row["name"], row["step"], row["size"], row["agr"]) == ("parameter 0", 1, g.size, agr)

    def same(key, want, atol=1e-15):
        assert row[key] == pytest.approx(want, rel=1e-12, abs=atol), key

    same("alpha_max", alpha.max())
    for level, quantile in row["alpha_quantiles"].items():
        assert quantile == pytest.approx(np.quantile(alpha, float(level)), rel=1e-12)
    same("herfindahl", (alpha**2).sum())
    same("grad_norm", np.sqrt((g**2).sum()))
    same("weight_norm", np.sqrt((w**2).sum()))
    if not g.any():
        assert (
            row["gradient_change"]
            is row["rounding"]
            is row["effective_lr"]
            is row["gradient_unchanged"]
            is None
        )
        return
    same("gradient_change", np.linalg.norm(g - psi) / np.linalg.norm(g))
    same("update_change", np.linalg.norm(g - psi) / np.linalg.norm(g), atol=1e-14 * np.linalg.norm(w))
    applied = psi if agr else g
    same("update_norm", 0.5 * np.linalg.norm(applied), atol=1e-15 * np.linalg.norm(w))
    ratios = 0.5 * np.abs(applied[g != 0] / g[g != 0])
    same("effective_lr", np.median(ratios), atol=1e-15 * np.abs(w).max() / np.abs(g[g != 0]).min())
    # The lazy form of the optimizer may round in another place than optim.agr.
    assert row["rounding"] <= 4 * np.finfo(dtype).eps
    some = g != 0
    assert row["gradient_unchanged"] == pytest.approx((computed == g)[some].mean(), abs=1 / some.sum() + 1e-9)


def oracle(cls, run):
    """The path of the weights without AGR, by code that is not ours."""
    if cls is optim.Adan:
        return adan_run(run, False)
    return adamw_run(run, False) if cls is optim.AdamW else theirs(cls, run)


@every_optimizer
@pytest.mark.parametrize("agr", [False, True])
@given(data=st.data())
def test_change_of_the_update(folder, cls, agr, data):
    """The state is that of the real run: only the gradient of the last step is another one."""
    run = data.draw(runs(HYPER[cls], steps=3, shapes=[(1,), (2,), (3, 4)], missing=False))
    _, optimizer = optimizer_of(cls, run, "cpu", agr=agr)
    steps = [[g for group in step for g in group] for step in run.grads]
    rows = [row for row in probed(optimizer, steps, folder) if row["step"] == len(steps)]

    def path(*psis):
        grads = [
            [[psi(g) for g in group] for group in step] for psi, step in zip(psis, run.grads, strict=True)
        ]
        return oracle(cls, Run(run.hypers, run.weights, grads))

    real = official if agr else np.array
    before = path(real, real, real)[1]
    after_with, after_without = path(real, real, official)[2], path(real, real, np.array)[2]
    assert len(rows) == len(before)
    for row, w, a, b in zip(rows, before, after_with, after_without, strict=True):
        norm, rounding = np.linalg.norm(b - w), 1e-13 * (np.linalg.norm(w) + np.linalg.norm(b))
        assert row["update_norm"] == pytest.approx(np.linalg.norm((a if agr else b) - w), abs=rounding)
        assume(norm > 1e6 * rounding)
        assert row["update_change"] == pytest.approx(
            np.linalg.norm(a - b) / norm, rel=1e-6, abs=10 * rounding / norm
        )


@pytest.mark.parametrize("scope", ["tensor", "channel", "global"])
def test_the_sum_is_that_of_the_optimizers_scope(device, folder, scope, rng):
    grads = [rng.standard_normal((3, 4)), rng.standard_normal(5), np.zeros((2, 2))]
    params = [parameter(np.ones(g.shape), device) for g in grads]
    rows = probed(optim.SGD(params, agr=optim.AGR(scope)), [grads], folder)
    sizes = [np.abs(g) for g in grads]
    if scope == "tensor":
        alphas = [x / (x.sum() or 1) for x in sizes]
    elif scope == "channel":
        alphas = [sizes[0] / sizes[0].sum(axis=1, keepdims=True), sizes[1] / sizes[1].sum(), sizes[2]]
    else:
        alphas = [x / sum(x.sum() for x in sizes) for x in sizes]
    for row, alpha, g in zip(rows, alphas, grads, strict=True):
        channels = len(g) if scope == "channel" and g.ndim > 1 else 1
        assert row["alpha_max"] == pytest.approx(alpha.max(), rel=1e-12)
        assert row["herfindahl"] == pytest.approx((alpha**2).sum() / channels, rel=1e-12)
        if g.any():
            change = np.linalg.norm(alpha * g) / np.linalg.norm(g)
            assert row["gradient_change"] == pytest.approx(change, rel=1e-12)


def test_where_agr_is_not_applied(device, folder):
    """A suspended AGR is compared with what it would do; a tensor that it leaves out, it does not change."""
    matrix, vector = parameter(np.ones((2, 2)), device), parameter(np.ones(2), device)
    optimizer = optim.SGD([matrix, vector], lr=1.0, agr=optim.AGR(min_ndim=2, until_step=1))
    rows = probed(optimizer, [[np.ones((2, 2)), np.ones(2)]] * 2, folder)
    assert [row["agr"] for row in rows] == [True, False, False, False]
    assert [row["gradient_change"] for row in rows] == [0.25, 0.0, 0.25, 0.0]
    assert [row["update_norm"] for row in rows] == [1.5, 2**0.5, 2.0, 2**0.5]
    assert [row["update_unchanged"] for row in rows] == [0.0, 1.0, 0.0, 1.0]


def test_the_clip_coefficient_is_that_of_the_step(device, folder):
    optimizer = optim.Adan([parameter([0.0, 0.0], device)], lr=1.0, max_grad_norm=1.0, eps=1.0)
    (row,) = probed(optimizer, [[np.array([3.0, 4.0])]], folder)
    c = 1 / (5 + 1)
    want = [3 * c / (3 * c + 1), 4 * c / (4 * c + 1)]
    assert row["update_norm"] == pytest.approx(np.linalg.norm(want), rel=1e-12)


def test_float32_floor(device, folder, rng):
    """In a large tensor many gradients, and nearly all weights, do not feel AGR at all."""
    g = rng.standard_normal(1_000_000).astype(np.float32)
    (row,) = probed(optim.SGD([parameter(np.ones(g.size), device, np.float32)], lr=1e-3), [[g]], folder)
    psi = official(g.astype(float)).astype(np.float32)
    assert row["gradient_unchanged"] == pytest.approx((psi == g).mean(), abs=0.01)
    assert 0.01 < row["gradient_unchanged"] < 0.05
    w, lr = np.ones(g.size, np.float32), np.float32(1e-3)
    assert row["update_unchanged"] == pytest.approx((w - lr * psi == w - lr * g).mean(), abs=1e-3)
    assert row["rounding"] < 1e-7 < row["gradient_change"] < 3e-6


def test_what_is_not_finite_is_null(device, folder):
    (row,) = probed(optim.SGD([parameter([1.0, 1.0], device)]), [[np.array([np.inf, 1.0])]], folder)
    assert row["grad_norm"] is None


def test_an_empty_tensor_has_no_numbers(device, folder):
    assert probed(optim.SGD([parameter(np.zeros((0, 3)), device)]), [[np.zeros((0, 3))]], folder) == []
