"""The checks of our optimizer suite, ready to be run on a mutant: the test functions themselves."""

import inspect

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import tests.optim.lr_scheduler.test_decay as test_decay
from tests.optim import (
    test_adam,
    test_adan,
    test_clip,
    test_in_place,
    test_optimizer,
    test_rmsprop,
    test_saving,
    test_sgd,
)
from tests.optim.cases import adam, adan, rmsprop, runs, sgd

EXAMPLES = 30


def drawn(test, **strategies):
    """A test by hypothesis, without shrinking: that it fails is all we want to know."""
    body = test.hypothesis.inner_test

    def check(cls):
        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(**strategies)
        def run(**arguments):
            body(**known(body, cls), **arguments)

        run()

    return check


def plain(test, **arguments):
    return lambda cls: test(**known(test, cls), **arguments)


def known(test, cls):
    names = inspect.signature(test).parameters
    return {name: value for name, value in (("device", "cpu"), ("cls", cls)) if name in names}


LRS = test_decay.LRS
CHECKS = {
    "test_adam.test_equals_pytorch": drawn(test_adam.test_equals_pytorch, run=runs(adam())),
    "test_adam.test_adamw_equals_its_definition": drawn(
        test_adam.test_adamw_equals_its_definition, run=runs(adam()), agr=st.booleans()
    ),
    "test_adan.test_equals_its_definition": drawn(
        test_adan.test_equals_its_definition,
        run=runs(adan()),
        agr=st.booleans(),
        max_grad_norm=st.sampled_from([0.0, 0.5, 5.0]),
    ),
    "test_sgd.test_equals_pytorch": drawn(test_sgd.test_equals_pytorch, run=runs(sgd())),
    "test_rmsprop.test_equals_pytorch": drawn(test_rmsprop.test_equals_pytorch, run=runs(rmsprop())),
    "test_in_place.test_a_variance_that_rounding_makes_negative_counts_as_zero": plain(
        test_in_place.test_a_variance_that_rounding_makes_negative_counts_as_zero
    ),
    "test_optimizer.test_gradients_are_not_changed": plain(
        test_optimizer.test_gradients_are_not_changed, agr=True
    ),
    "test_optimizer.test_shape_and_dtype_stay": plain(
        test_optimizer.test_shape_and_dtype_stay, agr=False, dtype="float16", shape=(3, 2)
    ),
    "test_optimizer.test_a_parameter_without_gradient_is_passed_over": plain(
        test_optimizer.test_a_parameter_without_gradient_is_passed_over
    ),
    "test_saving.test_a_loaded_optimizer_continues_bit_for_bit": drawn(
        test_saving.test_a_loaded_optimizer_continues_bit_for_bit, data=st.data(), stop=st.integers(0, 5)
    ),
    "test_clip.test_norm_equals_pytorch": drawn(
        test_clip.test_norm_equals_pytorch,
        dtype=st.just("float64"),
        tolerance=st.just(1e-13),
        grads=test_clip.gradients(),
        limit=st.sampled_from([0.1, 1.0, 1e4]),
        norm_type=st.sampled_from(test_clip.NORMS),
    ),
    "test_decay.test_step": drawn(
        test_decay.test_step, lrs=LRS, step_size=st.integers(1, 7), gamma=test_decay.GAMMAS
    ),
    "test_decay.test_lambda": drawn(test_decay.test_lambda, lrs=LRS, power=st.floats(0.1, 2.0)),
}
