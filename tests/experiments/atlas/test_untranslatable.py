"""Counterexamples: something that the target does with every setting, and the source does not.

Each test takes an observable, shows that it holds for any hyper-parameters of one side (drawn at random),
and that the other side breaks it; so no hyper-parameters can make the two alike.
"""

import numpy as np
import pytest

from experiments.atlas import CONVENTIONS, Untranslatable, translate
from tests.experiments.atlas.cases import draw_hyper, run

SETTINGS = 200


def any_settings(name, **fixed):
    """Many random hyper-parameters, some of them held."""
    rng = np.random.default_rng(1)
    for _ in range(SETTINGS):
        yield {**draw_hyper(rng, CONVENTIONS[name]), **fixed}


def moves(name, hyper, grads, start=1.0, schedule=None):
    """The change of one parameter in every step."""
    path = run(name, np.array([start]), [np.array([float(g)]) for g in grads], hyper, schedule)
    return np.diff(np.concatenate([[start], *path]))


def refused(hyper, source, target, reason, **how):
    with pytest.raises(Untranslatable, match=reason) as error:
        translate(hyper, source, target, **how)
    assert error.value.nearest is not None


def test_epsilon_hat_is_no_epsilon():
    """A constant gradient: steps of equal size for every setting of PyTorch's Adam, not of Keras's."""
    constant = [0.5] * 6
    for hyper in any_settings("torch.Adam", weight_decay=0.0):
        np.testing.assert_allclose(
            moves("torch.Adam", hyper, constant), -abs(hyper["lr"] / (1 + 2 * hyper["eps"]))
        )
    keras = moves("keras.Adam", {"epsilon": 0.1}, constant)
    assert abs(keras[5] / keras[0]) > 1.5
    refused({"epsilon": 0.1}, "keras.Adam", "torch.Adam", "eps is added after the bias correction")
    refused({"eps": 0.1}, "torch.Adam", "keras.Adam", "eps is added after the bias correction")


def test_uncorrected_averages_start_with_another_size():
    """The same observable, without eps."""
    mlx = moves("mlx.Adam", {"eps": 0.0}, [0.5] * 6)
    assert mlx[1] / mlx[0] > 1.3
    refused({"eps": 0.0}, "mlx.Adam", "torch.Adam", "does not correct the bias")
    refused({}, "bert.AdamWeightDecayOptimizer", "torch.AdamW", "does not correct the bias")
    assert translate({}, "mlx.Adam", "transformers.AdamW")["correct_bias"] is False


def test_a_decoupled_decay_is_no_l2_penalty():
    """No gradient: what decoupled decay leaves is a share of w, for every setting; not so for L2."""

    def shares(name, hyper):
        return [moves(name, hyper, [0.0], start)[0] / start for start in (1.0, 2.0)]

    for name in ("torch.AdamW", "keras.Adam", "optax.adamw", "chainer.Adam", "transformers.AdamW"):
        held = {"eps": 1e-8} if "eps" in CONVENTIONS[name].defaults else {"epsilon": 1e-8}
        for hyper in any_settings(name, **held):
            one, two = shares(name, hyper)
            assert one == pytest.approx(two, rel=1e-9, abs=1e-15)
    one, two = shares("torch.Adam", {"weight_decay": 0.1, "lr": 0.1})
    assert one == pytest.approx(2 * two, rel=1e-6)
    refused({"weight_decay": 0.1}, "torch.Adam", "torch.AdamW", "L2 penalty")
    refused({"weight_decay": 0.1}, "torch.AdamW", "torch.Adam", "L2 penalty")
    refused({"weight_decay": 0.1, "momentum": 0.9}, "keras.SGD", "torch.SGD", "decoupled decay")
    assert translate({"weight_decay": 0.1}, "keras.SGD", "torch.SGD")["weight_decay"] == 0.1


def test_dampening_spares_the_first_gradient():
    """An impulse does the same whenever it comes, for every setting of the others; not for PyTorch."""

    def responses(name, hyper):
        return (
            moves(name, hyper, impulse, 0.0)[at:][:3] for at, impulse in enumerate(([1, 0, 0], [0, 1, 0, 0]))
        )

    for name in ("optax.sgd", "keras.SGD", "mlx.SGD", "chainer.MomentumSGD", "chainer.NesterovAG"):
        held = {"weight_decay": 0.0} if "weight_decay" in CONVENTIONS[name].defaults else {}
        for hyper in any_settings(name, **held):
            first, second = responses(name, hyper)
            np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-15)
    first, second = responses("torch.SGD", {"momentum": 0.9, "dampening": 0.5})
    assert first[0] == pytest.approx(2 * second[0])
    for target in ("optax.sgd", "keras.SGD", "mlx.SGD", "chainer.MomentumSGD"):
        refused({"momentum": 0.9, "dampening": 0.5}, "torch.SGD", target, "every gradient but the first")


def test_a_velocity_remembers_learning_rates():
    """One gradient, then lr = 0: w stays for every setting of PyTorch's SGD, and rolls on in Keras's."""

    def stop(t):
        return float(t == 1)

    for hyper in any_settings("torch.SGD"):
        assert not moves("torch.SGD", hyper, [1, 0, 0], schedule=stop)[1:].any()
    assert moves("keras.SGD", {"momentum": 0.9}, [1, 0, 0], schedule=stop)[1:].all()
    for pair in (("keras.SGD", "torch.SGD"), ("torch.SGD", "chainer.MomentumSGD")):
        refused({"momentum": 0.9}, *pair, "learning rates of the past", constant_lr=False)
    assert translate({"momentum": 0.9}, "keras.SGD", "torch.SGD")["momentum"] == 0.9


def test_chainers_nesterov_is_another():
    """After an impulse steps fall by mu, Nesterov's first by mu^2 / (1 + mu), and Chainer's by neither."""
    for hyper in any_settings("torch.SGD", dampening=0.0, weight_decay=0.0, momentum=0.5):
        first, second, third = moves("torch.SGD", hyper, [1, 0, 0], 0.0)
        assert third / second == pytest.approx(0.5)
        assert second / first == pytest.approx(0.25 / 1.5 if hyper["nesterov"] else 0.5)
    first, second, third = moves("chainer.NesterovAG", {"momentum": 0.5}, [1, 0, 0], 0.0)
    assert third / second == pytest.approx(0.5)
    assert second / first == pytest.approx(0.125 / 1.75)
    refused({}, "chainer.NesterovAG", "torch.SGD", r"momentum\^3")
    refused({"momentum": 0.9, "nesterov": True}, "torch.SGD", "chainer.NesterovAG", r"momentum\^3")


def test_eps_inside_the_root_is_no_eps_outside():
    """lr / first step is linear in 1/|g| with eps outside the root, for every setting; not inside."""

    def inverse_steps(name, hyper):
        return [1 / moves(name, hyper, [1 / k])[0] for k in (1, 2, 3)]

    for name in ("torch.RMSprop", "mlx.RMSprop"):
        held = {"weight_decay": 0.0, "centered": False} if name == "torch.RMSprop" else {}
        for hyper in any_settings(name, **held):
            a, b, c = inverse_steps(name, hyper)
            assert a - 2 * b + c == pytest.approx(0, abs=1e-9 * abs(b))
    a, b, c = inverse_steps("keras.RMSprop", {"epsilon": 0.1})
    assert abs(a - 2 * b + c) > 1e-2 * abs(b)
    refused({"epsilon": 0.1}, "keras.RMSprop", "torch.RMSprop", "outside the root in one and inside")
    refused({"eps": 0.1}, "torch.RMSprop", "keras.RMSprop", "outside the root in one and inside")
    refused({"eps": 0.1}, "mlx.RMSprop", "keras.RMSprop", "outside the root in one and inside")
    assert translate({"eps": 0.1}, "torch.RMSprop", "chainer.RMSprop")["eps_inside_sqrt"] is False


def test_an_average_that_starts_at_one():
    """Without eps the first step does not depend on the size of g, unless the average starts at 1."""
    for hyper in any_settings("torch.RMSprop", eps=0.0, weight_decay=0.0, centered=False):
        small, large = (moves("torch.RMSprop", hyper, [g])[0] for g in (1e-6, 1e6))
        assert small == pytest.approx(large)
    small, large = (moves("timm.RMSpropTF", {"eps": 0.0}, [g])[0] for g in (1e-6, 1e6))
    assert abs(small) < 1e-4 * abs(large)
    refused({"eps": 0.0}, "timm.RMSpropTF", "torch.RMSprop", "starts at 1")
    assert translate({"eps": 0.0}, "timm.RMSpropTF", "optax.rmsprop")["initial_scale"] == 1.0


def test_amsgrad_of_the_corrected_average():
    """After a large gradient the largest corrected v stays, the largest uncorrected v is corrected ever less.

    Tiny gradients, without momentum, show by which of them they are divided.
    """
    hyper = {"lr": 0.1, "betas": (0.0, 0.9), "eps": 0.0, "amsgrad": True}
    by_torch = moves("torch.Adam", hyper, [1, 1e-3, 1e-3])
    by_optax = moves(
        "optax.amsgrad", {"learning_rate": 0.1, "b1": 0.0, "b2": 0.9, "eps": 0.0}, [1, 1e-3, 1e-3]
    )
    assert by_optax[2] == pytest.approx(by_optax[1])
    assert by_torch[2] / by_torch[1] == pytest.approx(np.sqrt((1 - 0.9**3) / (1 - 0.9**2)))
    refused({"amsgrad": True, "eps": 0.0}, "torch.Adam", "optax.amsgrad", "corrected v in one")
    refused({"eps": 0.0}, "optax.amsgrad", "torch.Adam", "corrected v in one")


def test_optax_weights_the_difference_by_the_other_beta():
    """Equal at the first step, and different from the second one on, where beta2 is not 1/2."""
    hyper = {"lr": 0.1, "betas": (0.9, 0.75, 0.9), "no_prox": True}
    ours = moves("sail_sg.Adan", hyper, [1.0, -0.5, 0.3])
    other = moves(
        "optax.adan",
        {"learning_rate": 0.1, "b1": 0.9, "b2": 0.75, "b3": 0.9, "eps_root": 0.0},
        [1.0, -0.5, 0.3],
    )
    assert other[0] == ours[0]
    assert abs(other[1] - ours[1]) > 1e-2
    refused({"eps_root": 0.0}, "optax.adan", "sail_sg.Adan", "the other by 1 - beta2")
    refused({"no_prox": True}, "timm.Adan", "optax.adan", "the other by 1 - beta2")
    halves = {"b1": 0.5, "b2": 0.5, "b3": 0.5, "eps_root": 0.0}
    assert translate(halves, "optax.adan", "timm.Adan")["betas"] == (0.5, 0.5, 0.5)


def test_the_first_call_that_makes_no_step():
    for hyper in any_settings("sail_sg.Adan", weight_decay=0.0):
        assert moves("sail_sg.Adan", hyper, [1.0])[0] < -1e-3
    for hyper in any_settings("adan_pytorch.Adan", weight_decay=0.0, eps=1e-8):
        assert moves("adan_pytorch.Adan", hyper, [1.0])[0] == 0
    refused({}, "adan_pytorch.Adan", "sail_sg.Adan", "no step at the first call")


def test_families_are_not_translated():
    with pytest.raises(Untranslatable, match=r"torch.SGD to torch.Adam: one is SGD, the other Adam"):
        translate({}, "torch.SGD", "torch.Adam")


def test_unknown_names():
    with pytest.raises(
        TypeError, match="keras.SGD has no hyper-parameter 'lr'; it has learning_rate, momentum"
    ):
        translate({"lr": 1.0}, "keras.SGD", "torch.SGD")
    with pytest.raises(KeyError, match=r"fastai\.SGD"):
        translate({}, "fastai.SGD", "torch.SGD")


# ---------------------------------------------------------------------- translations worth knowing


@pytest.mark.parametrize(
    ("hyper", "source", "target", "want"),
    [
        # Dampening from the first step on is a smaller learning rate.
        ({"learning_rate": 0.4, "momentum": 0.9, "dampening": 0.75}, "mlx.SGD", "torch.SGD", {"lr": 0.1}),
        # The paper's decay is not multiplied by lr, PyTorch's is.
        (
            {"alpha": 0.1, "weight_decay_rate": 0.001, "eps": 0.0},
            "chainer.Adam",
            "torch.AdamW",
            {"lr": 0.1, "weight_decay": 0.01},
        ),
        # The paper's betas are 1 minus the decays.
        (
            {"betas": (0.25, 0.5, 0.125)},
            "paper.Adan",
            "sail_sg.Adan",
            {"betas": (0.75, 0.5, 0.875), "no_prox": False},
        ),
        # The proximal step is the other one with a smaller learning rate.
        (
            {"lr": 0.25, "weight_decay": 1.0, "no_prox": True},
            "sail_sg.Adan",
            "paper.Adan",
            {"lr": 1 / 3, "weight_decay": 1.0},
        ),
        # Decaying after the step decays the step as well.
        (
            {"lr": 0.5, "weight_decay": 1.0, "eps": 1e-7},
            "transformers.AdamW",
            "keras.AdamW",
            {"learning_rate": 0.25, "weight_decay": 2.0, "epsilon": 1e-7},
        ),
    ],
)
def test_known_translations(hyper, source, target, want):
    got = translate(hyper, source, target)
    for name, value in want.items():
        assert got[name] == pytest.approx(value), name
