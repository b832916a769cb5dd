"""The training loop of diffusion: rounds of steps; after each, measurements, pictures and a checkpoint."""

import time
from typing import Any

import numpy as np

import minigrad as mg
import models
import optim
from experiments import setup
from experiments.diffusion import pictures
from experiments.diffusion.config import OPTIMIZERS, DiffusionConfig
from experiments.diffusion.folder import DiffusionFolder
from experiments.diffusion.loss import epsilon_loss
from experiments.diffusion.quality import Quality
from experiments.diffusion.samplers import ddim
from experiments.diffusion.schedule import SCHEDULES
from experiments.metrics import feature_network
from minigrad import Tensor
from minigrad.backend import Array
from minigrad.data.transforms import Compose, Normalize, RandomHorizontalFlip, ToFloat
from minigrad.random import Generator

STRIP_ROWS, STRIP_MOMENTS = 6, 9


class DiffusionTraining:
    """One run of diffusion training.

    Everything random in a step comes from minigrad's default generator, and the order of the images in an
    epoch from its number alone. So an interrupted round is repeated from its start, bit for bit.

    Parameters
    ----------
    config : DiffusionConfig
    folder : DiffusionFolder
        Where the run lives; if it has a checkpoint, the run goes on from there.
    """

    def __init__(self, config: DiffusionConfig, folder: DiffusionFolder) -> None:
        self.config, self.folder = config, folder
        train, test = setup.datasets(config)
        self.train_images = train.images[: config.limit_train]
        self.test_images = test.images[: config.limit_test]
        self.quality = None
        if config.features is not None:
            network, name = feature_network(config.features, config.device)
            self.quality = Quality(network, train.images[: config.fid_samples], name)
        mg.manual_seed(config.seed)
        self.schedule = SCHEDULES[config.schedule](config.timesteps)
        self.model = models.unet_small(
            config.channels, config.multipliers, config.attention, config.blocks, config.dropout
        ).to(config.device)
        kind: Any = getattr(optim, OPTIMIZERS[config.optimizer])
        self.optimizer = kind(
            self.model.named_parameters(), lr=config.lr, weight_decay=config.weight_decay, agr=config.agr
        )
        self.warmup = optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min(1.0, (step + 1) / (config.warmup + 1))
        )
        self.ema = optim.EMA(self.model, config.ema)
        self.rows: list[dict[str, Any]] = []
        checkpoint = folder.load_checkpoint(config.device)
        if checkpoint is not None:
            self._restore(checkpoint)

    @property
    def step(self) -> int:
        """How many steps are done and saved."""
        return int(self.rows[-1]["step"]) if self.rows else 0

    def run(self) -> list[dict[str, Any]]:
        """Train the steps that are left, and return the measurements of all rounds."""
        self.folder.samples.mkdir(exist_ok=True)
        self.folder.save_metrics(self.rows)  # a round measured after the last checkpoint is measured again
        while self.step < self.config.steps:
            self.rows.append(
                self._round(self.step, min(self.step + self.config.sample_every, self.config.steps))
            )
            self.folder.save_checkpoint(self._state())
            self.folder.save_metrics(self.rows)
        return self.rows

    def _round(self, first: int, last: int) -> dict[str, Any]:
        from tqdm.auto import tqdm

        config, started = self.config, time.perf_counter()
        title = f"{config.label}, to step {last}/{config.steps}"
        self.model.train()
        losses, norms = [], []
        for step in tqdm(range(first, last), title, leave=False, disable=None):
            loss, norm = self._train(step)
            losses.append(loss)
            norms.append(norm)
            if not np.isfinite(loss):
                raise FloatingPointError(
                    f"the training loss is no longer finite at step {step}: try a smaller lr"
                )
        row = {
            "step": last,
            "epoch": round(last * config.batch_size / len(self.train_images), 2),
            "train_loss": float(np.mean(losses)),
            "gradient_norm": float(np.mean(norms)),
            "lr": self.warmup.get_last_lr()[0],
        }
        self.model.eval()
        with self.ema.swap():
            row["test_loss"] = self.test_loss()
            self._paint(last)
            if self.quality is not None:
                row |= self.quality.measure(pictures.to_uint8(self.sample(config.fid_samples)))
            mg.save(self.model.state_dict(), self.folder.ema)
        row["seconds"] = round(time.perf_counter() - started, 3)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "step")
        tqdm.write(f"{title}: {shown}; picture: {self.folder.grid(last)}")
        return row

    def _train(self, step: int) -> tuple[float, float]:
        """One step of the optimizer; the loss, and the norm of its gradient before clipping."""
        loss = epsilon_loss(self.model, self.schedule, self._batch(step))
        self.optimizer.zero_grad()
        loss.backward()
        norm = optim.clip_grad_norm_(self.model.parameters(), self.config.clip or float("inf"))
        self.optimizer.step()
        self.warmup.step()
        self.ema.decay = min(self.config.ema, (1 + step) / (10 + step))
        self.ema.update()
        return loss.item(), norm.item()

    def _batch(self, step: int) -> Tensor:
        """The images of a step, with values from -1 to 1."""
        size, count = self.config.batch_size, len(self.train_images)
        epoch, place = divmod(step, max(1, count // size))
        order = np.random.SeedSequence(self.config.seed, spawn_key=(epoch,))
        chosen = np.random.default_rng(order).permutation(count)[place * size :][:size]
        return self._scaled(self.train_images[chosen], self.config.flip)

    def _scaled(self, images: Array, flip: bool = False) -> Tensor:
        vary = [RandomHorizontalFlip()] if flip else []
        half = (0.5,) * images.shape[1]
        transform = Compose([*vary, ToFloat(), Normalize(half, half)])
        return mg.tensor(transform(images, mg.default_generator.rng), device=self.config.device)

    def test_loss(self) -> float:
        """The loss on the test images, always with the same steps and noise: comparable between runs."""
        generator = Generator(0)
        total = 0.0
        with mg.no_grad():
            for start in range(0, len(self.test_images), self.config.batch_size):
                images = self._scaled(self.test_images[start : start + self.config.batch_size])
                total += epsilon_loss(self.model, self.schedule, images, generator).item() * len(images)
        return total / len(self.test_images)

    def sample(self, count: int, progress: Any = None) -> Tensor:
        """Images (count, 3, 32, 32) from the same noise every time, so that they can be seen to grow."""
        generator = Generator(self.config.seed)
        batches = []
        for start in range(0, count, 100):
            size = min(100, count - start), 3, self.model.image_size, self.model.image_size
            noise = mg.randn(*size, generator=generator, device=self.config.device)
            batches.append(
                ddim(self.model, self.schedule, noise, self.config.sample_steps, progress=progress)
            )
        return mg.cat(batches)

    def _paint(self, step: int) -> None:
        """Write the pictures of this step."""
        moments: list[Array] = []
        images = self.sample(
            self.config.samples, lambda t, x, x0: moments.append(pictures.to_uint8(x[:STRIP_ROWS]))
        )
        pictures.save_png(pictures.grid(pictures.to_uint8(images)), self.folder.grid(step))
        shown = np.linspace(0, self.config.sample_steps - 1, STRIP_MOMENTS).astype(int)
        pictures.save_png(pictures.strip([moments[i] for i in shown]), self.folder.strip(step))

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "warmup": self.warmup.state_dict(),
            "ema": self.ema.state_dict(),
            "random": mg.default_generator.get_state(),
            "rows": self.rows,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.warmup.load_state_dict(state["warmup"])
        self.ema.load_state_dict(state["ema"])
        mg.default_generator.set_state(state["random"])
        self.rows = state["rows"]
