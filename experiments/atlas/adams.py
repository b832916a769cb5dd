"""The Adams of the atlas: whose rule, by which names, with which defaults, and where it stands."""

from typing import Any

from experiments.atlas.adam import (
    REASONS as REASONS,
)
from experiments.atlas.adam import TERMS as TERMS
from experiments.atlas.adam import (
    addons_adamw,
    bert_adamw,
    chainer_adam,
    dezero_adam,
    keras_adam,
    mlx_adamw,
    optax_adamw,
    optax_amsgrad,
    torch_adam,
    torch_adamw,
    transformers_adamw,
)
from experiments.atlas.adam import simplest as simplest
from experiments.atlas.convention import Convention, Hyper, renaming


def _chainer_means(h: Hyper) -> Hyper:
    names = ("beta1", "beta2", "amsgrad")
    return {
        "lr": h["eta"] * h["alpha"],
        "eps_hat": h["eps"],
        "decay_per_step": h["eta"] * h["weight_decay_rate"],
        **{name: h[name] for name in names},
    }


def _chainer_spells(c: Hyper) -> Hyper:
    return {
        "alpha": c["lr"],
        "beta1": c["beta1"],
        "beta2": c["beta2"],
        "eps": c["eps_hat"] or c["eps"],
        "eta": 1.0,
        "weight_decay_rate": c["decay_per_step"] + c["lr"] * c["decay"],
        "amsgrad": c["amsgrad"],
    }


def _decaying_after(terms: Hyper) -> Hyper:
    """The same with the decay after the step, which shrinks the step as well."""
    shrink = terms["lr"] * terms["decay"]
    if not 0 < shrink < 1:
        return terms
    return {**terms, "lr": terms["lr"] / (1 - shrink), "decay_after": terms["decay"] * (1 - shrink)}


def _either_eps(own: str, pair: dict[str, Any], **fixed: Any) -> dict[str, Any]:
    """For an optimizer with epsilon hat: what others call eps may mean the same (see `simplest`)."""
    means, spells = pair["means"], pair["spells"]
    return {
        "means": lambda h: {**means(h), **fixed},
        "spells": lambda c: {**spells(c), own: c["eps_hat"] or c["eps"]},
    }


_torch = {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "amsgrad": "amsgrad"}
_torch_defaults = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
_keras = _either_eps(
    "epsilon",
    renaming(
        learning_rate="lr",
        beta_1="beta1",
        beta_2="beta2",
        epsilon="eps_hat",
        amsgrad="amsgrad",
        weight_decay="decay",
    ),
)
_keras_defaults = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}
_optax = {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "eps_root": "eps_root"}
_optax_defaults = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "eps_root": 0.0}
_amsgrad = renaming(**_optax)
_transformers = _either_eps(
    "eps",
    renaming(
        lr="lr",
        betas=("beta1", "beta2"),
        eps="eps_hat",
        weight_decay="decay_after",
        correct_bias="corrected",
    ),
)
_addons = _either_eps(
    "epsilon",
    renaming(
        learning_rate="lr",
        beta_1="beta1",
        beta_2="beta2",
        epsilon="eps_hat",
        amsgrad="amsgrad",
        weight_decay="decay_per_step",
    ),
)
_mlx = {"learning_rate": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "bias_correction": "corrected"}
_mlx_defaults = {"learning_rate": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "bias_correction": False}
_bert = renaming(learning_rate="lr", weight_decay_rate="decay", beta_1="beta1", beta_2="beta2", epsilon="eps")
_PYTORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim"
_KERAS = "https://github.com/keras-team/keras/blob/master/keras/src/optimizers"
_OPTAX = "https://github.com/google-deepmind/optax/blob/main/optax/_src"
_MLX = "https://github.com/ml-explore/mlx/blob/main/python/mlx/optimizers/optimizers.py"


def _entry(
    name: str,
    version: str,
    lr: str,
    defaults: Hyper,
    step: Any,
    pair: dict[str, Any],
    source: str,
    checked: str = "run",
    remark: str = "",
) -> Convention:
    return Convention(
        name, version, "Adam", lr, defaults, step, **pair, source=source, checked=checked, remark=remark
    )


CONVENTIONS = [
    _entry(
        "torch.Adam",
        "2.13.0",
        "lr",
        {**_torch_defaults, "weight_decay": 0.0, "amsgrad": False},
        torch_adam,
        renaming(**_torch, weight_decay="l2"),
        f"{_PYTORCH}.Adam.html",
        remark="weight_decay is an L2 penalty; amsgrad's maximum is that of the uncorrected v",
    ),
    _entry(
        "torch.AdamW",
        "2.13.0",
        "lr",
        {**_torch_defaults, "weight_decay": 1e-2, "amsgrad": False},
        torch_adamw,
        renaming(**_torch, weight_decay="decay"),
        f"{_PYTORCH}.AdamW.html",
        remark="weight_decay is multiplied by lr, unlike in the paper",
    ),
    _entry(
        "keras.Adam",
        "3.15.1",
        "learning_rate",
        {**_keras_defaults, "weight_decay": 0.0},
        keras_adam,
        _keras,
        f"{_KERAS}/adam.py",
        remark="epsilon is added before the bias correction; weight_decay is decoupled",
    ),
    _entry(
        "keras.AdamW",
        "3.15.1",
        "learning_rate",
        {**_keras_defaults, "weight_decay": 0.004},
        keras_adam,
        _keras,
        f"{_KERAS}/adamw.py",
        remark="the same class as Adam with another default",
    ),
    _entry(
        "optax.adam",
        "0.2.8",
        "learning_rate",
        _optax_defaults,
        optax_adamw,
        renaming(**_optax),
        f"{_OPTAX}/transform.py",
        remark="eps_root is added to the corrected v, inside the root",
    ),
    _entry(
        "optax.adamw",
        "0.2.8",
        "learning_rate",
        {**_optax_defaults, "weight_decay": 1e-4},
        optax_adamw,
        renaming(**_optax, weight_decay="decay"),
        f"{_OPTAX}/alias.py",
        remark="the default weight_decay is a hundredth of PyTorch's",
    ),
    _entry(
        "optax.amsgrad",
        "0.2.8",
        "learning_rate",
        _optax_defaults,
        optax_amsgrad,
        {
            "means": lambda h: {**_amsgrad["means"](h), "amsgrad_corrected": True},
            "spells": _amsgrad["spells"],
        },
        "https://github.com/pytorch/pytorch/issues/142323",
        remark="the maximum is that of the corrected v",
    ),
    _entry(
        "mlx.Adam",
        "0.32.4",
        "learning_rate",
        _mlx_defaults,
        mlx_adamw,
        renaming(**_mlx),
        _MLX,
        remark="no bias correction unless bias_correction=True",
    ),
    _entry(
        "mlx.AdamW",
        "0.32.4",
        "learning_rate",
        {**_mlx_defaults, "weight_decay": 0.01},
        mlx_adamw,
        renaming(**_mlx, weight_decay="decay"),
        _MLX,
        remark="no bias correction unless bias_correction=True",
    ),
    _entry(
        "chainer.Adam",
        "026c01a",
        "alpha",
        {
            "alpha": 1e-3,
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": 1e-8,
            "eta": 1.0,
            "weight_decay_rate": 0.0,
            "amsgrad": False,
        },
        chainer_adam,
        {"means": _chainer_means, "spells": _chainer_spells},
        "https://github.com/chainer/chainer/blob/026c01a/chainer/optimizers/adam.py",
        "read",
        "weight_decay_rate is not multiplied by alpha; eps before the correction; "
        "on a CPU this revision forgets amsgrad's maximum (see the museum)",
    ),
    _entry(
        "dezero.Adam",
        "0.0.13",
        "alpha",
        {"alpha": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
        dezero_adam,
        _either_eps(
            "eps", renaming(alpha="lr", beta1="beta1", beta2="beta2", eps="eps_hat", weight_decay="l2")
        ),
        "https://github.com/oreilly-japan/deep-learning-from-scratch-3/blob/master/dezero/optimizers.py",
        remark="eps before the correction; averages are kept by id(param)",
    ),
    _entry(
        "bert.AdamWeightDecayOptimizer",
        "02102db",
        "learning_rate",
        {
            "learning_rate": 1e-3,
            "weight_decay_rate": 0.0,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-6,
        },
        bert_adamw,
        {**_bert, "means": lambda h: {**_bert["means"](h), "corrected": False}},
        "https://github.com/google-research/bert/blob/master/optimization.py",
        "read",
        "no bias correction at all",
    ),
    _entry(
        "transformers.AdamW",
        "ad1fc96",
        "lr",
        {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-6, "weight_decay": 0.0, "correct_bias": True},
        transformers_adamw,
        {**_transformers, "spells": lambda c: _transformers["spells"](_decaying_after(c))},
        "https://github.com/huggingface/transformers/blob/ad1fc96/src/transformers/optimization.py",
        "read",
        "w decays after the step; eps before the correction",
    ),
    _entry(
        "tensorflow_addons.AdamW",
        "077924c",
        "learning_rate",
        {"weight_decay": 0.0, **_keras_defaults},
        addons_adamw,
        {
            **_addons,
            "spells": lambda c: {
                **_addons["spells"](c),
                "weight_decay": c["decay_per_step"] + c["lr"] * c["decay"],
            },
        },
        "https://github.com/tensorflow/addons/issues/2282",
        "read",
        "weight_decay is not multiplied by the learning rate and has no default",
    ),
]
