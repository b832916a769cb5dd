"""Binds operators and methods to Tensor: the one place that lists them all.

Each method is the function of the same name with the tensor as its first argument: `x.exp()` is
`minigrad.exp(x)`.
"""

from collections.abc import Callable
from typing import Any

from minigrad import formatting, gradients
from minigrad.ops import (
    activation,
    choice,
    compare,
    convert,
    cumulative,
    diagonal,
    elementwise,
    extremes,
    index,
    inplace,
    join,
    matmul,
    reduce,
    scatter,
    shape,
    softmax,
    sort,
    vector_norm,
)
from minigrad.tensor import Tensor

METHODS: dict[Any, str] = {
    activation: "relu",
    gradients: "backward",
    choice: "abs ceil clamp floor maximum minimum round sign trunc",
    compare: """
        allclose eq equal ge gt isfinite isinf isnan le logical_and logical_not logical_or logical_xor lt ne
    """,
    convert: "bfloat16 bool clone cpu cuda double float half int long to type_as",
    cumulative: "cumprod cumsum",
    diagonal: "diag diag_embed diagonal tril triu",
    elementwise: """
        add addcdiv addcmul cos div erf exp expm1 lerp log log10 log1p log2 mul neg pow reciprocal rsqrt
        sigmoid sin sqrt square sub tan tanh
    """,
    extremes: "amax amin argmax argmin max min",
    index: """
        gather index_select masked_fill masked_select narrow nonzero repeat_interleave select take
        take_along_dim
    """,
    inplace: "add_ clamp_ copy_ div_ fill_ mul_ sub_ zero_",
    join: "chunk split tensor_split unbind",
    matmul: "addmm addmv addr baddbmm bmm dot matmul mm mv outer",
    reduce: "all any count_nonzero logsumexp mean prod std sum var",
    scatter: "index_add index_put scatter scatter_add",
    shape: """
        broadcast_to contiguous expand expand_as flatten flip movedim moveaxis permute repeat reshape
        reshape_as roll squeeze swapaxes swapdims t tile transpose unflatten unsqueeze view view_as
    """,
    softmax: "log_softmax softmax",
    sort: "argsort sort topk",
    vector_norm: "norm",
}

for _module, _names in METHODS.items():
    for _name in _names.split():
        setattr(Tensor, _name, getattr(_module, _name))


def _comparable(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """As an operator, so that `tensor == None` is False instead of an error."""

    def operator(self: Tensor, other: Any) -> Any:
        if hasattr(other, "dtype") or isinstance(other, (bool, int, float)):
            return compare(self, other)
        return NotImplemented

    return operator


_OPERATORS: dict[str, Any] = {
    "__add__": elementwise.add,
    "__radd__": elementwise.add,
    "__sub__": elementwise.sub,
    "__rsub__": lambda self, other: elementwise.sub(other, self),
    "__mul__": elementwise.mul,
    "__rmul__": elementwise.mul,
    "__truediv__": elementwise.div,
    "__rtruediv__": elementwise.divided_by,
    "__floordiv__": lambda self, other: elementwise.div(self, other, rounding_mode="floor"),
    "__rfloordiv__": lambda self, other: elementwise.div(other, self, rounding_mode="floor"),
    "__pow__": elementwise.pow,
    "__rpow__": lambda self, other: elementwise.pow(other, self),
    "__neg__": elementwise.neg,
    "__abs__": choice.abs,
    "__eq__": _comparable(compare.eq),
    "__ne__": _comparable(compare.ne),
    "__lt__": compare.lt,
    "__le__": compare.le,
    "__gt__": compare.gt,
    "__ge__": compare.ge,
    "__and__": compare.logical_and,
    "__or__": compare.logical_or,
    "__xor__": compare.logical_xor,
    "__invert__": compare.logical_not,
    "__matmul__": matmul.matmul,
    "__rmatmul__": lambda self, other: matmul.matmul(other, self),
    "__iadd__": inplace.add_,
    "__isub__": inplace.sub_,
    "__imul__": inplace.mul_,
    "__itruediv__": inplace.div_,
    "__getitem__": index.getitem,
    "__setitem__": inplace.setitem_,
    "__repr__": formatting.tensor_repr,
    "_repr_html_": formatting.tensor_html,
    "where": lambda self, condition, other: choice.where(condition, self, other),
    "T": property(shape.T),
    "mT": property(shape.mT),
}

for _name, _function in _OPERATORS.items():
    setattr(Tensor, _name, _function)
