"""Products of matrices against PyTorch: values, first and second derivatives, refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.ops import matmul as products
from tests.oracle import check
from tests.strategies import arrays, shapes

sides = st.integers(1, 4)


def pair(first, second):
    """Two arrays of these shapes, of each of which one side may be drawn from a name: 'nk', 'km'."""
    letters = sorted(set(first + second))
    return st.tuples(*[sides] * len(letters)).flatmap(
        lambda drawn: st.tuples(
            *[
                arrays(st.just(tuple(dict(zip(letters, drawn, strict=True))[k] for k in name)))
                for name in (first, second)
            ]
        )
    )


@st.composite
def factors(draw):
    """Two operands of matmul: vectors, matrices or batches of them that broadcast."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, max_side=4)
    )
    return [draw(arrays(st.just(shape))) for shape in drawn.input_shapes]


@given(pair=factors())
def test_matmul(device, pair):
    check(products.matmul, torch.matmul, *pair, device=device)
    single = [x.astype(np.float32) for x in pair]
    check(products.matmul, torch.matmul, *single, device=device, second=False, dtype=np.float32)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((5, 2, 3, 4), (4, 2)),
        ((3, 4), (5, 4, 2)),
        ((5, 1, 3, 4), (2, 4, 3)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((4, 0, 3), (3, 2)),
        ((2, 3, 0), (0, 5)),
    ],
)
def test_matmul_of_batches_and_of_nothing(device, rng, first, second):
    check(
        products.matmul, torch.matmul, rng.standard_normal(first), rng.standard_normal(second), device=device
    )


def test_matmul_of_transposed_memory(device, rng):
    heads, weight = rng.standard_normal((2, 5, 3, 4)), rng.standard_normal((6, 4))
    check(
        lambda x, w: products.matmul(x.transpose(1, 2), w.transpose(0, 1)),
        lambda x, w: torch.matmul(x.transpose(1, 2), w.transpose(0, 1)),
        heads,
        weight,
        device=device,
    )


def test_matmul_of_integers(device):
    a, b = np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4)
    check(products.matmul, torch.matmul, a, b, device=device)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("mm", "nk", "km"), ("bmm", "bnk", "bkm"), ("mv", "nk", "k"), ("dot", "k", "k"), ("outer", "n", "m")],
)
@given(data=st.data())
def test_products_of_fixed_dimensions(name, first, second, device, data):
    check(getattr(products, name), getattr(torch, name), *data.draw(pair(first, second)), device=device)


@pytest.mark.parametrize(
    ("name", "first", "second", "result"),
    [
        ("addmm", "nk", "km", "nm"),
        ("baddbmm", "bnk", "bkm", "bnm"),
        ("addmv", "nk", "k", "n"),
        ("addr", "n", "m", "nm"),
    ],
)
@given(data=st.data())
def test_products_added_to_something(name, first, second, result, device, data):
    mats = data.draw(pair(first, second))
    size = {
        letter: n
        for letters, x in zip((first, second), mats, strict=True)
        for letter, n in zip(letters, x.shape, strict=True)
    }
    shape = tuple(size[letter] if data.draw(st.booleans()) else 1 for letter in result)
    shape = shape[data.draw(st.integers(0, len(shape))) :]
    kwargs = data.draw(
        st.fixed_dictionaries(
            {}, optional={"beta": st.sampled_from([0, 1, 0.5]), "alpha": st.sampled_from([1, -2, 0.3])}
        )
    )
    check(
        getattr(products, name),
        getattr(torch, name),
        data.draw(arrays(st.just(shape))),
        *mats,
        device=device,
        **kwargs,
    )


def test_beta_0_ignores_what_is_there(device):
    nothing, eye = (
        mg.tensor([[np.nan, np.inf]] * 2, device=device),
        mg.tensor(np.eye(2, dtype=np.float32), device=device),
    )
    assert products.addmm(nothing, eye, eye, beta=0).tolist() == [[1, 0], [0, 1]]


@given(data=st.data(), bias=st.sampled_from(["none", "vector", "number", "full"]))
def test_linear(device, data, bias):
    x = data.draw(arrays(shapes(min_dims=1)))
    weight = data.draw(arrays(st.just((data.draw(sides), x.shape[-1]))))
    shape = {"none": None, "vector": weight.shape[:1], "number": (1,), "full": (*x.shape[:-1], len(weight))}[
        bias
    ]
    operands = [x, weight, *([] if shape is None else [data.draw(arrays(st.just(shape)))])]
    # PyTorch's linear takes a bias of the result's shape for some shapes of x and refuses it for others.
    written_out = lambda x, w, b: x @ w.T + b  # noqa: E731
    theirs = written_out if bias == "full" else torch.nn.functional.linear
    check(products.linear, theirs, *operands, device=device)
    single = [v.astype(np.float32) for v in operands]
    check(products.linear, theirs, *single, device=device, second=False, dtype=np.float32)


@given(x=arrays(shapes(min_dims=1)))
def test_linear_with_one_output(device, x):
    check(products.linear, torch.nn.functional.linear, x, np.arange(1.0, x.shape[-1] + 1), device=device)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 0, 3)])
def test_linear_of_nothing(device, shape):
    operands = np.ones(shape), np.ones((4, shape[-1])), np.ones(4)
    check(products.linear, torch.nn.functional.linear, *operands, device=device)


def test_results_own_their_memory(device):
    """The engine may add to a gradient in place only if it is no view."""
    x, weight = mg.ones((2, 3, 4), device=device), mg.ones((5, 4), device=device)
    assert products.linear(x, weight).data.base is None
    assert products.matmul(x, weight.transpose(0, 1)).data.base is None


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("matmul", [(2, 3), (2, 2)], "rows of length 3 would meet columns of length 2"),
        ("matmul", [(3,), (2,)], "rows of length 3"),
        ("matmul", [(), (2, 2)], "at least one dimension"),
        ("matmul", [(2, 3, 3), (4, 3, 3)], "matmul: .*broadcast"),
        ("mm", [(2, 2, 3), (3, 2)], r"mm: input must have 2 dimensions, got shape \(2, 2, 3\)"),
        ("mm", [(2, 3), (3,)], "mm: mat2 must have 2 dimensions"),
        ("bmm", [(2, 2, 3), (1, 3, 2)], "bmm: expected batches of equal size"),
        ("bmm", [(2, 3), (3, 2)], "3 dimensions"),
        ("mv", [(2, 2), (3,)], "rows of length 2"),
        ("mv", [(2, 2), (2, 2)], "vec must have 1 dimensions"),
        ("dot", [(2,), (3,)], "cannot be multiplied"),
        ("dot", [(2, 2), (3,)], "1 dimensions"),
        ("outer", [(2, 2), (3,)], "1 dimensions"),
        (
            "addmm",
            [(3, 2, 2), (2, 2), (2, 2)],
            r"addmm: input of shape \(3, 2, 2\) does not broadcast to \(2, 2\)",
        ),
        ("addmm", [(3,), (2, 2), (2, 2)], "does not broadcast"),
        ("baddbmm", [(2, 2), (3, 2, 2), (2, 2, 2)], "bmm: "),
        ("linear", [(2, 3), (4, 2)], "linear: expected input"),
        ("linear", [(), (4, 1)], "linear: expected input"),
        ("linear", [(2, 3), (3,), (3,)], "linear: expected input"),
        ("linear", [(2, 3), (4, 3), (3,)], r"linear: bias of shape \(3,\) does not broadcast to \(2, 4\)"),
    ],
)
def test_shapes_that_do_not_fit(device, name, shapes, message):
    theirs = torch.nn.functional.linear if name == "linear" else getattr(torch, name)
    with pytest.raises(RuntimeError):
        theirs(*[torch.ones(s) for s in shapes])
    with pytest.raises(RuntimeError, match=message):
        getattr(products, name)(*[mg.ones(s, device=device) for s in shapes])


@pytest.mark.parametrize("name", ["matmul", "mm", "linear", "addmm"])
def test_mixed_dtypes_are_refused(device, name):
    a, b = mg.ones((2, 2), device=device), mg.ones((2, 2), device=device, dtype="float64")
    with pytest.raises(RuntimeError, match="one dtype, got float(32 and float64|64 and float32)"):
        getattr(products, name)(*[a, b] if name != "addmm" else [b, a, a])


def test_outer_promotes_dtypes(device):
    check(products.outer, torch.outer, np.arange(3), np.array([0.5, 2.0]), device=device)


@pytest.mark.parametrize(
    "call",
    [lambda x: products.matmul(x, 2), lambda x: products.mm(x, [1]), lambda x: products.linear(x, x, 3.0)],
)
def test_what_is_no_tensor_is_refused(device, call):
    with pytest.raises(TypeError, match="tensor"):
        call(mg.ones((2, 2), device=device))


def test_integers_want_integer_factors(device):
    x = mg.ones((2, 2), device=device, dtype="int64")
    assert products.addmm(x, x, x, beta=2, alpha=3).tolist() == [[8, 8], [8, 8]]
    with pytest.raises(
        RuntimeError, match=r"addmm: integer tensors need integer beta and alpha, got 0.5 and 1"
    ):
        products.addmm(x, x, x, beta=0.5)
