"""Adan: betas that decay and betas that are 1 minus decay, two weight decays, and two first steps."""

from typing import Any

import numpy as np

from experiments.atlas.convention import Array, Convention, Hyper, State, renaming

TERMS: Hyper = {
    "lr": 0.0,
    "beta1": 0.0,  # all three are decays
    "beta2": 0.0,
    "beta3": 0.0,
    "ahead": 0.0,  # the weight of the difference in the look-ahead
    "eps": 0.0,
    "eps_root": 0.0,  # inside the root
    "prox": 0.0,  # the decay of the proximal step
    "decay": 0.0,  # the decay before the step
    "max_grad_norm": 0.0,
    "waits": False,  # the first call changes nothing but the previous gradient
}

REASONS = {
    "ahead": "one weights the difference of two gradients by beta2 and the other by 1 - beta2",
    "eps_root": "one of them adds eps inside the root",
    "eps": "one of them adds eps outside the root",
    "max_grad_norm": "one of them cannot clip",
    "waits": "one of them makes no step at the first call",
    "prox": "the proximal step is that of a smaller learning rate, which would have to change with it",
    "decay": "one of them has no decay of that kind",
}
REASONS["decay"] = REASONS["prox"]


def simplest(terms: Hyper, constant_lr: bool) -> Hyper:
    """The same algorithm in a form that equal algorithms share."""
    c = {**TERMS, **terms}
    if c["prox"] and constant_lr:
        # (w - lr u) / (1 + lr p) = (1 - l p) w - l u  with  l = lr / (1 + lr p)
        c |= {"lr": c["lr"] / (1 + c["lr"] * c["prox"]), "decay": c["prox"], "prox": 0.0}
    return c


def _proximal(terms: Hyper) -> Hyper:
    """A decay before the step as the decay of a proximal step."""
    shrink = terms["lr"] * terms["decay"]
    if not 0 < shrink < 1:
        return terms
    return {**terms, "lr": terms["lr"] / (1 - shrink), "prox": terms["decay"], "decay": 0.0}


def _look_ahead(
    g: Array, s: State, t: int, betas: tuple[float, float, float], ahead: float, eps: float, eps_root: float
) -> Array:
    """Algorithm 1 with bias corrections: everything but the last line."""
    b1, b2, b3 = betas
    d = g - s["previous"] if t > 1 else 0 * g
    s["previous"] = g
    s["m"] = b1 * s["m"] + (1 - b1) * g
    s["v"] = b2 * s["v"] + (1 - b2) * d
    s["n"] = b3 * s["n"] + (1 - b3) * (g + ahead * d) ** 2
    numerator = s["m"] / (1 - b1**t) + ahead * s["v"] / (1 - b2**t)
    return numerator / (np.sqrt(s["n"] / (1 - b3**t) + eps_root) + eps)


def sail_sg_adan(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    betas: tuple[float, float, float],
    eps: float,
    weight_decay: float,
    no_prox: bool,
    max_grad_norm: float = 0.0,
) -> Array:
    """The authors' code: betas decay; the decay is proximal unless no_prox."""
    if max_grad_norm:
        g = g * min(1.0, max_grad_norm / (np.sqrt((g**2).sum()) + eps))
    u = _look_ahead(g, s, t, betas, betas[1], eps, 0.0)
    if no_prox:
        return (1 - lr * weight_decay) * w - lr * u
    return (w - lr * u) / (1 + lr * weight_decay)


def kozistr_adan(w: Array, g: Array, s: State, t: int, weight_decouple: bool, **rest: Any) -> Array:
    """pytorch_optimizer: decoupled means no_prox, and not decoupled means proximal."""
    return sail_sg_adan(w, g, s, t, no_prox=weight_decouple, **rest)


def paper_adan(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    betas: tuple[float, float, float],
    eps: float,
    weight_decay: float,
) -> Array:
    """The paper's letters: an average keeps 1 - beta, and the gradient gets beta."""
    decays = (1 - betas[0], 1 - betas[1], 1 - betas[2])
    u = _look_ahead(g, s, t, decays, 1 - betas[1], eps, 0.0)
    return (w - lr * u) / (1 + weight_decay * lr)


def lucidrains_adan(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    betas: tuple[float, float, float],
    eps: float,
    weight_decay: float,
) -> Array:
    """adan-pytorch: the first call remembers the gradient and decays w, and that is all."""
    d, s["previous"] = g - s["previous"], g
    b1, b2, b3 = betas
    if t > 1:
        s["m"] = (1 - b1) * s["m"] + b1 * g
        s["v"] = (1 - b2) * s["v"] + b2 * d
        s["n"] = (1 - b3) * s["n"] + b3 * (g + (1 - b2) * d) ** 2
    m, v, n = (s[name] / (1 - (1 - b) ** t) for name, b in zip("mvn", betas, strict=True))
    return (w - lr * (m + (1 - b2) * v) / (np.sqrt(n) + eps)) / (1 + weight_decay * lr)


def optax_adan(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    b1: float,
    b2: float,
    b3: float,
    eps: float,
    eps_root: float,
    weight_decay: float,
) -> Array:
    """Optax 0.2.8: the difference is weighted by 1 - b2; the decay is not proximal."""
    u = _look_ahead(g, s, t, (b1, b2, b3), 1 - b2, eps, eps_root)
    return w - learning_rate * (u + weight_decay * w)


def _authors(flag: str | None) -> dict[str, Any]:
    """`means` and `spells` of the optimizers with an option for a decay before the step."""

    def means(h: Hyper) -> Hyper:
        before = bool(flag and h[flag])
        return {
            "lr": h["lr"],
            **dict(zip(("beta1", "beta2", "beta3"), h["betas"], strict=True)),
            "ahead": h["betas"][1],
            "eps": h["eps"],
            "decay" if before else "prox": h["weight_decay"],
            "max_grad_norm": h.get("max_grad_norm", 0.0),
        }

    def spells(c: Hyper) -> Hyper:
        return {
            "lr": c["lr"],
            "betas": (c["beta1"], c["beta2"], c["beta3"]),
            "eps": c["eps"],
            "weight_decay": c["decay"] or c["prox"],
            **({flag: bool(c["decay"])} if flag else {}),
        }

    return {"means": means, "spells": spells}


def _clipping(pair: dict[str, Any]) -> dict[str, Any]:
    spells = pair["spells"]
    return {**pair, "spells": lambda c: {**spells(c), "max_grad_norm": c["max_grad_norm"]}}


def _papers_betas(h: Hyper) -> Hyper:
    return {**h, "betas": tuple(1 - beta for beta in h["betas"])}


def _papers(waits: bool) -> dict[str, Any]:
    pair = _authors(None)
    return {
        "means": lambda h: {**pair["means"](_papers_betas(h)), "waits": waits},
        "spells": lambda c: _papers_betas(pair["spells"](_proximal(c))),
    }


_optax = renaming(
    learning_rate="lr",
    b1="beta1",
    b2="beta2",
    b3="beta3",
    eps="eps",
    eps_root="eps_root",
    weight_decay="decay",
)
_defaults = {"lr": 1e-3, "betas": (0.98, 0.92, 0.99), "eps": 1e-8, "weight_decay": 0.0}
_papers_defaults = {**_defaults, "betas": (0.02, 0.08, 0.01)}

CONVENTIONS = [
    Convention(
        name="sail_sg.Adan",
        version="062d4cd",
        family="Adan",
        lr="lr",
        defaults={**_defaults, "max_grad_norm": 0.0, "no_prox": False},
        step=sail_sg_adan,
        **_clipping(_authors("no_prox")),
        source="https://github.com/sail-sg/Adan/blob/main/adan.py",
        checked="read",
        remark="the authors' code, and minigrad's Adan: betas are decays, 1 minus the paper's (issue 4)",
    ),
    Convention(
        name="timm.Adan",
        version="1.0.31",
        family="Adan",
        lr="lr",
        defaults={**_defaults, "no_prox": False},
        step=sail_sg_adan,
        **_authors("no_prox"),
        source="https://github.com/huggingface/pytorch-image-models/blob/main/timm/optim/adan.py",
        checked="run",
        remark="no max_grad_norm",
    ),
    Convention(
        name="pytorch_optimizer.Adan",
        version="4.1.0",
        family="Adan",
        lr="lr",
        defaults={**_defaults, "weight_decouple": False, "max_grad_norm": 0.0},
        step=kozistr_adan,
        **_clipping(_authors("weight_decouple")),
        source="https://github.com/kozistr/pytorch_optimizer/blob/main/pytorch_optimizer/optimizer/adan.py",
        checked="run",
        remark="weight_decouple=False is the proximal step, which is decoupled too",
    ),
    Convention(
        name="paper.Adan",
        version="v4",
        family="Adan",
        lr="lr",
        defaults=_papers_defaults,
        step=paper_adan,
        **_papers(waits=False),
        source="https://arxiv.org/abs/2208.06677",
        checked="read",
        remark="Algorithm 1 with its own betas, but averages from 0 and corrected, as in the authors' code",
    ),
    Convention(
        name="adan_pytorch.Adan",
        version="0.1.0",
        family="Adan",
        lr="lr",
        defaults=_papers_defaults,
        step=lucidrains_adan,
        **_papers(waits=True),
        source="https://github.com/lucidrains/Adan-pytorch/blob/main/adan_pytorch/adan.py",
        checked="run",
        remark="the paper's betas; the first call makes no step, but counts for the bias correction",
    ),
    Convention(
        name="optax.adan",
        version="0.2.8",
        family="Adan",
        lr="learning_rate",
        defaults={
            "learning_rate": 1e-3,
            "b1": 0.98,
            "b2": 0.92,
            "b3": 0.99,
            "eps": 1e-8,
            "eps_root": 1e-8,
            "weight_decay": 0.0,
        },
        step=optax_adan,
        means=lambda h: {**_optax["means"](h), "ahead": 1 - h["b2"]},
        spells=_optax["spells"],
        source="https://github.com/google-deepmind/optax/pull/1715",
        checked="run",
        remark="betas are decays, but the difference is weighted by 1 - b2 (a bug; the fix is proposed)",
    ),
]
