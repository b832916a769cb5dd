"""The recipe of `minigrad train --data cifar10 --model resnet20 --optimizer adamw` in PyTorch, to compare.

    python -m benchmarks.cifar10_pytorch [--epochs 5] [--seed 0] [--threads 2]

It shares with minigrad the reading of the data and nothing else: network, augmentation, loss, optimizer and
schedule are PyTorch's own or written here with it.
"""

import argparse
import json
import math
import time
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from minigrad.data import CIFAR10


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut without parameters (option A of He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.extra = stride, (outputs - inputs) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(y + shortcut)


def resnet20() -> nn.Module:
    """The network, with He's initialization of the convolutions."""
    blocks = [
        Block(i, o, s)
        for i, o, s in [(16, 16, 1)] * 3
        + [(16, 32, 2)]
        + [(32, 32, 1)] * 2
        + [(32, 64, 2)]
        + [(64, 64, 1)] * 2
    ]
    stem = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    model = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return model


def augmented(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each image cropped at a random place after padding by 4, and flipped half of the time."""
    n = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    top, left = torch.randint(0, 9, (2, n), generator=generator)
    rows = (top[:, None] + torch.arange(32))[:, None, :, None]
    columns = left[:, None] + torch.arange(32)
    flip = torch.rand(n, generator=generator) < 0.5
    columns = torch.where(flip[:, None], columns.flip(1), columns)[:, None, None, :]
    return padded[torch.arange(n)[:, None, None, None], torch.arange(3)[:, None, None], rows, columns]


def train(
    epochs: int, lr: float, weight_decay: float, batch: int, warmup: float, seed: int
) -> list[dict[str, Any]]:
    """Train and return one row of measurements an epoch."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train_set, test_set = CIFAR10(train=True), CIFAR10(train=False)
    mean, std = (torch.tensor(v).reshape(3, 1, 1) for v in (train_set.mean, train_set.std))
    ready = lambda images: (images.float() / 255 - mean) / std  # noqa: E731
    x, y = torch.from_numpy(train_set.images), torch.from_numpy(train_set.labels)
    test_x, test_y = ready(torch.from_numpy(test_set.images)), torch.from_numpy(test_set.labels)
    model = resnet20().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    steps = math.ceil(len(x) / batch)
    rising = int(warmup * steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda t: (
            (t + 1) / (rising + 1)
            if t < rising
            else (1 + math.cos(math.pi * (t - rising) / (epochs * steps - rising))) / 2
        ),
    )
    rows = []
    for epoch in range(1, epochs + 1):
        started, total, right = time.perf_counter(), 0.0, 0
        model.train()
        for chosen in torch.randperm(len(x), generator=generator).split(batch):
            images = ready(augmented(x[chosen], generator)).to(memory_format=torch.channels_last)
            logits = model(images)
            loss = F.cross_entropy(logits, y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
            right += int((logits.argmax(1) == y[chosen]).sum())
        model.eval()
        with torch.no_grad():
            found = torch.cat([model(part).argmax(1) for part in test_x.split(250)])
        rows.append(
            {
                "epoch": epoch,
                "train_loss": total / len(x),
                "train_accuracy": right / len(x),
                "test_accuracy": (found == test_y).float().mean().item(),
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(options.epochs, options.lr, options.weight_decay, options.batch_size, options.warmup, options.seed)


if __name__ == "__main__":
    main()
