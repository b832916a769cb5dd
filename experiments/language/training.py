"""The loop of both experiments: steps, a measurement and a checkpoint every few of them, the way back in."""

import math
import time
from typing import Any, Protocol

import numpy as np

import minigrad as mg
import optim
from experiments.folder import RunFolder
from experiments.language.config import LanguageConfig
from minigrad import nn
from minigrad.random import Generator

Row = dict[str, Any]


class Task(Protocol):
    """What is learned: a model, its batches, and its measures."""

    model: nn.Module

    def losses(self, rng: np.random.Generator) -> dict[str, Any]:
        """The parts of the loss on a batch drawn by `rng`; their sum is to fall."""

    def measures(self) -> Row:
        """What `metrics.jsonl` says about data that was not trained on."""

    def sample(self) -> str:
        """A text that shows what the model has learned."""


class Training:
    """One run: it is saved at every measurement, and goes on from there bit for bit.

    Parameters
    ----------
    config : LanguageConfig
    folder : RunFolder
        Where the run lives; if it has a checkpoint, the run goes on from there.
    task : Task
        Made after the default generator was seeded.
    """

    def __init__(self, config: LanguageConfig, folder: RunFolder, task: Task) -> None:
        self.config, self.folder, self.task = config, folder, task
        self.drawing = Generator(config.seed)
        self.optimizer = _optimizer(config, task.model)
        self.schedule = optim.lr_scheduler.warmup_cosine(self.optimizer, config.warmup, config.steps)
        self.step = 0
        self.rows: list[Row] = []
        checkpoint = folder.load_checkpoint(config.device)
        if checkpoint is not None:
            self._restore(checkpoint)

    def run(self) -> list[Row]:
        """Train the steps that are left, and return all measurements."""
        self._write()  # what was measured after the last checkpoint is measured again
        while self.step < self.config.steps:
            row = self._stretch(min(self.config.report_every, self.config.steps - self.step))
            print(_line(self.config, row), flush=True)
            self.rows.append(row)
            self.folder.save_checkpoint(self._state())
            self._write()
        return self.rows

    def _stretch(self, steps: int) -> Row:
        """Some steps, and the measurement after them."""
        started = time.perf_counter()
        lr = self.optimizer.param_groups[0]["lr"]
        total: dict[str, float] = {}
        self.task.model.train()
        for _ in range(steps):
            losses = self.task.losses(self.drawing.rng)
            self.optimizer.zero_grad()
            sum(losses.values()).backward()
            if self.config.clip:
                optim.clip_grad_norm_(self.task.model.parameters(), self.config.clip)
            self.optimizer.step()
            self.schedule.step()
            for name, loss in losses.items():
                total[name] = total.get(name, 0.0) + loss.item()
        if not all(map(math.isfinite, total.values())):
            raise FloatingPointError("the training loss is no longer finite: try a smaller learning rate")
        self.step += steps
        trained = time.perf_counter() - started
        self.task.model.eval()
        with mg.no_grad():
            measures, text = self.task.measures(), self.task.sample()
        return {
            "step": self.step,
            **{f"train_{name}": value / steps for name, value in total.items()},
            **measures,
            "lr": lr,
            "seconds": round(time.perf_counter() - started, 3),
            "seconds_per_step": round(trained / steps, 4),
            "sample": text,
        }

    def _write(self) -> None:
        self.folder.save_metrics(self.rows)
        texts = [f"--- after {row['step']} steps ---\n{row['sample']}\n" for row in self.rows]
        self.folder.save_text("samples.txt", "\n".join(texts))

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.task.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "drawing": self.drawing.get_state(),
            "random": mg.default_generator.get_state(),
            "step": self.step,
            "rows": self.rows,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.task.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.drawing.set_state(state["drawing"])
        mg.default_generator.set_state(state["random"])
        self.step, self.rows = state["step"], state["rows"]


def _optimizer(config: LanguageConfig, model: nn.Module) -> optim.Optimizer:
    """Matrices decay, vectors do not: a bias or the scale of a norm is not made simpler by being small."""
    named = list(model.named_parameters())
    groups = [
        {"params": [(n, p) for n, p in named if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [(n, p) for n, p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]
    kind: Any = {"adamw": optim.AdamW, "adan": optim.Adan}[config.optimizer]
    return kind(groups, lr=config.lr, agr=config.agr)  # type: ignore[no-any-return]


def _line(config: LanguageConfig, row: Row) -> str:
    shown = [
        f"{name.replace('_', ' ')} {value:.2%}"
        if name.endswith("accuracy")
        else f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in row.items()
        if name.startswith(("train_", "valid_"))
    ]
    return (
        f"{config.label}, step {row['step']}/{config.steps}: {', '.join(shown)}; "
        f"{row['seconds_per_step']:.3f} s a step\n{row['sample']}\n"
    )
