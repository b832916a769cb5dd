import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad.random import Generator
from models.gpt import GPT, from_gpt2
from tests.models.language_pair import agree, numpy_state, randomized
from tests.models.language_twins import GPT2

SIZES = {"vocab_size": 11, "context": 9, "layers": 2, "heads": 2, "width": 12}


@pytest.fixture
def tiny(device):
    mg.manual_seed(0)
    return GPT(**SIZES).to(device)


@pytest.mark.parametrize("length", [1, 9])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_and_gradients_are_those_of_the_twin(device, rng, dtype, length):
    theirs = randomized(GPT2(**SIZES), dtype)
    ours = GPT(**SIZES).to(device, dtype).eval()
    assert ours.load_state_dict(from_gpt2(numpy_state(theirs))) == ([], [])
    ids = rng.integers(0, 11, (3, length))
    mine, others = ours(mg.tensor(ids, device=device)), theirs(torch.tensor(ids))
    agree(ours, [mine], [others], theirs, from_gpt2, dtype, device)


def test_outputs_are_those_of_transformers(device, rng, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    settings = transformers.GPT2Config(vocab_size=11, n_positions=9, n_embd=12, n_layer=2, n_head=2)
    theirs = randomized(transformers.GPT2LMHeadModel(settings), "float64")
    ours = GPT(**SIZES).to(device, "float64").eval()
    assert ours.load_state_dict(from_gpt2(numpy_state(theirs))) == ([], [])
    ids = rng.integers(0, 11, (3, 9))
    want = theirs(torch.tensor(ids)).logits.detach().numpy()
    np.testing.assert_allclose(ours(mg.tensor(ids, device=device)).numpy(), want, rtol=1e-9, atol=1e-9)


def test_no_token_sees_a_later_one(tiny, device, rng):
    ids = rng.integers(0, 11, (1, 9))
    before = tiny(mg.tensor(ids, device=device)).numpy()
    ids[0, 5] = (ids[0, 5] + 1) % 11
    after = tiny(mg.tensor(ids, device=device)).numpy()
    np.testing.assert_allclose(before[0, :5], after[0, :5], atol=1e-6)
    assert (np.abs(before[0, 5:] - after[0, 5:]).max(1) > 1e-4).all()


def test_first_weights():
    mg.manual_seed(0)
    model = GPT(500, context=64, layers=8, heads=2, width=64)
    for name, parameter in model.named_parameters():
        values = parameter.numpy()
        if parameter.ndim > 1:
            std = 0.02 / 4 if name.endswith("c_proj.weight") else 0.02
            assert values.std() == pytest.approx(std, rel=0.1), name
        else:
            assert (values == (1 if name.endswith("weight") else 0)).all(), name


def test_dropout_is_for_training(device, rng):
    model = GPT(**SIZES, dropout=0.5).to(device)
    ids = mg.tensor(rng.integers(0, 11, (2, 9)), device=device)
    assert (model(ids).numpy() != model(ids).numpy()).any()
    model.eval()
    np.testing.assert_array_equal(model(ids).numpy(), model(ids).numpy())


def test_generate_at_temperature_0_takes_the_likeliest(tiny, device):
    ids = tiny.generate(np.array([1, 2]), 12, temperature=0)
    assert ids[:2].tolist() == [1, 2]
    assert len(ids) == 14
    for end in range(2, 14):
        logits = tiny(mg.tensor(ids[None, max(0, end - 9) : end], device=device)).numpy()[0, -1]
        assert ids[end] == logits.argmax()
    assert tiny.training


def test_generate_draws_from_the_softmax(tiny, device):
    mg.nn.init.normal_(tiny.wte.weight, std=0.3)
    generator = Generator(0)
    draws = [tiny.generate(np.array([3]), 1, 0.7, generator=generator)[1] for _ in range(600)]
    logits = tiny(mg.tensor([[3]], device=device)).numpy()[0, -1].astype(np.float64) / 0.7
    want = np.exp(logits - logits.max())
    want /= want.sum()
    found = np.bincount(draws, minlength=11) / 600
    assert np.abs(found - want).max() < 5 * np.sqrt(0.25 / 600)
    likeliest = set(np.argsort(want)[-3:].tolist())
    few = {int(tiny.generate(np.array([3]), 1, 2.0, 3, generator)[1]) for _ in range(100)}
    assert few == likeliest


def test_generate_repeats_with_its_generator(tiny):
    first = tiny.generate(np.array([1]), 20, generator=Generator(5))
    np.testing.assert_array_equal(first, tiny.generate(np.array([1]), 20, generator=Generator(5)))
    assert (first != tiny.generate(np.array([1]), 20, generator=Generator(6))).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: GPT(11, heads=3, width=8), "width must be a multiple of heads, got 8 and 3"),
        (lambda model: model(mg.tensor(np.zeros((1, 10), int))), r"at most 9 tokens \(its context\), got 10"),
        (lambda model: model.generate(np.array([], int), 1), "at least one token to begin with"),
        (lambda model: model.generate(np.array([1]), 1, -1.0), "temperature must not be negative, got -1.0"),
        (lambda model: model.generate(np.array([1]), 1, top_k=0), "top_k must be at least 1, got 0"),
    ],
)
def test_errors(tiny, call, message):
    with pytest.raises(ValueError, match=message):
        call(tiny)


def test_a_wrong_key_is_named(tiny):
    state = tiny.state_dict()
    state["h.2.ln_1.weight"] = state.pop("h.1.ln_1.weight")
    with pytest.raises(RuntimeError, match=r"(?s)Missing .*h.1.ln_1.weight.*Unexpected .*h.2.ln_1.weight"):
        tiny.load_state_dict(state)
