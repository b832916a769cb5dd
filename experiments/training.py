"""The training loop: epochs of steps, a test and a checkpoint after each, and the way back into a run."""

import time
from contextlib import nullcontext
from typing import Any

import minigrad as mg
import optim
from experiments import setup
from experiments.config import TrainConfig
from experiments.folder import RunFolder
from experiments.recipe import PLAIN, Recipe
from minigrad import nn
from minigrad.data import DataLoader
from minigrad.nn import functional as F
from minigrad.random import Generator


class Training:
    """One run of the training command.

    All that a later step depends on is in here: weights, optimizer and schedule, the generators, and the
    measurements so far. It is saved after every epoch; an epoch that was interrupted is repeated from its
    start and, because the generators are restored, bit for bit.

    Parameters
    ----------
    config : TrainConfig
    folder : RunFolder
        Where the run lives; if it has a checkpoint, the run goes on from there.
    """

    def __init__(self, config: TrainConfig, folder: RunFolder) -> None:
        self.config, self.folder = config, folder
        train, test = setup.datasets(config)
        self.shuffling = Generator(config.seed)
        mg.manual_seed(config.seed)
        self.train_batches, self.test_batches = setup.loaders(config, train, test, self.shuffling)
        self.model = setup.network(config, len(train.classes), train.images.shape[-1])
        self.optimizer = setup.optimizer(config, self.model)
        self.schedule = setup.schedule(config, self.optimizer, len(self.train_batches))
        self.ema = None if config.recipe.ema is None else optim.EMA(self.model, config.recipe.ema)
        self.rows: list[dict[str, Any]] = []
        checkpoint = folder.load_checkpoint(config.device)
        if checkpoint is not None:
            self._restore(checkpoint)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return len(self.rows) >= self.config.epochs

    def run(self) -> list[dict[str, Any]]:
        """Train the epochs that are left, and return the measurements of all."""
        self.folder.save_metrics(self.rows)  # an epoch measured after the last checkpoint is measured again
        while not self.finished:
            row = self._epoch(len(self.rows) + 1)
            best = max((r["test_accuracy"] for r in self.rows), default=-1.0)
            self.rows.append(row)
            if row["test_accuracy"] > best:
                mg.save(self.model.state_dict(), self.folder.best)
            self.folder.save_checkpoint(self._state())
            self.folder.save_metrics(self.rows)
        return self.rows

    def _epoch(self, number: int) -> dict[str, Any]:
        from tqdm.auto import tqdm

        started = time.perf_counter()
        lr = self.optimizer.param_groups[0]["lr"]
        title = f"{self.config.label}, epoch {number}/{self.config.epochs}"
        batches = tqdm(self.train_batches, title, leave=False, disable=None)  # silent where nobody watches
        train_loss, train_accuracy = train_epoch(
            self.model, self.optimizer, batches, self.schedule, self.config.recipe, self.ema
        )
        with self.ema.swap() if self.ema else nullcontext():
            test_loss, test_accuracy = evaluate(self.model, self.test_batches)
        row = {
            "epoch": number,
            "step": number * len(self.train_batches),
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_loss": test_loss,
            "test_accuracy": test_accuracy,
            "lr": lr,
            "seconds": round(time.perf_counter() - started, 3),
        }
        tqdm.write(
            f"{title}: train loss {train_loss:.4f}, accuracy {train_accuracy:.2%}; "
            f"test loss {test_loss:.4f}, accuracy {test_accuracy:.2%}; {row['seconds']:.1f} s"
        )
        return row

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "ema": self.ema.state_dict() if self.ema else None,
            "shuffling": self.shuffling.get_state(),
            "random": mg.default_generator.get_state(),
            "rows": self.rows,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule:
            self.schedule.load_state_dict(state["schedule"])
        if self.ema:
            self.ema.load_state_dict(state["ema"])
        self.shuffling.set_state(state["shuffling"])
        mg.default_generator.set_state(state["random"])
        self.rows = state["rows"]


def train_epoch(
    model: nn.Module,
    optimizer: Any,
    batches: Any,
    schedule: Any = None,
    recipe: Recipe = PLAIN,
    ema: optim.EMA | None = None,
) -> tuple[float, float]:
    """One pass over the training batches, with what the recipe says of labels and gradients.

    Returns
    -------
    tuple of float
        The mean loss and the accuracy over the epoch, as the weights were when each batch came.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    model.train()
    total = Average()
    for images, labels in batches:
        logits = model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        if recipe.clip is not None:  # before the step: AGR sees the clipped gradient, as in the paper's code
            optim.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        if ema is not None:
            ema.update()
        if schedule is not None:
            schedule.step()
        total.add(loss, logits, labels)
    if total.loss != total.loss or total.loss in (float("inf"), float("-inf")):
        raise FloatingPointError("the training loss is no longer finite: try a smaller --lr")
    return total.loss, total.accuracy


def evaluate(model: nn.Module, batches: DataLoader) -> tuple[float, float]:
    """The mean loss and the accuracy of `model` on all batches, in evaluation mode."""
    model.eval()
    total = Average()
    with mg.no_grad():
        for images, labels in batches:
            logits = model(images)
            total.add(F.cross_entropy(logits, labels), logits, labels)
    return total.loss, total.accuracy


class Average:
    """Loss and accuracy, averaged over samples."""

    def __init__(self) -> None:
        self._loss = self._right = self._count = 0.0

    def add(self, loss: mg.Tensor, logits: mg.Tensor, labels: mg.Tensor) -> None:
        """Count in a batch; of mixed labels the one with the larger share is the right one."""
        right = labels.data.argmax(1) if labels.ndim == 2 else labels.data
        self._count += len(labels)
        self._loss += loss.item() * len(labels)
        self._right += int((logits.data.argmax(1) == right).sum())

    @property
    def loss(self) -> float:
        """The mean loss of all samples so far."""
        return self._loss / max(self._count, 1)

    @property
    def accuracy(self) -> float:
        """The share of all samples so far whose label came out largest."""
        return self._right / max(self._count, 1)
