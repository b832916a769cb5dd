"""Whether Winograd's rounding changes what a network learns: the same runs with and without it, seed by seed.

    python -m benchmarks.winograd_accuracy --out DIR [--seeds 0 1 2] [--epochs 5] [--limit-train N]

ResNet-20 on CIFAR-10, by the recipe of `minigrad train`. The runs are folders of DIR and go on where they
were interrupted. At the end there is DIR/winograd_accuracy.json, with the final test accuracies, their paired
difference and its 95 % interval.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from experiments.compare import summarize
from experiments.config import TrainConfig
from experiments.folder import RunFolder
from experiments.train import train
from minigrad.backend import allow_winograd

ARMS = {"columns": False, "winograd": True}


def run(config: TrainConfig, seeds: Sequence[int], arms: Sequence[str], out: Path) -> None:
    """Train all seeds of each arm; write the summary once both arms are there."""
    for arm in arms:
        for seed in seeds:
            with allow_winograd(ARMS[arm]):
                train(replace(config, seed=seed), RunFolder(out / f"{arm}-seed{seed}"))
    folders = {arm: [RunFolder(out / f"{arm}-seed{seed}") for seed in seeds] for arm in ARMS}
    rows = {arm: [folder.load_metrics() for folder in of_arm] for arm, of_arm in folders.items()}
    if any(len(run) < config.epochs for of_arm in rows.values() for run in of_arm):
        return
    accuracies = {arm: [run[-1]["test_accuracy"] for run in of_arm] for arm, of_arm in rows.items()}
    result = {
        "epochs": config.epochs,
        "limit_train": config.limit_train,
        "limit_test": config.limit_test,
        "seeds": list(seeds),
        "final_test_accuracy": accuracies,
        "summary": summarize(accuracies),
    }
    (out / "winograd_accuracy.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--arms", choices=ARMS, nargs="+", default=list(ARMS), help="to run them side by side"
    )
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--limit-train", type=int)
    parser.add_argument("--limit-test", type=int)
    options = vars(parser.parse_args())
    seeds, arms, out = options.pop("seeds"), options.pop("arms"), options.pop("out")
    run(TrainConfig(data="cifar10", model="resnet20", **options), seeds, arms, out)


if __name__ == "__main__":
    main()
