"""The test of the tests: wrong AGR is planted, and the laws that have to see it turn red."""

import numpy as np
import pytest

import optim
from experiments.laws import ENTRIES, LAWS, REFUTED
from tests.experiments.laws.wrong_variants import VARIANTS, planted

# Each mistake, and laws that see it (others may, too).
CAUGHT_BY = {
    "no_absolute_value": ["the_map_is_odd", "signs_pass_through", "no_element_grows"],
    "signed_sum": ["signs_stay", "no_element_grows", "the_shares_sum_to_one"],
    "epsilon_in_the_sum": [
        "powers_of_two_scale_exactly",
        "computed_values_are_within_four_units_in_the_last_place",
    ],
    "share_squared": ["the_shares_sum_to_one", "the_removed_part_is_the_share_times_the_gradient"],
    "shares_of_the_squares": ["two_elements_become_equally_large", "the_one_norm_loses_the_concentration"],
    "mean_for_sum": ["appended_zeros_change_nothing", "signs_stay"],
    "two_norm_for_sum": ["the_shares_sum_to_one", "larger_stays_larger"],
    "largest_for_sum": ["nothing_but_zero_and_one_hot_gradients_vanish", "larger_stays_larger"],
    "applied_twice": ["the_one_norm_loses_the_concentration", "the_squared_two_norm"],
    "one_element_passed_through": ["a_single_element_becomes_zero", "a_single_element_only_decays"],
    "not_a_number_at_zero": [
        "a_zero_gradient_stays_zero_without_a_warning",
        "zero_gradients_let_the_moments_decay",
    ],
    "textbook_rounding": ["computed_values_are_within_four_units_in_the_last_place"],
    "product_before_quotient": ["a_one_hot_gradient_becomes_zero", "no_element_grows"],
    "keeps_the_share_in_place_of_removing_it": [
        "a_one_hot_gradient_becomes_zero",
        "the_variance_of_the_logarithms_falls",
    ],
    "in_place": ["shape_and_dtype_stay_and_the_input_is_not_changed"],
    "each_row_by_its_own_sum": ["the_shape_does_not_matter"],
    "one_sum_for_all_tensors": ["the_optimizers_see_the_regularized_gradient_of_each_tensor"],
    "shares_of_the_weights": [
        "a_constant_gradient_does_not_feel_it",
        "the_optimizers_see_the_regularized_gradient_of_each_tensor",
    ],
    "psi_after_the_moments": [
        "a_constant_gradient_does_not_feel_it",
        "the_optimizers_see_the_regularized_gradient_of_each_tensor",
    ],
    "differences_of_raw_gradients": [
        "adan_clips_by_the_norm_of_the_raw_gradients",
        "the_optimizers_see_the_regularized_gradient_of_each_tensor",
    ],
    "clipped_by_the_regularized_norm": ["adan_clips_by_the_norm_of_the_raw_gradients"],
    "signs_lost": ["descent_on_quadratics_never_goes_up", "the_first_step_of_adan_is_the_sign"],
    "not_in_matrices": ["the_optimizers_see_the_regularized_gradient_of_each_tensor"],
    "rescaled_to_the_old_norm": ["two_coordinates_keep_their_distance"],
}


def outcome(name, implementation, dtype=np.float64):
    return ENTRIES[name].measure(np.random.default_rng(0), 8, dtype, implementation)


def test_every_variant_is_in_the_table():
    assert set(CAUGHT_BY) == set(VARIANTS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("variant", CAUGHT_BY)
def test_a_planted_mistake_turns_laws_red(variant, dtype):
    green = [law for law in CAUGHT_BY[variant] if outcome(law, VARIANTS[variant], dtype).holds]
    assert not green, f"{variant} went unseen by {', '.join(green)}"


@pytest.mark.parametrize("law", sorted({law for laws in CAUGHT_BY.values() for law in laws}))
def test_the_right_map_planted_in_the_same_way_stays_green(law):
    assert outcome(law, planted(optim.agr)).holds


@pytest.mark.parametrize("law", LAWS)
def test_every_law_can_fail(law):
    assert any(not outcome(law, variant).holds for variant in VARIANTS.values())


@pytest.mark.parametrize(
    "claim", sorted(set(REFUTED) - {"the_three_lines_of_code_have_a_small_relative_error"})
)
def test_a_refuted_claim_that_becomes_true_turns_red(claim):
    """Of the identity each of them is true."""
    identity = planted(np.copy)
    value, bound = REFUTED[claim].numbers(np.float64, identity)
    assert value <= bound + 1e-12
    assert not outcome(claim, identity).holds
