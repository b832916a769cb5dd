"""Mixed precision: which operations run in float16 or bfloat16 while `autocast` is on, and which in float32.

Products of matrices are the expensive part of a network, and what GPUs do many times faster on 16-bit
numbers; they add up in float32 all the same. What adds up many numbers otherwise, or leaves the range of
float16, runs in float32. Everything else runs in the dtype that arrives. Each cast is an operation with a
gradient: that of a float32 parameter is float32.

The lists are PyTorch's; Micikevicius et al., "Mixed Precision Training", 2018, say why
(https://arxiv.org/abs/1710.03740). An operation of the lists begins with two lines, which cost next to
nothing while the mode is off:

    if is_autocasting():
        return autocasting("linear", linear, input, weight, bias)
"""

import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Self

from minigrad import mutation
from minigrad.backend import Array, cuda_module
from minigrad.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    float16,
    float32,
    float64,
    is_floating,
    is_half,
    result_type,
)
from minigrad.graph import Leaf, is_autocasting, mode, next_order
from minigrad.ops.cast import as_cast, cast
from minigrad.tensor import Tensor

# ---------------------------------------------------------------------- the lists

LOWER, FLOAT32, WIDEST, PARTS = "lower", "float32", "widest", "parts"
"""What floating inputs (other than float64) are cast to: the dtype given to `autocast`; float32; the widest
among them; or that, and then the operations that this one is made of are cast by themselves."""

LISTS = {
    "cuda": {
        LOWER: """
            addmm addmv addr baddbmm bmm conv1d conv2d conv_transpose1d conv_transpose2d einsum linear matmul
            mm mv scaled_dot_product_attention
        """,
        FLOAT32: """
            binary_cross_entropy_with_logits cosine_similarity cross_entropy cumprod cumsum exp expm1
            group_norm huber_loss interpolate kl_div l1_loss layer_norm log log10 log1p log2 log_softmax
            logsumexp mse_loss nll_loss norm normalize pow prod reciprocal rms_norm rsqrt smooth_l1_loss
            softmax softmin softplus sum tan
        """,
        WIDEST: "dot index_put scatter_add tensordot",
    },
    "cpu": {
        LOWER: """
            addmm baddbmm bmm conv1d conv2d conv_transpose1d conv_transpose2d linear matmul mm
            scaled_dot_product_attention tensordot
        """,
        FLOAT32: """
            binary_cross_entropy binary_cross_entropy_with_logits cross_entropy huber_loss kl_div l1_loss
            mse_loss nll_loss prod smooth_l1_loss
        """,
        PARTS: "einsum",
    },
}

POLICY = {
    device: {name: policy for policy, names in lists.items() for name in names.split()}
    for device, lists in LISTS.items()
}

# ---------------------------------------------------------------------- the hook


class Casts:
    """The state of the mode: the lower dtype for each kind of device, and the parameters cast so far.

    A parameter's array in the lower dtype is kept until the outermost block ends, so that a layer used many
    times casts its weight once. Only the array is shared: each use is a node of its own, so that gradients
    add up in float32.
    """

    def __init__(self, dtypes: dict[str, DType], lowered: dict[tuple[int, DType], tuple[Array, int, Array]]):
        self.dtypes = dtypes
        self.lowered = lowered

    def lower(self, x: Tensor, dtype: DType) -> Any:
        """`x` in the lower dtype."""
        if x.dtype == dtype:
            return x
        if not isinstance(x._node, Leaf):
            return cast(x, dtype)
        key = id(x.data), dtype
        _, since, lowered = self.lowered.get(key, (None, 0, None))
        if lowered is None or mutation.last_write > since:  # an optimizer may have stepped inside the block
            lowered = x.data.astype(dtype)
            self.lowered[key] = x.data, next_order(), lowered  # held, so that the id stays its own
        return as_cast(x, lowered)


def autocasting(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`function(*args, **kwargs)` with its tensors in the dtypes that the operation `name` is to have."""
    casts: Casts = is_autocasting()
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
    device = tensors[0].device.partition(":")[0] if tensors else ""
    policy = POLICY[device].get(name) if device in casts.dtypes else None
    if policy is not None:
        wanted = _wanted(policy, casts.dtypes[device], tensors)

        def fitted(value: Any) -> Any:
            if not (isinstance(value, Tensor) and _is_eligible(value)):
                return value
            return casts.lower(value, wanted) if policy is LOWER else cast(value, wanted)

        args = tuple([fitted(value) for value in args])
        kwargs = {key: fitted(value) for key, value in kwargs.items()}
    mode.autocast = casts if policy is PARTS else None
    try:
        return function(*args, **kwargs)
    finally:
        mode.autocast = casts


def _is_eligible(x: Tensor) -> bool:
    return is_floating(x.dtype) and x.dtype != float64


def _wanted(policy: str, lower: DType, tensors: Iterable[Tensor]) -> Any:
    if policy == LOWER:
        return lower
    if policy == FLOAT32:
        return float32
    eligible = [x for x in tensors if _is_eligible(x)]
    return result_type(*eligible) if eligible else None


# ---------------------------------------------------------------------- the mode


class autocast:
    """Run the products of matrices inside in a 16-bit dtype: as a context (`with`) or on a function (`@`).

    Only the forward pass and the loss belong inside. `backward` uses the dtypes of the forward pass wherever
    it is called; parameters, their gradients and the optimizer's state stay float32.

    Parameters
    ----------
    device_type : {'cuda', 'cpu'}
        The mode holds for tensors on this kind of device, each with PyTorch's lists for it.
    dtype : float16 or bfloat16, optional
        By default float16 on 'cuda' (gradients then need a `GradScaler`), bfloat16 on 'cpu'.
    enabled : bool
        With False, operations inside run as without the mode, also within an outer block.

    Raises
    ------
    RuntimeError
        For another device type.
    ImportError
        If bfloat16 is meant, and ml_dtypes is not installed.

    Warns
    -----
    UserWarning
        If the dtype is another one, or there is no GPU for 'cuda'; the mode is then off.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.ones(2, 3)
    >>> with mg.autocast("cpu", dtype=mg.float16):
    ...     y = x @ x.T
    >>> y.dtype.name
    'float16'
    """

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type not in LISTS:
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device_type = device_type
        self.enabled = enabled and (device_type == "cpu" or is_gpu_there("autocast"))
        if dtype is not None:
            self.dtype = as_dtype(dtype)
        elif self.enabled:
            self.dtype = float16 if device_type == "cuda" else bfloat16()
        else:
            self.dtype = float32
        if self.enabled and not is_half(self.dtype):
            warnings.warn(
                f"autocast supports bfloat16 and float16, got {self.dtype.name}. Disabling autocast.",
                stacklevel=2,
            )
            self.enabled = False
        self._outer: list[Casts | None] = []

    def __enter__(self) -> Self:
        outer: Casts | None = mode.autocast
        self._outer.append(outer)
        dtypes = dict(outer.dtypes) if outer else {}
        dtypes.pop(self.device_type, None)
        if self.enabled:
            dtypes[self.device_type] = self.dtype
        mode.autocast = Casts(dtypes, outer.lowered if outer else {}) if dtypes else None
        return self

    def __exit__(self, *_: object) -> None:
        mode.autocast = self._outer.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, run in this mode."""

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with autocast(self.device_type, self.dtype, self.enabled):
                return function(*args, **kwargs)

        return inside


def is_gpu_there(who: str) -> bool:
    """Whether a GPU can be used; a warning if not."""
    try:
        cuda_module()
    except RuntimeError as error:
        warnings.warn(f"{who} is enabled for 'cuda', but {error}. Disabling.", stacklevel=3)
        return False
    return True


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether `autocast` is on for this kind of device."""
    casts: Casts | None = is_autocasting()
    return casts is not None and device_type in casts.dtypes
