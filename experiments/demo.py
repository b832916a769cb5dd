"""`make demo`: a residual network, real images, AdamW and AdamW(AGR), in about two minutes on two cores."""

from datetime import datetime
from pathlib import Path

from experiments.compare import compare
from experiments.config import TrainConfig
from minigrad.data import locate


def main() -> None:
    """Run the demo, and say where its pictures are."""
    real = locate("cifar10")
    if real:
        print(f"CIFAR-10 found in {real}.")
    else:
        print(
            "CIFAR-10 is not on this machine: using the embedded images of shapes instead.\n"
            "(`minigrad data fetch cifar10` downloads it, 170 MB; "
            "or set MINIGRAD_DATA to the folder that has it.)"
        )
    config = TrainConfig(
        data="cifar10" if real else "shapes",
        model="resnet8",
        epochs=4,
        limit_train=4000,
        limit_test=1000,
        lr=3e-3,
        augment=False,
    )
    out = Path("runs") / f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    print(
        f"A residual network with 8 layers learns {config.limit_train} images, "
        f"{config.epochs} times over, with two optimizers.\n"
    )
    compare(config, ["adamw", "adamw+agr"], [0], out)
    print(f"\nCurves: {out / 'curves.png'}\nReport: {out / 'report.html'}")


if __name__ == "__main__":
    main()
