"""The experiments beyond classification: DDPM on CIFAR-10, ALBERT on WikiText-2, a GPT on Shakespeare.

Each has a training loop of its own; the settings here are handed to it.
"""

from typing import Any

from experiments.reproduce.experiment import Arm, Experiment, Outcome, pair

_CUDA = {"device": "cuda"}
_EPOCH = -(-50_000 // 128)  # steps of an epoch of CIFAR-10
_ALBERT_EPOCH = 2_088_628 // (512 * 8)  # of WikiText-2's tokens
_LARGE_GPT = (
    _CUDA
    | {"steps": 5000, "batch_size": 64, "width": 384, "layers": 6, "heads": 6}
    | {"context": 256, "dropout": 0.2, "lr": 1e-3}
)
# Networks of a moment, to see that everything runs.
_SMOKE = {"steps": 20, "warmup": 5, "report_every": 10, "batch_size": 8, "width": 32, "layers": 1}

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
            "fid_samples": 16,
            "limit_train": 2000,
            "limit_test": 64,
            "classifier": {"model": "resnet8", "epochs": 1, "limit_train": 512, "limit_test": 256},
        },
        "laptop": {
            "data": "cifar10",
            "channels": 24,
            "steps": 3000,
            "batch_size": 32,
            "sample_every": 500,
            "sample_steps": 25,
            "fid_samples": 256,
            "limit_test": 512,
            "classifier": {"model": "resnet20", "epochs": 5, "limit_train": 20_000, "limit_test": 5000},
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
            "fid_samples": 5000,
            "classifier": {"model": "resnet18", "model_options": {"stem": "cifar"}, "epochs": 30},
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
            "fid_samples": 50_000,
            "classifier": {"model": "resnet18", "model_options": {"stem": "cifar"}, "epochs": 200},
        },
    },
    Outcome("test_loss", "test loss", "thousandths", margin=0.5, factor=1000, higher_is_better=False),
    ("train_loss", "test_loss", "FID-minigrad", "IS"),
    clock="step",
    notes=(
        "FID-minigrad and IS come from a classifier that is trained here first and judges all runs: they say "
        "which run is better, and cannot be compared with the FID or IS of any paper.",
        "The CIFAR images of this project's own runs are a lossy copy (AVIF, 31.7 dB).",
    ),
    preparation="experiments.reproduce.generation:prepare",
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
        "smoke": _SMOKE | {"context": 32, "embedding_size": 16, "hidden": 64, "vocab_size": 2000},
        # valid_batches: all validation pairs, for 0.8 points of standard error in the accuracy.
        "laptop": {"steps": 1600, "batch_size": 16, "report_every": 400, "valid_batches": 236}
        | {"width": 128, "hidden": 512, "embedding_size": 64},
        "gpu": _CUDA | {"steps": 20_000, "batch_size": 64, "layers": 12, "width": 512, "hidden": 2048},
        "paper": _CUDA
        | {"steps": 10 * _ALBERT_EPOCH, "batch_size": 8, "lr": 5e-5, "layers": 12, "heads": 12}
        | {"width": 768, "hidden": 3072, "embedding_size": 128, "vocab_size": 30_000, "context": 512},
    },
    Outcome("valid_sop_accuracy", "sentence-order accuracy", "points", margin=1.0, factor=100),
    ("train_mlm_loss", "valid_mlm_loss", "valid_sop_accuracy"),
    clock="step",
    notes=("Steps of 10 epochs are those of segments of 512 tokens.",),
)

GPT = Experiment(
    "gpt",
    "Shakespeare, GPT",
    "experiments.reproduce.language:run_gpt",
    pair("adamw", "AdamW"),
    {
        "smoke": _SMOKE,
        "laptop": {"steps": 4000, "batch_size": 16, "report_every": 200},
        "gpu": _CUDA
        | {"steps": 5000, "batch_size": 64, "width": 384, "layers": 6, "heads": 6, "dropout": 0.2},
        "paper": _CUDA
        | {"steps": 5000, "batch_size": 64, "width": 384, "layers": 6, "heads": 6, "dropout": 0.2},
    },
    Outcome("valid_loss", "validation loss", "nats per character", margin=0.01, higher_is_better=False),
    ("train_loss", "valid_loss"),
    clock="step",
    notes=("The paper trained no such network: this experiment is ours.",),
)
