"""What `remember` keeps, and what is said when there is nothing to explain."""

import numpy as np
import pytest

import minigrad as mg
import optim
from tests.optim.cases import OPTIMIZERS, gradient_step, parameter


def named(device, **hyper):
    pairs = [
        ("layer1.weight", parameter(np.ones((2, 3)), device)),
        ("layer1.bias", parameter([1.0, 2.0], device)),
    ]
    return optim.AdamW(pairs, **hyper), [p for _, p in pairs]


def step(optimizer):
    gradient_step(optimizer, np.arange(6.0).reshape(2, 3), [1.0, -1.0])


def test_a_parameter_by_name_by_number_or_itself(device):
    optimizer, (weight, _) = named(device)
    optimizer.remember()
    step(optimizer)
    texts = {str(optimizer.explain(which, (1, -1))) for which in ("layer1.weight", 0, weight)}
    assert len(texts) == 1
    assert "update 1 of layer1.weight[1, -1]" in texts.pop()


def test_without_names_a_parameter_is_called_by_its_number(device):
    optimizer = optim.SGD([parameter(device=device), parameter(3.0, device)])
    optimizer.remember()
    gradient_step(optimizer, [1.0, 1.0], 1.0)
    assert "of parameter 1[]" in str(optimizer.explain(1))


def test_only_what_was_asked_for_is_kept(device):
    optimizer, (_, bias) = named(device)
    optimizer.remember("layer1.bias")
    step(optimizer)
    assert set(optimizer.observers[0].updates) == {bias}
    assert optimizer.explain("layer1.bias", 0).exact
    with pytest.raises(RuntimeError, match=r"layer1.weight is none of the parameters .*remember"):
        optimizer.explain("layer1.weight", (0, 0))


def test_one_parameter_of_a_global_sum(device):
    optimizer, _ = named(device, agr=optim.AGR("global"))
    optimizer.remember("layer1.bias")
    step(optimizer)
    assert "sum of |grad| over 8 elements\n        = 17.0" in str(optimizer.explain("layer1.bias", 1))
    assert optimizer.explain("layer1.bias", 1).exact


def test_remember_again_replaces_and_forget_ends(device):
    optimizer, _ = named(device)
    optimizer.remember("layer1.bias")
    optimizer.remember()
    assert len(optimizer.observers) == 1
    optimizer.forget()
    assert optimizer.observers == []


@pytest.mark.parametrize("cls", OPTIMIZERS)
def test_later_changes_of_gradients_and_hyper_parameters_do_not_matter(device, cls):
    p = parameter(device=device)
    optimizer = cls([p], lr=0.5)
    optimizer.remember()
    gradient_step(optimizer, [1.0, -1.0])
    before = str(optimizer.explain(p, 0))
    optimizer.param_groups[0]["lr"] = 7.0
    p.grad.data[...] = 100
    assert str(optimizer.explain(p, 0)) == before


def test_a_step_without_gradient_leaves_the_update_before(device):
    p = parameter(device=device)
    optimizer = optim.SGD([p])
    optimizer.remember()
    gradient_step(optimizer, [1.0, 1.0])
    gradient_step(optimizer, None)
    assert optimizer.explain(p, 0).exact


def test_a_parameter_changed_since_is_noticed(device):
    p = parameter(device=device)
    optimizer = optim.SGD([p])
    optimizer.remember()
    gradient_step(optimizer, [1.0, 1.0])
    p.data[...] = 5
    explanation = optimizer.explain(p, 0)
    assert not explanation.exact
    assert "The stored parameter is 5.0: it has been changed since" in str(explanation)
    assert "5.0: it has been changed since" in explanation._repr_latex_()


def test_errors(device):
    optimizer, (weight, _) = named(device)
    with pytest.raises(RuntimeError, match=r"call optimizer.remember\(\) before optimizer.step\(\)"):
        optimizer.explain("layer1.weight", (0, 0))
    optimizer.remember()
    with pytest.raises(RuntimeError, match=r"no update of layer1.bias has been kept .*: it has no gradient"):
        optimizer.explain("layer1.bias", 0)
    weight.grad = mg.tensor(np.ones((2, 3)), device=device)
    with pytest.raises(RuntimeError, match=r"no update .*: optimizer.step\(\) has not been called since"):
        optimizer.explain("layer1.weight", (0, 0))
    step(optimizer)
    with pytest.raises(KeyError, match=r"no parameter 'layer1.wieght'; did you mean layer1.weight"):
        optimizer.explain("layer1.wieght", (0, 0))
    with pytest.raises(KeyError, match="parameters 0 to 1, not 2"):
        optimizer.explain(2, (0, 0))
    with pytest.raises(KeyError, match=r"does not have this Tensor of shape \(2,\)"):
        optimizer.explain(parameter(device=device), 0)
    for index in ((2, 0), (0, -4), 0, (), (0, 0, 0)):
        with pytest.raises(IndexError, match=r"layer1.weight has shape \(2, 3\), and so no element"):
            optimizer.explain("layer1.weight", index)
    with pytest.raises(KeyError, match=r"knows no names, so not 'w': make it with model.named_parameters"):
        optim.SGD([parameter()]).remember("w")
