"""Lipschitz constants: exact on quadratics, the known extremes of Psi, and one function before and after."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import models
import optim
from experiments.curvature import Hessian, lipschitz_along, local_lipschitz
from experiments.curvature.lipschitz import draw_lipschitz, psi, psi_jacobian
from minigrad import nn
from minigrad.nn import functional as F
from tests.experiments.curvature.nets import pair, quadratic


@given(seed=st.integers(0, 10**6), n=st.integers(1, 8))
def test_the_jacobian_is_the_derivative_of_psi(seed, n):
    rng = np.random.default_rng(seed)
    g, v, u = rng.choice([-1, 1], n) * rng.uniform(0.1, 2, n), rng.standard_normal(n), rng.standard_normal(n)
    h = 1e-6
    difference = (optim.agr(g + h * v) - optim.agr(g - h * v)) / (2 * h)
    np.testing.assert_allclose(psi_jacobian(g, v), difference, atol=1e-8)
    assert u @ psi_jacobian(g, v) == pytest.approx(psi_jacobian(g, u, transposed=True) @ v, abs=1e-12)


def test_on_a_quadratic_it_is_the_top_eigenvalue(rng, device):
    A = rng.standard_normal((7, 7))
    A = A + A.T
    f = quadratic(A, device)
    assert local_lipschitz(f, tolerance=1e-12)[0] == pytest.approx(np.linalg.norm(A, 2), rel=1e-9)
    # A run from a start along the top eigenvector moves along it.
    values, vectors = np.linalg.eigh(A)
    top = abs(values).argmax()
    f.set(vectors[:, top])
    found = lipschitz_along(
        f.model, [(f.inputs, f.targets)] * 4, optim.SGD(f.parameters, lr=0.01), f.loss_function
    )
    assert [row.raw for row in found] == pytest.approx([abs(values[top])] * 4, rel=1e-9)
    # From anywhere else it is less.
    f.set(rng.standard_normal(7))
    other = lipschitz_along(
        f.model, [(f.inputs, f.targets)] * 4, optim.SGD(f.parameters, lr=0.01), f.loss_function
    )
    assert all(row.raw < abs(values[top]) for row in other)


def test_psi_amplifies_by_up_to_the_square_root_of_n(device):
    f = quadratic(np.eye(9), device)
    f.set(np.array([1.0] + [1e-8] * 8))
    assert local_lipschitz(f, tolerance=1e-12) == pytest.approx((1, 3), rel=1e-6)
    f.set(np.ones(9))
    assert local_lipschitz(f, tolerance=1e-12) == pytest.approx((1, 1 - 1 / 9), rel=1e-9)


def test_against_a_dense_matrix(device):
    f = pair("mlp", device=device)[0]
    H = Hessian(f)
    dense = H.dense()
    ends = np.cumsum([p.data.size for p in f.parameters])[:-1]
    columns = [
        np.concatenate(
            [psi_jacobian(g, d) for g, d in zip(np.split(H.gradient, ends), np.split(v, ends), strict=True)]
        )
        for v in dense.T
    ]
    expected = np.linalg.norm(dense, 2), np.linalg.norm(np.array(columns), 2)
    assert local_lipschitz(f, tolerance=1e-12) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("agr", [False, True])
def test_along_a_run(rng, device, agr):
    mg.manual_seed(0)
    model = models.convnet(3, 1, (3, 4)).double().to(device)
    optimizer = optim.AdamW(model.parameters(), lr=0.01, agr=agr)
    x, y = rng.standard_normal((3, 8, 1, 6, 6)), rng.integers(0, 3, (3, 8))
    data = [(mg.tensor(a, device=device), mg.tensor(b, device=device)) for a, b in zip(x, y, strict=True)]
    found = lipschitz_along(model, data, optimizer)

    # The same training without anyone looking ends at the same place, running statistics too.
    mg.manual_seed(0)
    alone = models.convnet(3, 1, (3, 4)).double().to(device)
    optimizer = optim.AdamW(alone.parameters(), lr=0.01, agr=agr)
    for step, (a, b) in enumerate(data):
        before = [p.data.copy() for p in alone.parameters()]
        optimizer.zero_grad()
        loss = F.cross_entropy(alone(a), b)
        loss.backward()
        g = [p.grad.data.copy() for p in alone.parameters()]
        optimizer.step()
        moved = sum(((p.data - w) ** 2).sum() for p, w in zip(alone.parameters(), before, strict=True)) ** 0.5
        statistics = [buffer.data.copy() for buffer in alone.buffers()]
        alone.zero_grad()
        F.cross_entropy(alone(a), b).backward()
        for buffer, kept in zip(alone.buffers(), statistics, strict=True):
            buffer.data[...] = kept
        pairs = list(zip([p.grad.data for p in alone.parameters()], g, strict=True))
        raw = sum(((p - q) ** 2).sum() for p, q in pairs) ** 0.5
        regularized = sum(((optim.agr(p) - optim.agr(q)) ** 2).sum() for p, q in pairs) ** 0.5
        row = found[step]
        assert (row.step, row.loss) == (step + 1, pytest.approx(loss.item()))
        expected = [float(v) for v in (moved, raw / moved, regularized / moved)]
        assert [row.length, row.raw, row.agr] == pytest.approx(expected, rel=1e-9)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), alone.state_dict()[name].numpy())


def test_a_step_of_length_zero(device):
    model = nn.Linear(2, 2).to(device)
    batch = mg.ones(3, 2, device=device), mg.tensor([0, 1, 1], device=device)
    (row,) = lipschitz_along(model, [batch], optim.SGD(model.parameters(), lr=0.0))
    assert (row.length, row.raw, row.agr) == (0, None, None)


def test_psi_goes_tensor_by_tensor(rng, device):
    f = pair("mlp", device=device)[0]
    g = rng.standard_normal(f.size)
    pieces = np.split(g, np.cumsum([p.data.size for p in f.parameters])[:-1])
    np.testing.assert_array_equal(psi(f, g), np.concatenate([optim.agr(piece) for piece in pieces]))


def test_the_figure(rng, device, tmp_path):
    f = quadratic(np.eye(3), device)
    rows = lipschitz_along(
        f.model, [(f.inputs, f.targets)] * 3, optim.SGD(f.parameters, lr=0.1), f.loss_function
    )
    draw_lipschitz({"SGD": rows}, tmp_path / "l.png")
    assert (tmp_path / "l.png").read_bytes()[1:4] == b"PNG"
