"""One update of one element, opened up: every equation, the numbers in it, and its result.

Nothing here knows an optimizer's formula. The update that ran is run once more on one element, with `Traced`
values in the place of arrays and hyper-parameters; see `optim.trace`.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from minigrad.backend import Array, is_array, to_numpy
from minigrad.tensor import Tensor
from optim.agr import shares
from optim.gradient import Gradient
from optim.memory import Update, find, last_update, names_of
from optim.notation import Names, latex, latex_name, latex_number, number, text
from optim.optimizer import Optimizer
from optim.saving import state_dtype
from optim.trace import Expression, Traced, traced

# The letters of the algorithm boxes.
STATE_LETTERS = {
    "exp_avg": "m[t]",
    "exp_avg_sq": "v[t]",
    "max_exp_avg_sq": "s[t]",
    "exp_avg_diff": "v[t]",
    "neg_pre_grad": "-g[t]",
    "momentum_buffer": "b[t]",
    "square_avg": "v[t]",
    "grad_avg": "g_bar[t]",
}
HYPER_LETTERS = {"weight_decay": "lambda", "momentum": "mu", "dampening": "tau", "step": "t"}


@dataclass
class Equation:
    """A line of the algorithm: what is computed, and from what.

    Parameters
    ----------
    name : str
    expression : Expression
    words : str
        What is not a formula, or says what the formula means.
    """

    name: str
    expression: Expression
    words: str = ""


@dataclass
class Explanation:
    """The last update of one element; see `Optimizer.explain`.

    Parameters
    ----------
    title : str
    equations : list of Equation
        In the order in which they were computed; the last one gives the parameter.
    stored : Array
        The element as it stands in the parameter now, an array with one element.

    Examples
    --------
    >>> import minigrad as mg
    >>> import optim
    >>> w = mg.tensor([1.0, 2.0], requires_grad=True, dtype="float64")
    >>> optimizer = optim.SGD([("w", w)], lr=0.5, momentum=0.9)
    >>> optimizer.remember()
    >>> w.grad = mg.tensor([0.25, 1.0], dtype="float64")
    >>> optimizer.step()
    >>> print(optimizer.explain("w", 1))
    SGD, update 1 of w[1], computed in float64
    <BLANKLINE>
      g[t] = grad
           = 1.0
    <BLANKLINE>
      b[t] = b[t-1] * mu + g[t]
           = 0.0 * 0.9 + 1.0
           = 1.0
    <BLANKLINE>
      w[t] = w[t-1] - b[t] * lr
           = 2.0 - 1.0 * 0.5
           = 1.5
    <BLANKLINE>
    This is the stored parameter, bit for bit.
    """

    title: str
    equations: list[Equation]
    stored: Array

    @property
    def result(self) -> Array:
        """What the arithmetic gives, in the dtype of the parameter."""
        return self.equations[-1].expression.value  # type: ignore[no-any-return]

    @property
    def exact(self) -> bool:
        """Whether the result is the stored parameter, bit for bit."""
        return self.result.dtype == self.stored.dtype and self.result.tobytes() == self.stored.tobytes()

    @property
    def names(self) -> Names:
        """The name of every expression that has an equation of its own."""
        return {equation.expression: equation.name for equation in self.equations}

    def __str__(self) -> str:
        width = max(len(equation.name) for equation in self.equations)
        lines = [self.title]
        for equation in self.equations:
            sides = list(self._right_hand_sides(equation))
            lines.append("")
            lines += [
                f"  {equation.name if i == 0 else '':<{width}} = {side}" for i, side in enumerate(sides)
            ]
        return "\n".join([*lines, "", self._verdict()])

    def _right_hand_sides(self, equation: Equation) -> Iterator[str]:
        if equation.words:
            yield equation.words
        if equation.expression.operation:
            yield text(equation.expression, self.names)
            yield text(equation.expression, self.names, numbers=True)
        yield number(equation.expression.value)

    def _repr_latex_(self) -> str:
        rows = []
        for equation in self.equations:
            sides = [rf"\text{{{equation.words}}}"] if equation.words else []
            if equation.expression.operation:
                sides.append(latex(equation.expression, self.names))
                sides.append(latex(equation.expression, self.names, numbers=True))
            sides.append(latex_number(equation.expression.value))
            rows.append(latex_name(equation.name) + "".join(rf" &= {side} \\" + "\n" for side in sides))
        return "$$\\begin{aligned}\n" + "".join(rows) + rf"&\text{{{self._verdict()}}}" + "\n\\end{aligned}$$"

    def _verdict(self) -> str:
        if self.exact:
            return "This is the stored parameter, bit for bit."
        return (
            f"The stored parameter is {number(self.stored)}: it has been changed since, "
            "or this device rounds otherwise than NumPy."
        )


def explain(optimizer: Optimizer, parameter: str | int | Tensor, index: int | tuple[int, ...]) -> Explanation:
    """See `Optimizer.explain`."""
    p = find(optimizer, parameter)
    name = names_of(optimizer)[p]
    place = _place(p, name, index)
    update = last_update(optimizer, p)
    with np.errstate(all="ignore"):  # the warnings came when the update ran
        equations = list(_equations(optimizer, p, update, place))
    position = ", ".join(map(str, (index,) if isinstance(index, int) else index))
    return Explanation(
        f"{type(optimizer).__name__}, update {update.step} of {name}[{position}], "
        f"computed in {state_dtype(p).name}",
        equations,
        _element(p.data.reshape(-1), place),
    )


def _equations(optimizer: Optimizer, p: Tensor, update: Update, place: int) -> Iterator[Equation]:
    """Run the update on one element, and what it left in each array."""
    g = yield from _gradient(update, place, state_dtype(p))
    dtype = state_dtype(p)

    def array(values: Array | None, name: str) -> Traced:
        value = np.zeros(1, dtype) if values is None else _element(values, place).astype(dtype)
        return Traced(value, name.replace("[t]", "[t-1]"))

    names = optimizer.state_arrays(update.group)
    letters = {key: STATE_LETTERS.get(key, f"{key}[t]") for key in names}
    if "exp_avg_diff" in letters:  # Adan calls the average of the squares n, for v is that of the differences
        letters["exp_avg_sq"] = "n[t]"
    w = array(update.w, "w[t]")
    state = {key: array(update.state.get(key), letter) for key, letter in letters.items()}
    now = {"step": Traced(update.step, "t"), **state}
    group = {key: _hyper_parameter(key, value) for key, value in update.group.items()}
    before = {key: box.expression for key, box in state.items()}

    in_place = type(optimizer).update_in_place is not Optimizer.update_in_place
    if p.device == "cpu" and in_place:
        t, h = Traced(np.zeros(1, dtype)), Traced(np.zeros(1, dtype))
        traced(optimizer.update_in_place)(w, g, now, group, t, h)
    else:
        traced(optimizer.update)(w, g, now, group)

    changed = [
        Equation(letters[key], box.expression)
        for key, box in state.items()
        if box.expression is not before[key] and key != "neg_pre_grad"  # which would be -g[t] = -g[t]
    ]
    yield from sorted(changed, key=lambda equation: equation.expression.order)
    yield Equation("w[t]", w.expression)
    if p.dtype != dtype:
        stored = Traced(np.zeros(1, p.dtype))
        stored[...] = w
        yield Equation("stored", stored.expression)


def _gradient(update: Update, place: int, dtype: "np.dtype[Any]") -> Generator[Equation, None, Traced]:
    """From the raw gradient to the one that the update gets: AGR, then a factor."""
    factor = update.gradient.factor
    raw = _element(update.raw, update.start + place)
    if factor is None and not update.blocks:
        g = Traced(raw.astype(dtype), "g[t]")
        yield Equation("g[t]", g.expression, "grad")
        return g
    g = Traced(raw, "grad")
    yield Equation("grad", g.expression)
    if update.blocks:
        name, words = (
            ("g[t]", "Psi(grad) = grad * (1 - alpha)") if factor is None else ("Psi", "grad * (1 - alpha)")
        )
        g = yield from _psi(update, g, place)
        g = _rounded(g, dtype)
        yield Equation(name, g.expression, words)
    if factor is not None:
        if factor != -1:
            factor = Traced(to_numpy(factor) if is_array(factor) else factor, "c")
            yield Equation("c", factor.expression, "clip coefficient of all gradients together")
        g = _finished(_rounded(g, dtype), factor=factor)
        yield Equation("g[t]", g.expression)
    return g


def _psi(update: Update, grad: Traced, place: int) -> Generator[Equation, None, Traced]:
    """AGR of one element, as `optim.agr` computes it for all together or `Gradient.piece` for a piece."""
    xp: Any = np  # its functions take Traced values, of which the annotations know nothing
    count = update.raw.size // update.blocks
    words = f"sum of |grad| over {count} elements"
    if update.gradient.total is not None:
        S: Any = Traced(update.gradient.total, "S")
        yield Equation("S", S.expression, words)
        yield Equation("alpha", (xp.abs(grad) / S).expression)
        return _finished(grad, total=S)  # type: ignore[no-any-return]

    row, column = divmod(update.start + place, count)
    rows = update.raw.reshape(update.blocks, count)
    x, largest, others, sums = shares(rows)
    if not rows[row].any():
        words += " is 0, in place of which"
    S = Traced(_element(sums, row), "S")
    yield Equation("S", S.expression, words)
    psi, alpha = _empty(x.dtype), _empty(x.dtype)
    xp.divide(xp.abs(grad, out=alpha), S, out=alpha, casting="same_kind")
    yield Equation("alpha", alpha.expression)
    if column == int(largest[1][row]):
        R = Traced(_element(others, row), "R")
        yield Equation(
            "R", R.expression, "the same without this element, the largest: then 1 - alpha = R / S"
        )
        psi[...] = grad / S * R
    else:
        xp.subtract(1, alpha, out=psi)
        psi *= grad
    return _rounded(psi, update.gradient.array.dtype)


def _finished(g: Any, **how: Any) -> Any:
    out: Any = _empty(g.dtype)
    return Gradient(g, **how).piece(slice(None), out)


def _hyper_parameter(key: str, value: Any) -> Any:
    if key == "betas":
        return tuple(Traced(beta, f"beta{i}") for i, beta in enumerate(value, start=1))
    if isinstance(value, Real) and not isinstance(value, bool):
        return Traced(value, HYPER_LETTERS.get(key, key))
    return value


def _rounded(x: Traced, dtype: "np.dtype[Any]") -> Traced:
    if x.dtype == dtype:
        return x
    result = _empty(dtype)
    result[...] = x
    return result


def _empty(dtype: "np.dtype[Any]") -> Traced:
    return Traced(np.zeros(1, dtype))


def _element(flat: Array, i: int) -> Array:
    return to_numpy(flat[i : i + 1]).copy()


def _place(p: Tensor, name: str, index: int | tuple[int, ...]) -> int:
    """Where the element is in the flattened parameter."""
    given = (index,) if isinstance(index, int) else tuple(index)
    fits = len(given) == p.ndim and all(-n <= i < n for i, n in zip(given, p.shape, strict=True))
    if not fits:
        raise IndexError(f"{name} has shape {p.shape}, and so no element {given}")
    place = 0
    for i, n in zip(given, p.shape, strict=True):
        place = place * n + i % n
    return place
