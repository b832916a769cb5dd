"""Kernels of NVIDIA's cuDNN, on a GPU where nvidia-cudnn-frontend is installed: plans, and how they are run.

cuDNN is told of an operation as a graph of tensors: their shapes, strides and types, but no numbers. From it
cuDNN makes an execution plan, which takes milliseconds. To execute the plan takes microseconds; it needs the
addresses of arrays that are as the graph says. So plans are kept, by all that they depend on.

What cuDNN refuses is not asked again, and left to the kernels beside this file. Which operations these are,
`minigrad.backend.cudnn_conv` and `cudnn_attention` say. Some of their gradients add up parts in any order:
last digits may differ from run to run, as with PyTorch.
"""

import threading
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from minigrad.backend.device import array_module

ALIGNMENT = 16  # bytes: so much at a time is loaded, which is where arrays have to begin
TYPES = {"float32": "FLOAT", "float16": "HALF", "bfloat16": "BFLOAT16"}

executed: Counter[str] = Counter()
"""How often cuDNN has executed each operation."""

fallbacks: Counter[str] = Counter()
"""How often an operation was left to other kernels because cuDNN had refused it."""

refused: dict[Hashable, str] = {}
"""What cuDNN has refused to plan, and its reason."""


class Form(NamedTuple):
    """What a graph knows of an array; strides count elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


class Plan(NamedTuple):
    """An operation that cuDNN can execute, and how many bytes it needs to work in."""

    operation: str
    graph: Any
    workspace: int


_plans: dict[Hashable, Plan] = {}
_handles: dict[int, Any] = {}  # of each device
_lock = threading.Lock()  # a handle keeps its stream until it is used


@cache
def library() -> tuple[Any, str]:
    """The module `cudnn` and its versions, or None and what is missing."""
    try:
        import cudnn

        version = cudnn.backend_version_string()
    except ImportError:
        return None, "no cuDNN: nvidia-cudnn-frontend is not installed"
    except (RuntimeError, OSError) as error:
        return None, f"no cuDNN: nvidia-cudnn-frontend does not find the library ({error})"
    return cudnn, f"cuDNN {version}, nvidia-cudnn-frontend {cudnn.__version__}"


def plan(
    operation: str,
    operands: Mapping[str, Form],
    results: Sequence[Form],
    arguments: Mapping[str, Any],
    device: Any,
    forbidden: tuple[str, ...] = (),
) -> Plan | None:
    """The plan for an operation, made if it is new; None if cuDNN refuses it.

    Parameters
    ----------
    operation : str
        A method of cuDNN's graphs.
    operands : dict
        The tensors among its arguments, by their names there.
    results : sequence of Form
    arguments : dict
        Its other arguments; tuples are made lists.
    device : cupy.cuda.Device
    forbidden : tuple of str
        Numerical properties that cuDNN must not choose a kernel with.
    """
    key = (operation, device.id, (*operands.items(), *results), tuple(arguments.items()), forbidden)
    if key not in _plans and key not in refused:
        cudnn, _ = library()
        with device, _lock:
            try:
                handle = _handle(cudnn, device)
                graph = _graph(cudnn, handle, operation, operands, results, arguments)
                graph.deselect_numeric_notes([getattr(cudnn.numerical_note, note) for note in forbidden])
                graph.check_support()
                graph.build_plans()
                _plans[key] = Plan(operation, graph, graph.get_workspace_size())
            except (cudnn.cudnnGraphNotSupportedError, RuntimeError) as error:
                refused[key] = str(error)
    if key in refused:
        fallbacks[operation] += 1
    return _plans.get(key)


def _graph(
    cudnn: Any,
    handle: Any,
    operation: str,
    operands: Mapping[str, Form],
    results: Sequence[Form],
    arguments: Mapping[str, Any],
) -> Any:
    """The graph of one operation, whose tensors have the numbers 1, 2, ...: operands first, then results."""
    types = {name: getattr(cudnn.data_type, theirs) for name, theirs in TYPES.items()}
    single = types["float32"]  # sums are float32, whatever the operands are
    graph = cudnn.pygraph(intermediate_data_type=single, compute_data_type=single, handle=handle)
    tensors = {
        name: graph.tensor(dim=list(shape), stride=list(strides), data_type=types[dtype], uid=number)
        for number, (name, (shape, strides, dtype)) in enumerate(operands.items(), 1)
    }
    lists = {name: list(a) if isinstance(a, tuple) else a for name, a in arguments.items()}
    made = getattr(graph, operation)(**tensors, **lists)
    made = made if isinstance(made, (list, tuple)) else [made]
    for number, (tensor, form) in enumerate(zip(made, results, strict=True), 1 + len(operands)):
        tensor.set_output(True).set_uid(number).set_data_type(types[form.dtype])
        tensor.set_dim(list(form.shape)).set_stride(list(form.strides))
    graph.validate()
    graph.build_operation_graph()
    graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
    return graph


def execute(plan: Plan, arrays: Sequence[Any]) -> None:
    """Execute a plan in CuPy's current stream, on the operands and results that it was made for.

    The workspace is given back before it is used: whoever gets its memory next comes later in the stream.
    """
    cudnn, _ = library()
    cupy, device = array_module(arrays[0]), arrays[0].device
    with device, _lock:
        handle = _handle(cudnn, device)
        cudnn.set_stream(handle, cupy.cuda.get_current_stream().ptr)
        workspace = cupy.empty(plan.workspace, cupy.uint8)
        addresses = {number: array.data.ptr for number, array in enumerate(arrays, 1)}
        plan.graph.execute(addresses, workspace.data.ptr, handle=handle)
    executed[plan.operation] += 1


def aligned(x: Any) -> Any:
    """The array itself, or a copy if it is a view that begins where cuDNN cannot load it."""
    return x.copy() if x.data.ptr % ALIGNMENT else x


def _handle(cudnn: Any, device: Any) -> Any:
    if device.id not in _handles:
        _handles[device.id] = cudnn.create_handle()
    return _handles[device.id]
