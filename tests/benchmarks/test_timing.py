"""Paired rounds on a clock that is wound by hand."""

import numpy as np
import pytest

from benchmarks.timing import Disagreement, check_agreement, paired_rounds, ratio


class Clock:
    def __init__(self):
        self.now, self.order = 0.0, []

    def __call__(self):
        return self.now


class Side:
    """Steps that take the given times, one after the other, and preparations that take longer."""

    def __init__(self, clock, name, *durations, values=(1.0,)):
        self.clock, self.name, self.durations, self.values = clock, name, durations, values
        self.steps = 0

    def prepare(self):
        self.clock.now += 100

    def run(self):
        self.clock.now += self.durations[self.steps % len(self.durations)]
        self.clock.order.append(self.name)
        self.steps += 1

    def value(self):
        return np.array(self.values)


def rounds_of(sides, **options):
    clock = next(iter(sides.values())).clock
    return paired_rounds(sides, clock=clock, sleep=lambda seconds: None, **options)


def test_a_round_is_the_mean_of_its_steps_without_the_first_and_without_preparations():
    clock = Clock()
    # four steps a round: one that does not count, then three
    side = Side(clock, "a", 9, 1, 2, 3, 9, 4, 5, 6)
    assert rounds_of({"a": side}, rounds=2, seconds=6) == {"a": [2.0, 5.0]}


def test_sides_take_turns_in_every_round():
    clock = Clock()
    rounds_of({"a": Side(clock, "a", 1), "b": Side(clock, "b", 3)}, rounds=2, seconds=5)
    assert "".join(clock.order) == 2 * ("aaaaaa" + "bbbb")  # 1 + 5 seconds at 1, 1 + at least 3 steps


def test_ratios_are_taken_within_rounds():
    # a slow third round (both sides) and a hiccup in the second (one side) do not move the median
    assert ratio([2.0, 20.0, 200.0], [1.0, 1.0, 100.0]) == (2.0, 2.0, 20.0)


def test_agreement_is_relative_to_the_largest_value():
    clock = Clock()
    sides = {
        "a": Side(clock, "a", 1, values=(100.0, 0.0)),
        "b": Side(clock, "b", 1, values=(100.0, 0.009)),
    }
    assert check_agreement(sides, digits=4) == {"b": pytest.approx(9e-5)}
    with pytest.raises(Disagreement, match=r"step 1: b and a differ by 9.0e-05"):
        check_agreement(sides, digits=5)


@pytest.mark.parametrize("values", [(np.nan, 0.0), (np.inf, 0.0), (1.0,)])
def test_values_that_are_no_numbers_or_too_few_never_agree(values):
    clock = Clock()
    sides = {"a": Side(clock, "a", 1, values=(1.0, 0.0)), "b": Side(clock, "b", 1, values=values)}
    with pytest.raises(Disagreement):
        check_agreement(sides, digits=1)
