"""Are derivatives right? One random direction at a time, to first and second order.

For a function f with inputs x, a direction v and weights u of the output,

    <u, f(x + h v) - f(x - h v)> / 2h   must equal   <v, J^T u>,

where the right side comes from one backward pass. A wrong derivative agrees along a random direction with
probability zero, so a few directions prove as much as the whole Jacobian and cost a few forward passes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.backend import to_device
from minigrad.dtypes import is_floating
from minigrad.gradients import grad
from minigrad.tensor import Tensor


class GradcheckError(RuntimeError):
    """A derivative disagrees with finite differences."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    directions: int = 2,
    seed: int = 0,
    raise_exception: bool = True,
) -> bool:
    """Compare first derivatives with central differences along random directions.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a Tensor or a tuple of Tensors (those that are not floating are ignored).
    inputs : Tensor or sequence
        Those that require gradients must be float64; each is checked alone, so that a failure names it.
    eps : float
        The step h.
    atol, rtol : float
        What difference is accepted.
    directions : int
        Random directions per input.
    seed : int
        Of the directions.
    raise_exception : bool
        Raise instead of returning False.

    Raises
    ------
    GradcheckError
        Naming the function, the input, and both numbers.
    ValueError
        If nothing requires a gradient, or an input that does is not float64.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([0.5, 1.5], dtype="float64", requires_grad=True)
    >>> gradcheck(lambda x: mg.sin(x) * x, (x,))
    True
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: none of the inputs requires a gradient")
    for i in checked:
        if inputs[i].dtype != np.float64:
            raise ValueError(
                f"gradcheck: input {i} is {inputs[i].dtype.name}; finite differences need float64"
            )
    rng = np.random.default_rng(seed)
    outputs = _outputs(func, inputs)
    weights = [_random(rng, output) for output in outputs]
    targets = [inputs[i] for i in checked]
    connected = [(output, u) for output, u in zip(outputs, weights, strict=True) if output.requires_grad]
    if connected:
        found = grad(
            [output for output, _ in connected],
            targets,
            [u for _, u in connected],
            allow_unused=True,
            materialize_grads=True,
        )
    else:
        found = tuple(Tensor(x.data * 0) for x in targets)
    for i, gradient in zip(checked, found, strict=True):
        for _ in range(directions):
            v = _random(rng, inputs[i])
            expected = sum(
                float(((high.data - low.data) * u.data).sum()) / (2 * eps)
                for high, low, u in zip(*_shifted(func, inputs, i, v, eps), weights, strict=True)
            )
            got = float((gradient.data * v.data).sum())
            if not abs(got - expected) <= atol + rtol * abs(expected):
                if not raise_exception:
                    return False
                name = getattr(func, "__name__", type(func).__name__)
                raise GradcheckError(
                    f"{name}: derivative for input {i} (shape {inputs[i].shape}) along a random direction: "
                    f"backward gives {got:.10g}, finite differences give {expected:.10g}"
                )
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Tensor | Sequence[Any], **options: Any) -> bool:
    """Compare second derivatives with central differences of the first ones.

    The gradient of `func` under random weights is itself checked by `gradcheck`, as a function of the inputs
    and of the weights. Parameters and errors are those of `gradcheck`.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([0.5, 1.5], dtype="float64", requires_grad=True)
    >>> gradgradcheck(lambda x: x**3, x)
    True
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = [output for output in _outputs(func, inputs) if output.requires_grad]
    rng = np.random.default_rng(options.get("seed", 0) + 1)
    weights = [_random(rng, output).requires_grad_() for output in outputs]

    def gradient(*arguments: Any) -> tuple[Tensor, ...]:
        given, u = arguments[: len(inputs)], arguments[len(inputs) :]
        results = [output for output in _outputs(func, given) if output.requires_grad]
        targets = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
        return grad(results, targets, list(u), create_graph=True, allow_unused=True, materialize_grads=True)

    gradient.__name__ = f"gradient of {getattr(func, '__name__', 'function')}"
    return gradcheck(gradient, (*inputs, *weights), **options)


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> list[Tensor]:
    result = func(*inputs)
    results = result if isinstance(result, (tuple, list)) else [result]
    return [output for output in results if isinstance(output, Tensor) and is_floating(output.dtype)]


def _random(rng: np.random.Generator, example: Tensor) -> Tensor:
    return Tensor(to_device(np.asarray(rng.standard_normal(example.shape)), example.device))


def _shifted(
    func: Callable[..., Any], inputs: Sequence[Any], i: int, v: Tensor, eps: float
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs with input i moved by +eps v and by -eps v; the input itself is left alone."""
    results = []
    for step in (eps, -eps):
        moved = Tensor(inputs[i].data + step * v.data, requires_grad=True)
        results.append(_outputs(func, [*inputs[:i], moved, *inputs[i + 1 :]]))
    return results[0], results[1]
