"""The numbers that a probe writes down; `optim.Probe` says what each of them is."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.tensor import Tensor
from optim.agr import AGR, regularizer
from optim.gradient import Gradient
from optim.memory import names_of
from optim.optimizer import Group, Optimizer
from optim.saving import state_dtype

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def measure(
    optimizer: Optimizer, group: Group, params: list[Tensor], gradients: list[Gradient]
) -> Iterator[dict[str, Any]]:
    """The measurements of all tensors of a group, of which `gradients` are about to update `params`."""
    given = regularizer(group["agr"])
    psi = replace(given, until_step=None) if given else AGR()
    names = names_of(optimizer)
    raw = [_contiguous(p.grad.data) for p in params]  # type: ignore[union-attr]
    sums = _sums(psi, raw)
    for p, g, S, finished, gradient in zip(params, raw, sums, psi.gradients(raw, 1), gradients, strict=True):
        if not g.size:
            continue
        xp = array_module(g)
        # AGR twice: exactly, and as the optimizer computes it.
        exact_g = g.astype(np.float64)
        alpha = xp.abs(exact_g) / S
        exact_psi = exact_g * (1 - alpha) if g.ndim >= psi.min_ndim else exact_g
        flat = Gradient(finished.array.reshape(-1), None, finished.total)
        psi_g = flat.piece(slice(None), out=xp.empty(g.size, g.dtype)).reshape(g.shape)
        applied = given is not None and not given.is_over(group["step"]) and g.ndim >= psi.min_ndim

        def updated(g: Array, factor: Any = gradient.factor, p: Tensor = p) -> Array:
            return _updated(optimizer, group, p, Gradient(g, factor))

        w = p.data.astype(np.float64)
        u_with, u_without = updated(exact_psi) - w, updated(exact_g) - w
        update = u_with if applied else u_without
        some = g != 0
        count = int(some.sum())
        norm = xp.linalg.norm
        yield {
            "name": names[p],
            "size": g.size,
            "agr": applied,
            "alpha_max": _number(alpha.max()),
            "alpha_quantiles": {
                str(level): _number(value)
                for level, value in zip(LEVELS, xp.quantile(alpha, xp.asarray(LEVELS)), strict=True)
            },
            "herfindahl": _number((alpha * alpha).sum() / psi.blocks(g)),
            "gradient_change": _ratio(norm(exact_g - exact_psi), norm(exact_g)),
            "update_change": _ratio(norm(u_with - u_without), norm(u_without)),
            "gradient_unchanged": _ratio(((psi_g == g) & some).sum(), count),
            "update_unchanged": _number((updated(psi_g) == updated(g)).mean()),
            "rounding": _ratio(norm(psi_g - exact_psi), norm(exact_g)),
            "grad_norm": _number(norm(exact_g)),
            "weight_norm": _number(norm(w)),
            "update_norm": _number(norm(update)),
            "effective_lr": _number(xp.median(xp.abs(update[some] / exact_g[some]))) if count else None,
        }


def _sums(psi: AGR, grads: list[Array]) -> list[Any]:
    """What each gradient's |g| are divided by, in a shape that broadcasts; 1 for a sum of 0."""
    sums = []
    for g in grads:
        blocks = psi.blocks(g)
        x = array_module(g).abs(g.astype(np.float64))
        sums.append(x.reshape(blocks, -1).sum(axis=1).reshape((blocks, *[1] * (g.ndim - 1))[: g.ndim]))
    if psi.scope == "global":
        chosen = [S.reshape(()) for S, g in zip(sums, grads, strict=True) if g.ndim >= psi.min_ndim]
        sums = [sum(chosen) if g.ndim >= psi.min_ndim else S for S, g in zip(sums, grads, strict=True)]
    return [S + (S == 0) for S in sums]


def _updated(optimizer: Optimizer, group: Group, p: Tensor, gradient: Gradient) -> Array:
    """The parameter as this gradient would leave it, computed in the gradient's dtype on copies."""
    stand_in = Tensor(p.data.astype(gradient.array.dtype))
    twin = copy(optimizer)
    twin.state = {}
    if p in optimizer.state:
        twin.state[stand_in] = {
            key: value if key == "step" else value.astype(state_dtype(stand_in))
            for key, value in optimizer.state[p].items()
        }
    twin._update_parameter(stand_in, gradient, group)
    return stand_in.data


def _contiguous(g: Array) -> Array:
    return array_module(g).ascontiguousarray(g).reshape(g.shape)  # type: ignore[no-any-return]


def _number(value: Any) -> float | None:
    value = float(value)
    return value if np.isfinite(value) else None


def _ratio(part: Any, whole: Any) -> float | None:
    return _number(part / whole) if float(whole) else None
