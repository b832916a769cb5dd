"""Sums of products over named dimensions: `einsum`, and `tensordot`, which numbers them instead.

Both become the same few steps, each of which knows its derivative: diagonals where an operand repeats a
label, sums over labels that nobody else has, and for each further operand one batched product of matrices.
"""

from collections.abc import Collection, Sequence
from math import prod
from typing import Any

from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.diagonal import diagonal
from minigrad.ops.matmul import matmul, require_same_dtype
from minigrad.ops.operands import dims_of
from minigrad.ops.reduce import sum as total
from minigrad.ops.shape import permute, reshape

__all__ = ["einsum", "tensordot"]

Labels = list[Any]
"""One label for each dimension of an operand: a letter or a number."""


def einsum(equation: str, *operands: Any) -> Any:
    """The sum of products that `equation` describes.

    Parameters
    ----------
    equation : str
        One letter for each dimension of each operand, a comma between operands, then `->` and the letters of
        the result. Letters that the result lacks are summed over; a letter repeated within one operand takes
        the diagonal; `...` stands for any further dimensions, which broadcast. Without `->` the result has
        the dimensions of `...` and then, in alphabetical order, the letters that appear exactly once.
    *operands : Tensor
        Of one dtype. More than two are multiplied from left to right.

    Raises
    ------
    TypeError
        If `equation` is no string (PyTorch's other form, with lists of integers, is not supported).
    RuntimeError
        If the equation is malformed, or does not fit the operands.

    Examples
    --------
    >>> import minigrad as mg
    >>> a = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.einsum("ij,kj->ik", a, a).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    >>> mg.einsum("ii", a).item()
    5.0
    """
    if not isinstance(equation, str):
        raise TypeError(
            f"einsum: the equation must be a string such as 'ij,jk->ik', got {type(equation).__name__}; "
            "lists of integers are not supported"
        )
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if is_autocasting():
        return autocasting("einsum", _einsum, equation, *operands)
    return _einsum(equation, *operands)


def _einsum(equation: str, *operands: Any) -> Any:
    require_same_dtype("einsum", *operands)
    return _contract("einsum", operands, *_parse(equation.replace(" ", ""), operands))


def tensordot(a: Any, b: Any, dims: int | Sequence[Sequence[int]] = 2) -> Any:
    """The sum of products over pairs of dimensions of `a` and `b`.

    Parameters
    ----------
    a, b : Tensor
    dims : int, or two sequences of int
        How many of the last dimensions of `a` meet as many of the first of `b`; or which of `a` meet which of
        `b`. The result has the other dimensions of `a`, then those of `b`.

    Raises
    ------
    RuntimeError
        If `dims` does not fit the shapes.

    Examples
    --------
    >>> import minigrad as mg
    >>> a, b = mg.ones((2, 3, 4)), mg.ones((4, 3, 5))
    >>> mg.tensordot(a, b, dims=([1, 2], [1, 0])).shape
    (2, 5)
    """
    if is_autocasting():
        return autocasting("tensordot", tensordot, a, b, dims)
    require_same_dtype("tensordot", a, b)
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot: dims={dims} is out of range for shapes {a.shape} and {b.shape}")
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    if len(dims) != 2 or len(dims[0]) != len(dims[1]):
        raise RuntimeError(f"tensordot: dims must be an integer or two lists of the same length, got {dims}")
    of_a, of_b = list(range(a.ndim)), list(range(a.ndim, a.ndim + b.ndim))
    if len(dims[0]):
        first = dims_of(list(dims[0]), a.ndim, "tensordot")
        second = dims_of(list(dims[1]), b.ndim, "tensordot")
        for i, j in zip(first, second, strict=True):
            of_b[j] = of_a[i]
    unpaired = [label for label in of_a + of_b if (label in of_a) != (label in of_b)]
    return _contract("tensordot", (a, b), [of_a, of_b], unpaired)


# ---------------------------------------------------------------------- reading an equation


def _parse(equation: str, operands: Sequence[Any]) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise RuntimeError(f"einsum: '{equation}' has {len(terms)} operands, but {len(operands)} were given")
    inputs, hidden = [], 0
    for i, (term, x) in enumerate(zip(terms, operands, strict=True)):
        before, dots, after = _split(term, equation)
        count = len(before) + len(after)
        if count > x.ndim or (count < x.ndim and not dots):
            raise RuntimeError(f"einsum: '{term}' does not fit operand {i}, which has shape {x.shape}")
        # The dimensions of `...` are numbered ..., -2, -1, so that those of all operands align at the last.
        inputs.append([*before, *range(count - x.ndim, 0), *after])
        hidden = max(hidden, x.ndim - count)
    letters = [label for labels in inputs for label in labels if isinstance(label, str)]
    if not arrow:
        once = [letter for letter in letters if letters.count(letter) == 1]
        return inputs, [*range(-hidden, 0), *sorted(once)]
    before, dots, after = _split(right, equation)
    for letter in before + after:
        if letter not in letters:
            raise RuntimeError(f"einsum: '{letter}' of the result is in no operand of '{equation}'")
        if right.count(letter) > 1:
            raise RuntimeError(f"einsum: '{letter}' appears more than once in the result of '{equation}'")
    return inputs, [*before, *range(-hidden if dots else 0, 0), *after]


def _split(term: str, equation: str) -> tuple[str, str, str]:
    """The letters before `...`, the dots if there are any, and the letters after them."""
    before, dots, after = term.partition("...")
    for character in before + after:
        if not (character.isascii() and character.isalpha()):
            raise RuntimeError(
                f"einsum: unexpected '{character}' in '{equation}'; a term has letters and at most one '...'"
            )
    return before, dots, after


# ---------------------------------------------------------------------- doing what it says


def _contract(name: str, operands: Sequence[Any], inputs: list[Labels], output: Labels) -> Any:
    """The sum of products, given labels."""
    sizes = _sizes(name, operands, inputs)
    product, labels = _without_repeats(name, operands[0], inputs[0], sizes)
    for i in range(1, len(operands)):
        needed = {label for later in (*inputs[i + 1 :], output) for label in later}
        factor, its_labels = _without_repeats(name, operands[i], inputs[i], sizes)
        product, labels = _multiply(product, labels, factor, its_labels, needed)
    product, labels = _summed(product, labels, output)
    return permute(product, [labels.index(label) for label in output])


def _sizes(name: str, operands: Sequence[Any], inputs: list[Labels]) -> dict[Any, int]:
    """The size of each label's dimensions, of which some may have size 1 and broadcast."""
    sizes: dict[Any, int] = {}
    for x, labels in zip(operands, inputs, strict=True):
        for label, size in zip(labels, x.shape, strict=True):
            known = sizes.get(label, 1)
            if known != size and 1 not in (known, size):
                shapes = " and ".join(str(x.shape) for x in operands)
                raise RuntimeError(f"{name}: sizes {known} and {size} meet in operands of shapes {shapes}")
            sizes[label] = size if known == 1 else known
    return sizes


def _without_repeats(name: str, x: Any, labels: Labels, sizes: dict[Any, int]) -> tuple[Any, Labels]:
    """An operand with each label once, and without dimensions that broadcast: it does not depend on them."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                sizes_of_label = f"{x.shape[i]} and {x.shape[j]}"
                raise RuntimeError(f"{name}: '{label}' stands for sizes {sizes_of_label} of one operand")
            x = diagonal(x, 0, i, j)
            labels = [other for k, other in enumerate(labels) if k not in (i, j)] + [label]
    kept = [i for i, label in enumerate(labels) if x.shape[i] == sizes[label]]
    return reshape(x, [x.shape[i] for i in kept]), [labels[i] for i in kept]


def _summed(x: Any, labels: Labels, needed: Collection[Any]) -> tuple[Any, Labels]:
    """The sum over the labels that are not needed."""
    dims = [i for i, label in enumerate(labels) if label not in needed]
    return (total(x, dims) if dims else x), [label for label in labels if label in needed]


def _multiply(a: Any, of_a: Labels, b: Any, of_b: Labels, needed: set[Any]) -> tuple[Any, Labels]:
    """The product of two operands, summed over the labels that only these two have."""
    a, of_a = _summed(a, of_a, needed | set(of_b))
    b, of_b = _summed(b, of_b, needed | set(of_a))
    batch = [label for label in of_a if label in of_b and label in needed]
    inner = [label for label in of_a if label in of_b and label not in needed]
    rows = [label for label in of_a if label not in of_b]
    columns = [label for label in of_b if label not in of_a]
    a = permute(a, [of_a.index(label) for label in batch + rows + inner])
    b = permute(b, [of_b.index(label) for label in batch + inner + columns])

    shared = a.shape[: len(batch)]
    heights = a.shape[len(batch) : len(batch) + len(rows)]
    widths = b.shape[len(batch) + len(inner) :]
    if inner:
        length = prod(a.shape[len(batch) + len(rows) :])
        a = reshape(a, (*shared, prod(heights), length))
        b = reshape(b, (*shared, length, prod(widths)))
        product = reshape(matmul(a, b), (*shared, *heights, *widths))
    else:  # nothing to sum: products of single elements, which matmul would do slowly
        a = reshape(a, (*shared, *heights, *[1] * len(widths)))
        b = reshape(b, (*shared, *[1] * len(heights), *widths))
        product = a * b
    return product, batch + rows + columns
