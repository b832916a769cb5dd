"""What a recipe asks for reaches the batches, the gradients and the weights that are tested."""

from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
import optim
from experiments import setup
from experiments.config import TrainConfig
from experiments.folder import RunFolder
from experiments.recipe import Recipe
from experiments.training import Average, Training, evaluate, train_epoch
from minigrad.nn import functional as F
from minigrad.random import Generator


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"randaugment": 11}, r"randaugment must be in \[0, 10\], got 11"),
        ({"erasing": 2}, r"erasing must be in \[0, 1\], got 2"),
        ({"mixup": -1}, r"mixup must be in \[0, inf\], got -1"),
        ({"clip": 0}, "clip must be positive, got 0"),
    ],
)
def test_numbers_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**options)


def batch_of(config):
    train, test = setup.datasets(config)
    batches, _ = setup.loaders(config, train, test, Generator(0))
    return next(iter(batches))


def test_batches_are_mixed_and_repeat(tiny):
    config = replace(tiny, recipe=Recipe(randaugment=9, erasing=0.5, mixup=0.8, cutmix=1.0))
    (x, y), (x2, y2) = batch_of(config), batch_of(config)
    assert (x.shape, y.shape) == ((32, 3, 32, 32), (32, 10))
    np.testing.assert_array_equal(x.numpy(), x2.numpy())
    np.testing.assert_array_equal(y.numpy(), y2.numpy())
    np.testing.assert_allclose(y.numpy().sum(1), 1, rtol=1e-6)
    plain = batch_of(tiny)[0].numpy()
    assert not np.allclose(x.numpy(), plain)


def test_steps_of_the_schedule(tiny):
    config = replace(
        tiny, epochs=6, warmup=1.0, schedule="steps", lr=1.0, recipe=Recipe(milestones=(2, 4), gamma=0.1)
    )
    optimizer = optim.SGD([mg.zeros(1)], lr=1.0)
    schedule = setup.schedule(config, optimizer, 3)
    rates = []
    for _ in range(18):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    expected = [0.25, 0.5, 0.75] + [1] * 3 + [0.1] * 6 + [0.01] * 6
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_a_step_is_clipped_and_smoothed(device):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 4)).astype(np.float32), rng.integers(0, 3, 8)
    model = mg.nn.Linear(4, 3).to(device)
    model.weight.data[...] = 3
    before = model.weight.numpy().copy(), model.bias.numpy().copy()
    batch = mg.tensor(x, device=device), mg.tensor(y, device=device)
    recipe = Recipe(label_smoothing=0.2, clip=0.01)
    train_epoch(model, optim.SGD(model.parameters(), lr=1.0), [batch], None, recipe)
    moved = np.sqrt(
        sum(((a - p.numpy()) ** 2).sum() for a, p in zip(before, model.parameters(), strict=True))
    )
    assert moved == pytest.approx(0.01, rel=1e-2)
    twin = mg.nn.Linear(4, 3).to(device)
    for p, a in zip(twin.parameters(), before, strict=True):
        p.data[...] = mg.tensor(a, device=device).data
    F.cross_entropy(twin(batch[0]), batch[1], label_smoothing=0.2).backward()
    direction = twin.weight.grad.numpy()
    step = before[0] - model.weight.numpy()
    cosine = (step * direction).sum() / np.linalg.norm(step) / np.linalg.norm(direction)
    assert cosine == pytest.approx(1, abs=1e-3)


def test_the_averaged_weights_are_tested_and_come_back(tiny, tmp_path):
    config = replace(tiny, recipe=Recipe(ema=0.5))
    folder = RunFolder(tmp_path)
    folder.create(config)
    training = Training(config, folder)
    rows = training.run()
    with training.ema.swap():
        averaged = evaluate(training.model, training.test_batches)
    assert averaged == (rows[-1]["test_loss"], rows[-1]["test_accuracy"])
    assert evaluate(training.model, training.test_batches)[0] != averaged[0]
    again = Training(config, RunFolder(tmp_path))
    assert again.finished
    for name, array in training.ema.average.items():
        np.testing.assert_array_equal(
            mg.Tensor(array).numpy(), mg.Tensor(again.ema.average[name]).numpy(), err_msg=name
        )


def test_the_heavier_of_two_labels_is_the_right_one(device):
    total = Average()
    logits = mg.tensor([[1.0, 0.0], [0.0, 1.0]], device=device)
    total.add(mg.tensor(1.0), logits, mg.tensor([[0.7, 0.3], [0.6, 0.4]], device=device))
    assert total.accuracy == 0.5


def test_a_checkpoint_from_before_there_were_recipes(tmp_path):
    folder = RunFolder(tmp_path)
    folder.create(TrainConfig(epochs=3))
    old = {"epochs": 3, "lr": TrainConfig().lr}
    mg.save({"config": old, "rows": []}, folder.last)
    assert folder.load_checkpoint("cpu")["rows"] == []
    mg.save({"config": old | {"colour": 1}, "rows": []}, folder.last)
    with pytest.raises(ValueError, match="is not a checkpoint of minigrad train"):
        folder.load_checkpoint("cpu")
