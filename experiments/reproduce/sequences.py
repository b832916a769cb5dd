"""The experiments beyond classification: DDPM on CIFAR-10, ALBERT on WikiText-2, a GPT on Shakespeare.

Each has a training loop of its own; the settings here are handed to it.
"""

from typing import Any

from experiments.reproduce.experiment import Arm, Experiment, Outcome, pair

_CUDA = {"device": "cuda"}
_EPOCH = -(-50_000 // 128)  # steps of an epoch of CIFAR-10

DDPM = Experiment(
    "ddpm",
    "CIFAR-10, diffusion (DDPM)",
    "experiments.reproduce.generation:run",
    pair("adan", "Adan"),
    {
        "smoke": {
            "data": "cifar10",
            "channels": 8,
            "multipliers": [1, 2],
            "attention": [],
            "steps": 40,
            "batch_size": 16,
            "sample_every": 20,
            "sample_steps": 10,
            "samples": 4,
            "limit_train": 2000,
            "limit_test": 64,
        },
        "laptop": {
            "data": "cifar10",
            "steps": 6000,
            "sample_every": 500,
            "limit_test": 1000,
        },
        "gpu": _CUDA
        | {
            "data": "cifar10",
            "channels": 64,
            "multipliers": [1, 2, 2, 2],
            "attention": [16],
            "blocks": 2,
            "dropout": 0.1,
            "batch_size": 128,
            "lr": 2e-4,
            "warmup": 200,
            "ema": 0.999,
            "steps": 60 * _EPOCH,
            "sample_every": 5 * _EPOCH,
        },
        "paper": _CUDA
        | {
            "data": "cifar10",
            "channels": 128,
            "multipliers": [1, 2, 2, 2],
            "attention": [16],
            "blocks": 2,
            "dropout": 0.1,
            "batch_size": 128,
            "lr": 2e-4,
            "weight_decay": 0.0,
            "clip": 1.0,
            "warmup": 200,
            "ema": 0.9999,
            "schedule": "linear",
            "steps": 2000 * _EPOCH,
            "sample_every": 10 * _EPOCH,
            "sample_steps": 100,
        },
    },
    Outcome("test_loss", "test loss", "thousandths", margin=0.5, factor=1000, higher_is_better=False),
    ("train_loss", "test_loss"),
    clock="step",
    notes=("The CIFAR images of this project's own runs are a lossy copy (AVIF, 31.7 dB).",),
    needs="experiments.diffusion",
)


def _decays() -> tuple[Arm, ...]:
    """AdamW and AdamW(AGR) at each weight decay; AGR is compared at equal decay."""
    arms = []
    for decay in (0.0, 0.01, 0.1):
        for agr in (False, True):
            name = "AdamW(AGR)" if agr else "AdamW"
            changes: dict[str, Any] = {"optimizer": "adamw", "agr": agr, "weight_decay": decay}
            against = f"AdamW, decay {decay:g}" if agr else None
            arms.append(Arm(f"{name}, decay {decay:g}", changes, against))
    return tuple(arms)


ALBERT = Experiment(
    "albert",
    "WikiText-2, ALBERT",
    "experiments.reproduce.language:run_albert",
    _decays(),
    # The paper's code: AdamW at 5e-5, batches of 8, 10 epochs; 15 % masked, in n-grams of up to 3.
    {
        "smoke": {"steps": 20, "batch_size": 8},
        "laptop": {"steps": 3000, "batch_size": 16},
        "gpu": _CUDA | {"steps": 20_000, "batch_size": 64},
        "paper": _CUDA | {"epochs": 10, "batch_size": 8, "lr": 5e-5},
    },
    Outcome("test_loss", "masked-LM test loss", "nats", margin=0.05, higher_is_better=False),
    ("train_loss", "test_loss"),
    clock="step",
    needs="experiments.reproduce.language",
)

GPT = Experiment(
    "gpt",
    "Shakespeare, GPT",
    "experiments.reproduce.language:run_gpt",
    pair("adamw", "AdamW"),
    {
        "smoke": {"steps": 20, "batch_size": 8},
        "laptop": {"steps": 3000, "batch_size": 32},
        "gpu": _CUDA | {"steps": 5000, "batch_size": 64},
        "paper": _CUDA | {"steps": 5000, "batch_size": 64},
    },
    Outcome("test_loss", "test loss", "nats per character", margin=0.01, higher_is_better=False),
    ("train_loss", "test_loss"),
    clock="step",
    notes=("The paper trained no such network: this experiment is ours.",),
    needs="experiments.reproduce.language",
)
