"""Profiles: what was called, where, how long it took, and that nothing is left behind."""

import sys
import threading

import numpy as np
import pytest

import minigrad as mg
import optim
from minigrad import engine, nn
from minigrad.backend import array_module
from minigrad.data import DataLoader
from minigrad.engine import Fused, Primitive
from minigrad.function import Function, _Call, _Output
from minigrad.profile_picture import boxes
from minigrad.profiler import _family, _watched, watch


class Square(mg.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


class Residual(nn.Module):
    def __init__(self, device):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4, device=device), nn.Tanh())
        self.scale = nn.Linear(4, 4, bias=False, device=device)

    def forward(self, x):
        return x + self.scale(self.body(x))


def mlp(device):
    return nn.Sequential(nn.Linear(4, 8, device=device), nn.ReLU(), nn.Linear(8, 3, device=device))


def calls(p, by="operation"):
    return {row.name: (row.calls, row.backward_calls) for row in p.rows(by)}


def timed_methods():
    """Everything that a profile replaces, as it is at present."""
    places = [(kind, name) for kind in _family(Primitive) for name in ("__call__", "gradients")]
    places += [(Fused, "__call__"), (Fused, "gradients"), (Function, "apply"), (nn.Module, "__call__")]
    places += [(_Call, "gradients"), (engine, "backward"), (engine, "gradients_of"), *_watched]
    return [vars(owner).get(name) for owner, name in places]


# ---------------------------------------------------------------------- what is counted


def test_operations_of_a_small_model(device):
    model, x = mlp(device), mg.ones(5, 4, device=device)
    with mg.profile() as p:
        for _ in range(3):
            model(x).sum().backward()
    assert calls(p) == {"linear": (6, 6), "relu": (3, 3), "sum": (3, 3), "engine": (0, 3)}
    assert calls(p, "layer") == {
        "0": (3, 3), "1": (3, 3), "2": (3, 3), "Sequential": (3, 0), "(no layer)": (0, 3), "engine": (0, 3)
    }  # fmt: skip


def test_no_backward_without_one_and_nothing_kept(device):
    model, x = mlp(device), mg.ones(5, 4, device=device)
    with mg.profile() as p, mg.no_grad():
        model(x)
    assert calls(p) == {"linear": (2, 0), "relu": (1, 0)}
    assert all(row.backward == row.saved == 0 for row in p.rows())
    assert sum(row.nbytes for row in p.rows()) == 4 * 5 * (8 + 8 + 3)


def test_promotion_and_what_an_operation_calls_are_parts_of_it(device):
    x = mg.ones(3, device=device, requires_grad=True)
    with mg.profile() as p:
        (x * mg.ones(3, device=device, dtype="float64")).sum().backward()
    assert calls(p)["mul"] == (1, 1)
    assert {span.kind for span in p.spans if span.name == "cast" and span.phase == "forward"} == {"part"}


def test_layers_are_found_by_their_path(device):
    model = nn.Sequential(mlp(device), nn.Linear(3, 4, device=device), Residual(device))
    with mg.profile() as p:
        model(mg.ones(2, 4, device=device)).sum().backward()
    found = {span.layer for span in p.spans if span.kind == "operation" and span.name == "linear"}
    paths = ["0.0", "0.2", "1", "2.body.0", "2.scale"]
    assert found == {("Sequential", *path.split(".")) for path in paths}
    assert set(paths) < set(calls(p, "layer"))
    assert calls(p, "layer")["2"] == (1, 1)  # the sum of the residual block
    forward = [s.layer for s in p.spans if s.name == "linear" and s.phase == "forward"]
    assert forward == [s.layer for s in p.spans if s.name == "linear" and s.phase == "backward"][::-1]


def test_two_models_keep_their_names_apart(device):
    x = mg.ones(2, 4, device=device)
    with mg.profile() as p:
        Residual(device)(mlp(device)[:1](x)[:, :4])
        nn.ReLU()(x)
    names = set(calls(p, "layer"))
    assert {"Residual.body.0", "Residual.scale", "Sequential.0", "ReLU"} <= names


def test_a_module_that_is_no_child_stands_below_its_caller(device):
    outer = nn.Sequential(nn.Identity())
    hidden = [mlp(device)]
    outer[0].register_forward_hook(lambda module, args, output: hidden[0](output))
    with mg.profile() as p:
        outer(mg.ones(2, 4, device=device))
    assert ("Sequential", "0", "Sequential", "2") in {span.layer for span in p.spans if span.name == "linear"}


def test_functions_of_the_user(device):
    x = mg.ones(4, device=device, requires_grad=True)
    with mg.profile() as p:
        Square.apply(x).sum().backward()
    assert calls(p) == {"Square": (1, 1), "sum": (1, 1), "engine": (0, 1)}
    assert next(row for row in p.rows() if row.name == "Square").saved == 16
    assert {s.kind for s in p.spans if s.name == "mul"} == {"part"}


def test_create_graph_and_the_second_backward(device):
    x = mg.ones(4, device=device, requires_grad=True)
    with mg.profile() as p:
        (g,) = mg.autograd.grad((x**3).sum(), [x], create_graph=True)
        first = calls(p)
        g.sum().backward()
    assert first["pow"] == (1, 1)
    assert calls(p)["pow"][1] > 1 or calls(p)["mul"][1] > 0  # the derivative has derivatives
    model = nn.LayerNorm(4, device=device)
    with mg.profile() as p:  # of a fused operation, through its twin
        (g,) = mg.autograd.grad((model(x) ** 2).sum(), [x], create_graph=True)
        g.sum().backward()
    assert calls(p)["layer_norm"] == (1, 2)  # the gradient depends on the result once more
    assert {s.layer for s in p.spans if s.phase == "backward" and s.kind == "operation"} >= {("LayerNorm",)}


def test_what_a_derivative_keeps_under_create_graph_is_the_operations(device):
    x, g = mg.ones(10, device=device, requires_grad=True), mg.ones(10, device=device)
    with mg.profile() as p:
        mg.autograd.grad(x.exp(), [x], grad_outputs=[g], create_graph=True)
    assert [
        (span.name, span.phase, span.saved) for span in p.spans if span.saved and span.kind != "part"
    ] == [
        ("exp", "forward", 40),
        ("exp", "backward", 40),  # the gradient; the result is kept already
    ]


def test_a_hook_belongs_to_the_backward_pass(device):
    x = mg.ones(4, device=device, requires_grad=True)
    y = x.exp()
    y.register_hook(lambda g: g * 2)
    with mg.profile() as p:
        y.sum().backward()
    assert [span.phase for span in p.spans if span.name == "mul" and span.kind == "operation"] == ["backward"]


# ---------------------------------------------------------------------- time


def test_own_times_add_up_to_the_total_and_spans_are_nested(device):
    model = mlp(device)
    with mg.profile() as p:
        model(mg.ones(5, 4, device=device)).sum().backward()
    assert sum(span.own for span in p.spans) == pytest.approx(p.total, rel=1e-9)
    assert all(span.own >= 0 for span in p.spans)
    whole = p.spans[0]
    assert all(whole.start <= span.start <= span.stop <= whole.stop for span in p.spans)
    for by in ("operation", "layer"):
        assert 0 < sum(row.total for row in p.rows(by)) <= p.total
        assert [row.total for row in p.rows(by)] == sorted((row.total for row in p.rows(by)), reverse=True)
    layers = sum(row.total for row in p.rows("layer")) + whole.own
    assert layers == pytest.approx(p.total, rel=1e-9)
    assert sum(box.seconds for box in boxes(p).inside.values()) == pytest.approx(p.total, rel=1e-9)


def test_time_is_found_where_it_is_spent(device, monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr("minigrad.profiler.perf_counter", lambda: float(next(now)))
    x = mg.ones(3, device=device)
    with mg.profile() as p:
        mg.exp(x)
        mg.exp(x)
    rows = p.rows()
    assert [(row.name, row.forward) for row in rows] == [("exp", 2.0)]  # two calls of one tick each
    assert rows[0].share == 2 / p.total


# ---------------------------------------------------------------------- memory


def test_saved_bytes_are_exact_and_shared_arrays_count_once(device):
    x = mg.ones(10, 20, device=device, requires_grad=True)
    w = mg.ones(10, 20, device=device, requires_grad=True)
    with mg.profile() as p:
        y = x * w  # keeps both
        z = y.exp()  # keeps its result
        (z * z.T.T).sum()  # keeps z, which is kept already, and a view of the same memory
    saved = [(span.name, span.saved) for span in p.spans if span.saved]
    assert saved == [("mul", 2 * 800), ("exp", 800)]
    assert p.rows("layer")[0].saved == 3 * 800


def test_saved_bytes_of_views(device):
    x = mg.ones(4, 6, device=device, requires_grad=True)
    rows = mg.Tensor(array_module(x.data).broadcast_to(x.data[:1], (5, 6)))
    with mg.profile() as p:
        x[:2] * x[2:]  # two halves
        rows * x[:1]  # one row in memory, and the same one again
    assert [span.saved for span in p.spans if span.name == "mul"] == [4 * 24, 24]


def test_memory_that_was_let_go_counts_again(device):
    x = mg.ones(4, 6, device=device, requires_grad=True)
    with mg.profile() as p:
        held = [x * x]
        held[0].sum().backward()  # frees what the node has saved, though the node lives on
        (x * x).sum().backward()
        (x * x).sum().backward()
        held.append(x * x)
        x * x
    assert [span.saved for span in p.spans if span.name == "mul" and span.phase == "forward"] == [96] * 4 + [
        0
    ]


def test_parameters_are_not_counted(device):
    layer, x = nn.Linear(100, 2, device=device), mg.ones(3, 100, device=device)
    with mg.profile() as p:
        layer(x)
    assert sum(row.saved for row in p.rows()) == 3 * 100 * 4


# ---------------------------------------------------------------------- regions


def test_an_optimizer_and_a_loader_show_up(device):
    model = mlp(device)
    optimizer = optim.AdamW(model.parameters())
    with mg.profile() as p:
        for (x,) in DataLoader([(np.ones(4, "float32"),)] * 6, batch_size=2, device=device):
            model(x).sum().backward()
            optimizer.step()
    assert calls(p)["AdamW.step"] == (3, 0)
    assert calls(p)["DataLoader.batch"] == (3, 0)
    step = next(row for row in p.rows() if row.name == "AdamW.step")
    assert step.other == step.total > 0


def test_a_closure_is_forward_and_backward_within_the_step(device):
    model = mlp(device)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def closure():
        loss = model(mg.ones(2, 4, device=device)).sum()
        loss.backward()
        return loss

    with mg.profile() as p:
        optimizer.step(closure)
    assert {s.phase for s in p.spans if s.name == "linear"} == {"forward", "backward"}
    assert sum(span.own for span in p.spans) == pytest.approx(p.total, rel=1e-9)


def test_watch(monkeypatch):
    monkeypatch.setattr("minigrad.profiler._watched", [])

    class Base:
        def work(self):
            return 1

    class Derived(Base):
        def work(self):
            return 2

    watch(Base, "work")
    with mg.profile() as p:
        assert (Base().work(), Derived().work()) == (1, 2)
    assert calls(p) == {"Base.work": (1, 0), "Derived.work": (1, 0)}


# ---------------------------------------------------------------------- leaving no trace


def test_everything_is_as_before(device):
    before = timed_methods()
    with mg.profile():
        assert all(a is not b for a, b in zip(timed_methods(), before, strict=True) if b is not None)
    after = timed_methods()
    assert all(a is b for a, b in zip(after, before, strict=True))


def test_also_after_an_error_inside_an_operation(device):
    before = timed_methods()
    a, b = mg.ones(2, 3, device=device), mg.ones(4, 3, device=device)
    p = mg.profile()
    with pytest.raises(RuntimeError, match="add"), p:
        mlp(device)(mg.ones(2, 4, device=device)) + a + b
    assert all(a is b for a, b in zip(timed_methods(), before, strict=True))
    assert calls(p) == {"linear": (2, 0), "relu": (1, 0), "add": (2, 0)}
    assert sum(span.own for span in p.spans) == pytest.approx(p.total, rel=1e-9)


def test_one_profile_at_a_time(device):
    with mg.profile() as outer:
        with pytest.raises(RuntimeError, match="another profile is active"), mg.profile():
            pass
        mg.exp(mg.ones(2, device=device))
    assert calls(outer) == {"exp": (1, 0)}
    with mg.profile() as p:
        pass
    assert p.rows() == []


def test_a_timed_method_that_outlives_its_profile_does_nothing_more(device):
    model = mlp(device)
    with mg.profile() as p:
        batches = iter(DataLoader([1.0, 2.0]))
        next(batches)
        call = model.__call__
    count = len(p.spans)
    assert next(batches).tolist() == [2.0]
    call(mg.ones(2, 4, device=device))
    assert len(p.spans) == count


def test_other_threads_are_not_watched(device):
    with mg.profile() as p:
        thread = threading.Thread(target=lambda: mg.exp(mg.ones(2, device=device)))
        thread.start()
        thread.join()
    assert p.rows() == []


def test_every_operation_of_the_engine_is_timed():
    modules = [module for name, module in sys.modules.items() if name.startswith("minigrad.")]
    kinds = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    names = [(kind, "gradients") for kind in kinds if "gradients" in vars(kind) and kind is not _Output]
    names += [(kind, "__call__") for kind, _ in names if "__call__" in vars(kind)]
    assert len(names) >= 7
    before = [vars(kind)[name] for kind, name in names]
    with mg.profile():
        left_out = [
            place for place, old in zip(names, before, strict=True) if vars(place[0])[place[1]] is old
        ]
    assert not left_out
