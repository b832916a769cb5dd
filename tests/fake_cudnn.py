"""A strict stand-in for nvidia-cudnn-frontend, to go with the stand-in for CuPy.

It takes only the calls that minigrad makes, in their order, and checks what cuDNN checks or silently relies
on: numbers of tensors, shapes, strides, alignment, types, the stream, the workspace. Plans compute with
PyTorch in double precision, on whatever lies at the addresses that they are given.

`refusing` holds operations that no plan is found for; `built` lists those for which one was made.
"""

import ctypes
import enum
import itertools
import math
import sys

import numpy as np
import torch
import torch.nn.functional as T

__version__ = "1.28.0"

refusing = set()
built = []

data_type = enum.Enum("data_type", "FLOAT HALF BFLOAT16")
heur_mode = enum.Enum("heur_mode", "A FALLBACK")
numerical_note = enum.Enum(
    "numerical_note",
    "TENSOR_CORE DOWN_CONVERT_INPUTS REDUCED_PRECISION_REDUCTION "
    "WINOGRAD WINOGRAD_TILE_4x4 WINOGRAD_TILE_6x6 WINOGRAD_TILE_13x13",
)

_NUMPY = {data_type.FLOAT: np.dtype(np.float32), data_type.HALF: np.dtype(np.float16)}


class cudnnGraphNotSupportedError(Exception):
    """What cuDNN raises for a graph that it cannot execute; not a RuntimeError."""


def backend_version_string():
    return "9.0.0"


class Handle:
    stream = None


def create_handle():
    return Handle()


def set_stream(handle, stream):
    assert type(handle) is Handle
    assert type(stream) is int
    handle.stream = stream


class Tensor:
    """A tensor of a graph: what is said of it, and whether all has been said."""

    def __init__(self, dim=None, stride=None, data_type=None, uid=None):
        self.dim, self.stride, self.data_type, self.uid = dim, stride, data_type, uid
        self.is_output = False

    def set_output(self, is_output):
        self.is_output = is_output
        return self

    def set_uid(self, uid):
        self.uid = uid
        return self

    def set_data_type(self, data_type):
        self.data_type = data_type
        return self

    def set_dim(self, dim):
        self.dim = dim
        return self

    def set_stride(self, stride):
        self.stride = stride
        return self

    def check(self):
        assert type(self.dim) is list
        assert type(self.stride) is list
        assert len(self.dim) == len(self.stride) == 4
        assert all(type(n) is int for n in self.dim + self.stride)
        assert type(self.uid) is int
        if min(self.dim) < 1 or min(self.stride) < 1:
            raise RuntimeError("CUDNN_STATUS_BAD_PARAM: dimensions and strides must be positive")
        steps = sorted((step, size) for step, size in zip(self.stride, self.dim, strict=True) if size > 1)
        for (step, size), (outer, _) in itertools.pairwise(steps):
            assert outer >= step * size, f"elements of {self.dim} with strides {self.stride} overlap"

    def at(self, address):
        """The memory at this address as an array of NumPy."""
        dtype = _NUMPY[self.data_type]
        assert type(address) is int
        assert address % 16 == 0, "not aligned"
        count = 1 + sum((n - 1) * step for n, step in zip(self.dim, self.stride, strict=True))
        memory = (ctypes.c_byte * (count * dtype.itemsize)).from_address(address)
        flat = np.frombuffer(memory, dtype)
        return np.lib.stride_tricks.as_strided(flat, self.dim, [dtype.itemsize * n for n in self.stride])


# ---------------------------------------------------------------------- operations, in double precision


def _convolved(image, weight, pre_padding, post_padding, stride, dilation):
    (top, left), (bottom, right) = pre_padding, post_padding
    padded = T.pad(image, (left, right, top, bottom))
    groups = image.shape[1] // weight.shape[1]
    return T.conv2d(padded, weight, None, stride, 0, dilation, groups)


def _conv_fprop(results, image, weight, **geometry):
    return [_convolved(image, weight, **geometry)]


def _conv_dgrad(results, loss, filter, **geometry):
    image = torch.zeros(results[0].dim, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(_convolved(image, filter, **geometry), image, loss)


def _conv_wgrad(results, image, loss, **geometry):
    weight = torch.zeros(results[0].dim, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(_convolved(image, weight, **geometry), weight, loss)


def _scores(q, k, attn_scale, bias=None, diagonal_band_right_bound=None):
    scores = attn_scale * q @ k.mT
    if bias is not None:
        assert torch.isfinite(bias).all(), "some kernels make NaN of a row of infinities"
        scores = scores + bias
    if diagonal_band_right_bound is not None:
        hidden = torch.ones(scores.shape[-2:], dtype=bool).triu(1 + diagonal_band_right_bound)
        scores = scores.masked_fill(hidden, -math.inf)
    return scores


def _sdpa(results, q, k, v, generate_stats, **arguments):
    assert generate_stats is True
    scores = _scores(q, k, **arguments)
    return [torch.softmax(scores, -1) @ v, torch.logsumexp(scores, -1, keepdim=True)]


def _sdpa_backward(results, q, k, v, o, dO, stats, attn_scale, **arguments):
    weights = torch.exp(_scores(q, k, attn_scale, **arguments) - stats)
    dscores = weights * (dO @ v.mT - (dO * o).sum(-1, keepdim=True)) * attn_scale
    return [dscores @ k, dscores.mT @ q, weights.mT @ dO]


_OPERATIONS = {
    "conv_fprop": (_conv_fprop, 1),
    "conv_dgrad": (_conv_dgrad, 1),
    "conv_wgrad": (_conv_wgrad, 1),
    "sdpa": (_sdpa, 2),
    "sdpa_backward": (_sdpa_backward, 3),
}


def _to_half(x):
    return x.half().double()


def _to_tf32(x):
    """Rounded to 10 bits after the leading one."""
    mantissa, exponent = torch.frexp(x)
    return torch.ldexp(torch.round(mantissa * 2**11), exponent - 11)


# Kernels as cuDNN ranks them, the fastest first: their notes, and what they do to float32.
_ENGINES = [
    ({numerical_note.TENSOR_CORE, numerical_note.DOWN_CONVERT_INPUTS}, _to_half),
    ({numerical_note.TENSOR_CORE}, _to_tf32),
    ({numerical_note.WINOGRAD}, lambda x: x * (1 + 2.0**-22)),  # more than rounding
    (set(), lambda x: x),
]


class pygraph:
    """A graph of one operation, and its plan."""

    def __init__(self, *, intermediate_data_type, compute_data_type, handle):
        assert intermediate_data_type is compute_data_type is data_type.FLOAT
        assert type(handle) is Handle
        self._operands, self._results = {}, []
        self._done = ["tensors"]
        self._engines = list(_ENGINES)

    def _step(self, after, name):
        assert self._done[-1] == after, f"{name} after {self._done}"
        self._done.append(name)

    def tensor(self, *, dim, stride, data_type, uid):
        assert self._done[-1] == "tensors"
        tensor = Tensor(dim, stride, data_type, uid)
        self._operands[uid] = tensor
        return tensor

    def __getattr__(self, name):
        if name not in _OPERATIONS:
            raise AttributeError(name)

        def operation(**arguments):
            self._step("tensors", "operation")
            self._name = name
            self._names = {k: v.uid for k, v in arguments.items() if isinstance(v, Tensor)}
            assert len(self._names) == len(self._operands)
            self._arguments = {k: v for k, v in arguments.items() if not isinstance(v, Tensor)}
            self._results = [Tensor() for _ in range(_OPERATIONS[name][1])]
            return self._results[0] if len(self._results) == 1 else self._results

        return operation

    def validate(self):
        self._step("operation", "validate")
        for tensor in (*self._operands.values(), *self._results):
            tensor.check()
        assert all(tensor.is_output for tensor in self._results)
        numbers = [*self._operands, *(tensor.uid for tensor in self._results)]
        assert len(set(numbers)) == len(numbers)
        if self._name.startswith("conv"):
            self._validate_convolution()
        else:
            self._validate_attention()

    def _validate_convolution(self):
        for tensor in (*self._operands.values(), *self._results):
            _, c, h, w = tensor.dim
            assert tensor.stride == [h * w * c, 1, w * c, c], "not channels-last"
            assert tensor.data_type is self._results[0].data_type
        for values in self._arguments.values():
            assert type(values) is list
            if min(values) < 0:
                raise RuntimeError("CUDNN_STATUS_BAD_PARAM: negative padding")

    def _validate_attention(self):
        by_name = {name: self._operands[uid] for name, uid in self._names.items()}
        q, k, v = by_name["q"].dim, by_name["k"].dim, by_name["v"].dim
        statistics = by_name.get("stats") or self._results[1]
        assert statistics.dim == [*q[:3], 1]
        assert statistics.data_type is data_type.FLOAT
        for tensor in (*self._operands.values(), *self._results):
            assert tensor.stride[3] == 1
            if tensor is not statistics:
                assert tensor.data_type is by_name["q"].data_type
            if tensor not in (statistics, by_name.get("bias")) and q[3] % 8 == v[3] % 8 == 0:
                steps = zip(tensor.stride[:3], tensor.dim[:3], strict=True)
                assert all(step % 8 == 0 for step, size in steps if size > 1), "rows are not aligned"
        if bias := by_name.get("bias"):
            assert bias.dim[0] in (1, q[0])
            assert bias.dim[1] in (1, q[1])
            assert bias.dim[2:] == [q[2], k[2]]
        if by_name["q"].data_type is data_type.FLOAT or q[3] % 8 or v[3] % 8:
            raise cudnnGraphNotSupportedError("half precision, and widths that are multiples of 8")
        if self._name == "sdpa_backward" and q[2] == k[2] == 1:
            raise cudnnGraphNotSupportedError("s_q = s_kv = 1 is not supported.")

    def build_operation_graph(self):
        self._step("validate", "build_operation_graph")

    def create_execution_plans(self, modes):
        self._step("build_operation_graph", "create_execution_plans")
        assert modes == [heur_mode.A, heur_mode.FALLBACK]

    def deselect_numeric_notes(self, notes):
        self._step("create_execution_plans", "deselect_numeric_notes")
        self._engines = [engine for engine in self._engines if not engine[0] & set(notes)]

    def check_support(self):
        self._step("deselect_numeric_notes", "check_support")
        if self._name in refusing:
            raise cudnnGraphNotSupportedError("No valid engine configs")

    def build_plans(self):
        self._step("check_support", "build_plans")
        built.append(self._name)

    def get_workspace_size(self):
        return 100

    def execute(self, addresses, workspace, *, handle):
        assert self._done[-1] == "build_plans"
        assert handle.stream is not None, "nobody has said which stream"
        assert addresses.keys() == self._operands.keys() | {tensor.uid for tensor in self._results}
        ctypes.memset(workspace, 0xFF, 100)
        operands = {}
        for name, uid in self._names.items():
            tensor = self._operands[uid]
            value = torch.tensor(tensor.at(addresses[uid]), dtype=torch.float64)
            rounded = self._name.startswith("conv") and tensor.data_type is data_type.FLOAT
            operands[name] = self._engines[0][1](value) if rounded else value
        computed = _OPERATIONS[self._name][0](self._results, **operands, **self._arguments)
        for tensor, value in zip(self._results, computed, strict=True):
            assert list(value.shape) == tensor.dim
            tensor.at(addresses[tensor.uid])[...] = value.numpy()


def install():
    """Make `import cudnn` find the fake."""
    sys.modules["cudnn"] = sys.modules[__name__]
