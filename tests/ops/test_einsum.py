"""einsum and tensordot against PyTorch, on drawn equations."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops.einsum import einsum, tensordot
from tests.oracle import check
from tests.strategies import arrays

SIZES = {"a": 1, "b": 2, "c": 3, "B": 2}
SHAPES_OF_DOTS = [(), (2,), (3, 2), (3, 1), (1, 2)]  # broadcast together


@st.composite
def equations(draw, most=3):
    """An equation with up to three operands, and the operands."""
    terms, operands = [], []
    for _ in range(draw(st.integers(1, most))):
        letters = draw(st.lists(st.sampled_from(sorted(SIZES)), max_size=3))
        shape = [SIZES[letter] for letter in letters]
        # A dimension of size 1 broadcasts, but not within a diagonal.
        shape = [
            1 if letters.count(k) == 1 and draw(st.integers(0, 5)) == 0 else n
            for k, n in zip(letters, shape, strict=True)
        ]
        if draw(st.booleans()):
            hidden = draw(st.sampled_from(SHAPES_OF_DOTS))
            at = draw(st.integers(0, len(letters)))
            letters.insert(at, "...")
            shape[at:at] = hidden
        terms.append("".join(letters))
        operands.append(draw(arrays(st.just(tuple(shape)))))
    equation = ",".join(terms)
    if draw(st.booleans()):
        known = sorted({letter for term in terms for letter in term if letter != "."})
        result = draw(st.permutations(known))[: draw(st.integers(0, 3))]
        if "..." in equation and draw(st.booleans()):
            result.insert(draw(st.integers(0, len(result))), "...")
        equation += draw(st.sampled_from(["->", " -> "])) + "".join(result)
    return equation, operands


@given(drawn=equations())
def test_einsum(device, drawn):
    equation, operands = drawn
    check(lambda *x: einsum(equation, *x), lambda *x: torch.einsum(equation, *x), *operands, device=device)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bjk,kl->bil", [(2, 3, 4), (2, 4, 5), (5, 2)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("iii->i", [(3, 3, 3)]),
        ("ii,i", [(3, 3), (3,)]),
        ("ij,ij->", [(0, 3), (0, 3)]),
        ("ij,jk->ik", [(2, 0), (0, 3)]),
        ("", [()]),
        ("->", [()]),
        (",", [(), ()]),
        ("ij,k->k", [(2, 3), (4,)]),
        ("ij...->ij", [(2, 3, 4)]),
        ("ij->...ji", [(2, 3)]),
        ("a...b,b...->a...", [(2, 3, 4), (4, 3)]),
        ("ij,jk", [(2, 1), (4, 4)]),
        ("aA", [(2, 3)]),
        ("i,i,i->", [(3,), (3,), (3,)]),
    ],
)
def test_well_known_equations(device, rng, equation, shapes):
    operands = [rng.standard_normal(shape) for shape in shapes]
    check(lambda *x: einsum(equation, *x), lambda *x: torch.einsum(equation, *x), *operands, device=device)


def test_operands_in_a_list_and_integers(device):
    x = np.arange(6).reshape(2, 3)
    check(
        lambda x, y: einsum("ij,ij->i", [x, y]),
        lambda x, y: torch.einsum("ij,ij->i", [x, y]),
        x,
        x,
        device=device,
    )


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij->ijk", [(2, 2)], "'k' of the result is in no operand"),
        ("ij->ii", [(2, 2)], "'i' appears more than once in the result"),
        ("ij,jk", [(2, 3), (4, 4)], r"sizes 3 and 4 meet in operands of shapes \(2, 3\) and \(4, 4\)"),
        ("ii", [(2, 3)], "sizes 2 and 3 meet"),
        ("ii,i", [(1, 3), (3,)], "'i' stands for sizes 1 and 3"),
        ("ij", [(2, 3, 4)], r"'ij' does not fit operand 0, which has shape \(2, 3, 4\)"),
        ("ijk...", [(2, 3)], "does not fit operand 0"),
        ("ij,jk", [(2, 3)], "has 2 operands, but 1 were given"),
        ("ij", [(2, 3), (2, 3)], "has 1 operands, but 2 were given"),
        ("i1", [(2, 3)], "unexpected '1'"),
        ("ié", [(2, 3)], "unexpected 'é'"),
        ("..i", [(2, 3)], "unexpected '.'"),
        ("i...j...", [(2, 3, 4)], "unexpected '.'"),
        ("ij->i->j", [(2, 3)], "unexpected '-'"),
    ],
)
def test_equations_that_do_not_fit(device, equation, shapes, message):
    with pytest.raises(RuntimeError):
        torch.einsum(equation, *[torch.ones(s) for s in shapes])
    with pytest.raises(RuntimeError, match="einsum: .*" + message):
        einsum(equation, *[mg.ones(s, device=device) for s in shapes])


def test_other_arguments_of_einsum_are_refused(device):
    x = mg.ones((2, 2), device=device)
    with pytest.raises(TypeError, match="lists of integers are not supported"):
        einsum(x, [0, 1], [1, 0])
    with pytest.raises(TypeError, match="einsum: expected tensors, got int"):
        einsum("i,i", x, 3)
    with pytest.raises(RuntimeError, match="einsum: expected tensors of one dtype"):
        einsum("ij,jk", x, mg.ones((2, 2), device=device, dtype="float64"))


@st.composite
def contractions(draw):
    """Two operands of tensordot and its dims."""
    paired = draw(st.lists(st.integers(1, 3), max_size=2))
    a, b = (draw(st.lists(st.integers(1, 3), max_size=2)) for _ in range(2))
    if draw(st.booleans()):
        return draw(arrays(st.just((*a, *paired)))), draw(arrays(st.just((*paired, *b)))), len(paired)
    where = []
    for shape in (a, b):
        order = draw(st.permutations(range(len(shape) + len(paired))))
        which = order[: len(paired)]
        for i in sorted(range(len(paired)), key=lambda i: which[i]):
            shape.insert(which[i], paired[i])
        where.append([d - len(shape) if draw(st.booleans()) else d for d in which])
    return draw(arrays(st.just(tuple(a)))), draw(arrays(st.just(tuple(b)))), where


@given(drawn=contractions())
def test_tensordot(device, drawn):
    a, b, dims = drawn
    check(tensordot, torch.tensordot, a, b, device=device, dims=dims)


def test_tensordot_broadcasts_size_1(device):
    a, b = np.arange(3.0).reshape(1, 3), np.arange(6.0).reshape(2, 3)
    check(tensordot, torch.tensordot, a, b, device=device, dims=([0], [0]))


@pytest.mark.parametrize(
    ("dims", "error", "message"),
    [
        (-1, RuntimeError, "dims=-1 is out of range"),
        (3, RuntimeError, "dims=3 is out of range"),
        (([0], [1]), RuntimeError, "sizes 2 and 3 meet"),
        (([0], [0, 1]), RuntimeError, "two lists of the same length"),
        ([[0]], RuntimeError, "two lists of the same length"),
        (([0, 0], [0, 1]), RuntimeError, "appears twice"),
        (([5], [0]), IndexError, "dimension 5 is out of range"),
    ],
)
def test_dims_that_do_not_fit(device, dims, error, message):
    x = mg.ones((2, 3), device=device)
    with pytest.raises(error, match="tensordot: .*" + message):
        tensordot(x, x, dims)
