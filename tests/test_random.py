"""Generators: streams, states, seeds."""

import json

import numpy as np
import pytest

import minigrad as mg


def test_state_goes_through_json():
    generator = mg.Generator(5)
    generator.rng.random(3)
    state = json.loads(json.dumps(generator.get_state()))
    first = generator.rng.random(4)
    generator.set_state(state)
    np.testing.assert_array_equal(generator.rng.random(4), first)


def test_seeding_again_starts_the_same_stream():
    generator = mg.Generator(5)
    first = generator.rng.random(4)
    assert generator.manual_seed(5) is generator
    np.testing.assert_array_equal(generator.rng.random(4), first)
    assert mg.manual_seed(1) is mg.default_generator


def test_unseeded_generators_differ():
    assert mg.Generator().rng.random() != mg.Generator().rng.random()


def test_foreign_state_is_refused():
    with pytest.raises(ValueError, match="not the state of a minigrad Generator"):
        mg.Generator().set_state({"a": 1})
