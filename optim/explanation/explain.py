"""One update of one element, opened up: every equation, the numbers in it, and its result.

Nothing here knows an optimizer's formula. The update that ran is run once more on one element, with `Traced`
values in the place of arrays and hyper-parameters; see `optim.explanation.trace`.
"""

from collections.abc import Generator, Iterator
from numbers import Real
from typing import Any

import numpy as np

from minigrad.backend import Array, is_array, to_numpy
from minigrad.tensor import Tensor
from optim.agr import shares
from optim.explanation.equations import Equation, Explanation
from optim.explanation.memory import Update, find, last_update, names_of
from optim.explanation.trace import Traced, traced
from optim.gradient import Gradient
from optim.optimizer import Optimizer
from optim.saving import state_dtype

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


def explain(optimizer: Optimizer, parameter: str | int | Tensor, index: int | tuple[int, ...]) -> Explanation:
    """See `Optimizer.explain`."""
    p = find(optimizer, parameter)
    name = names_of(optimizer)[p]
    place = _place(p, name, index)
    update = last_update(optimizer, p)
    with np.errstate(all="ignore"):  # the warnings came when the update ran
        equations = list(_equations(optimizer, p, update, place))
    position = ", ".join(map(str, index if isinstance(index, tuple) else (index,)))
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
    given = index if isinstance(index, tuple) else (index,)
    fits = len(given) == p.ndim and all(-n <= i < n for i, n in zip(given, p.shape, strict=True))
    if not fits:
        raise IndexError(f"{name} has shape {p.shape}, and so no element {given}")
    place = 0
    for i, n in zip(given, p.shape, strict=True):
        place = place * n + i % n
    return place
