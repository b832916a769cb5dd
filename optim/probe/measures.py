"""The numbers that a probe writes down; `optim.Probe` says what each of them is."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.tensor import Tensor
from optim.agr import AGR, finished, regularizer
from optim.explanation.memory import names_of
from optim.gradient import PIECE, Gradient
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
    regularized = map(finished, psi.gradients(raw, 1))
    for p, g, S, changed, gradient in zip(params, raw, sums, regularized, gradients, strict=True):
        if not g.size:
            continue
        xp = array_module(g)
        alpha = (xp.abs(g, dtype=np.float64) / S).reshape(-1)
        chosen = g.ndim >= psi.min_ndim
        tensor = _Tensor(
            optimizer,
            group,
            p,
            g=g.reshape(-1),
            alpha=alpha if chosen else xp.zeros_like(alpha),
            psi=Gradient(changed.array.reshape(-1), None, changed.total),
            factor=gradient.factor,
            agr=given is not None and not given.is_over(group["step"]) and chosen,
        )
        size = PIECE if p.device == "cpu" else g.size
        parts = [tensor.part(slice(start, start + size)) for start in range(0, g.size, size)]
        total = {key: sum(float(part[key]) for part in parts) for key in parts[0] if key != "rates"}
        squares = {
            key: total[key] ** 0.5 for key in ("g", "g - psi", "w", "u", "with - without", "without", "error")
        }
        rates = xp.concatenate([part["rates"] for part in parts])
        yield {
            "name": names[p],
            "size": g.size,
            "agr": tensor.agr,
            "alpha_max": _number(alpha.max()),
            "alpha_quantiles": dict(zip(map(str, LEVELS), _quantiles(alpha, LEVELS), strict=True)),
            "herfindahl": _number(xp.square(alpha).sum() / psi.blocks(g)),
            "gradient_change": _ratio(squares["g - psi"], squares["g"]),
            "update_change": _ratio(squares["with - without"], squares["without"]),
            "gradient_unchanged": _ratio(total["unchanged"], rates.size),
            "update_unchanged": total["same update"] / g.size,
            "rounding": _ratio(squares["error"], squares["g"]),
            "grad_norm": _number(squares["g"]),
            "weight_norm": _number(squares["w"]),
            "update_norm": _number(squares["u"]),
            "effective_lr": _quantiles(rates, (0.5,))[0] if rates.size else None,
        }


@dataclass
class _Tensor:
    """A tensor about to be updated, all flat, that is measured in pieces which stay in the CPU's cache."""

    optimizer: Optimizer
    group: Group
    p: Tensor
    g: Array
    alpha: Array
    psi: Gradient
    factor: Any
    agr: bool

    def part(self, at: slice) -> dict[str, Any]:
        """Sums over a piece, most of them of squares, and the rate |u| / |g| of each g but 0."""
        raw = self.g[at]
        xp = array_module(raw)
        # AGR twice: exactly, and as the optimizer computes it.
        g = raw.astype(np.float64)
        psi = g * (1 - self.alpha[at])
        computed = self.psi.piece(at, out=xp.empty_like(raw))
        w = self._w[at].astype(np.float64)
        u_with, u_without = self._updated(psi, at) - w, self._updated(g, at) - w
        u = u_with if self.agr else u_without
        some = raw != 0
        sums = {
            "g": g,
            "g - psi": g - psi,
            "error": computed - psi,
            "w": w,
            "u": u,
            "with - without": u_with - u_without,
            "without": u_without,
        }
        return {
            **{key: xp.square(x).sum() for key, x in sums.items()},
            "unchanged": ((computed == raw) & some).sum(),
            "same update": (self._updated(computed, at) == self._updated(raw, at)).sum(),
            "rates": xp.abs(u[some] / g[some]),
        }

    @property
    def _w(self) -> Array:
        return self.p.data.reshape(-1)

    def _updated(self, gradient: Array, at: slice) -> Array:
        """The parameter as this gradient would leave it, computed in the gradient's dtype on copies."""
        stand_in = Tensor(self._w[at].astype(gradient.dtype))
        twin = copy(self.optimizer)
        twin.state = {}
        if self.p in self.optimizer.state:
            twin.state[stand_in] = {
                key: value if key == "step" else value.reshape(-1)[at].astype(state_dtype(stand_in))
                for key, value in self.optimizer.state[self.p].items()
            }
        twin._update_parameter(stand_in, Gradient(gradient, self.factor), self.group)
        return stand_in.data


def _sums(psi: AGR, grads: list[Array]) -> list[Any]:
    """What each gradient's |g| are divided by, in a shape that broadcasts; 1 for a sum of 0."""
    sums = []
    for g in grads:
        blocks = psi.blocks(g)
        x = array_module(g).abs(g).reshape(blocks, -1)
        S = x.sum(axis=1, dtype=np.float64)
        sums.append(S.reshape((blocks, *[1] * (g.ndim - 1))[: g.ndim]))
    if psi.scope == "global":
        chosen = [S.reshape(()) for S, g in zip(sums, grads, strict=True) if g.ndim >= psi.min_ndim]
        sums = [sum(chosen) if g.ndim >= psi.min_ndim else S for S, g in zip(sums, grads, strict=True)]
    return [S + (S == 0) for S in sums]


def _quantiles(x: Array, levels: Sequence[float]) -> list[float | None]:
    """Linear interpolation between the sorted values; NumPy sorts faster than it finds a quantile."""
    xp = array_module(x)
    x = xp.sort(x)
    place = np.array(levels) * (x.size - 1)
    below = np.floor(place).astype(int)
    low, high = x[xp.asarray(below)], x[xp.asarray(np.ceil(place).astype(int))]
    return [_number(value) for value in low + (high - low) * xp.asarray(place - below)]


def _contiguous(g: Array) -> Array:
    return array_module(g).ascontiguousarray(g).reshape(g.shape)  # type: ignore[no-any-return]


def _number(value: Any) -> float | None:
    value = float(value)
    return value if np.isfinite(value) else None


def _ratio(part: float, whole: float) -> float | None:
    return _number(part / whole) if whole else None
