"""Loss scaling: what keeps small gradients from vanishing in float16.

The loss is multiplied by a large factor, and so is every gradient behind it; the optimizer gets them divided
by it again. Where a gradient became infinite the step is left out and the factor is halved; after many good
steps it is doubled (Micikevicius et al., "Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740,
section 3.2).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module, device_of
from minigrad.dtypes import float16
from minigrad.mutation import mutated
from minigrad.ops.autocast import is_gpu_there
from minigrad.tensor import Tensor

_READY, _UNSCALED, _STEPPED = range(3)


class GradScaler:
    """Scales losses, unscales gradients, and skips steps with infinite ones.

    Parameters
    ----------
    device : {'cuda', 'cpu'}
        'cuda' without a GPU disables the scaler, with a warning.
    init_scale : float
        A power of two: to multiply and divide by it loses no digit.
    growth_factor, backoff_factor : float
        What the scale is multiplied by after `growth_interval` good steps in a row, and after one that was
        skipped.
    growth_interval : int
    enabled : bool
        With False, `scale` returns its argument, `step` is that of the optimizer, and the rest does nothing.

    Raises
    ------
    AssertionError
        If a factor is on the wrong side of 1; and, as in PyTorch, by methods called in an impossible order.

    Examples
    --------
    >>> import minigrad as mg, optim
    >>> w = mg.tensor([1.0], requires_grad=True)
    >>> optimizer, scaler = optim.SGD([w], lr=0.5), GradScaler("cpu")
    >>> scaler.scale((3 * w).sum()).backward()
    >>> w.grad.item()
    196608.0
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.item()
    -0.5
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled and (device != "cuda" or is_gpu_there("GradScaler"))
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._scale = np.float32(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._scaled = False  # whether anything has been, ever
        self._stage: dict[int, int] = {}  # of each optimizer since the last update
        self._infinite: dict[
            int, list[Array]
        ] = {}  # for each of its devices, whether a gradient is not finite

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of (nested) iterables of them, times the scale.

        Raises
        ------
        ValueError
            If there is something else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._scaled = True
            return outputs * Tensor(array_module(outputs.data).asarray(self._scale))
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(output) for output in outputs])
        if isinstance(outputs, Iterable):
            return map(self.scale, outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, in place.

        `step` does it, unless it has been done: this is for those who look at gradients before, to clip them.

        Raises
        ------
        RuntimeError
            If it has been done since the last `update`.
        ValueError
            For a float16 gradient: parameters are to be float32.
        """
        if not self._enabled:
            return
        self._require_scaled("unscale_")
        stage = self._stage.get(id(optimizer), _READY)
        if stage == _UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if stage == _STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        gradients = [
            p.grad.data for group in optimizer.param_groups for p in group["params"] if p.grad is not None
        ]
        if any(g.dtype == float16 for g in gradients):
            raise ValueError("Attempting to unscale FP16 gradients.")
        inverse = float(np.float32(1 / np.float64(self._scale)))
        found: dict[str, list[Array]] = {}
        for g in gradients:
            found.setdefault(device_of(g), []).append(array_module(g).isfinite(g).all())
            g *= inverse
            mutated(g)
        # One flag for each device: to look at it, which `step` does, is to wait for the GPU.
        self._infinite[id(optimizer)] = [~array_module(*flags).stack(flags).all() for flags in found.values()]
        self._stage[id(optimizer)] = _UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step(*args, **kwargs)` with unscaled gradients, unless one of them is infinite or NaN.

        Returns
        -------
        object
            What the optimizer returned; None for a skipped step.

        Raises
        ------
        RuntimeError
            If it was called before since the last `update`, or with a closure.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._require_scaled("step")
        if self._stage.get(id(optimizer)) == _STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._stage:
            self.unscale_(optimizer)
        infinite = self._infinite[id(optimizer)]
        if not infinite:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None if any(map(bool, infinite)) else optimizer.step(*args, **kwargs)
        self._stage[id(optimizer)] = _STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """Adapt the scale to what the steps since the last call met, or set it to `new_scale`.

        Parameters
        ----------
        new_scale : float or one-element Tensor, optional
        """
        if not self._enabled:
            return
        self._require_scaled("update")
        infinite = [flag for flags in self._infinite.values() for flag in flags]
        if new_scale is not None:
            self._scale = np.float32(float(new_scale))
        elif not infinite:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(map(bool, infinite)):
            self._scale = np.float32(float(self._scale) * self._backoff_factor)
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                grown = np.float32(float(self._scale) * self._growth_factor)
                self._scale = grown if np.isfinite(grown) else self._scale
                self._growth_tracker = 0
        self._stage, self._infinite = {}, {}

    def _require_scaled(self, name: str) -> None:
        if not self._scaled:
            raise AssertionError(
                f"Attempted {name} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )

    # ------------------------------------------------------------------ what it holds

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1 if disabled."""
        return float(self._scale) if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after a skipped step."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by after a skipped step."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many good steps it takes to grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set how many good steps it takes to grow."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """What it takes to go on, in PyTorch's layout; empty if disabled. To be called after `update`."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises
        ------
        RuntimeError
            If it is empty, which that of a disabled scaler is.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of "
                "GradScaler."
            )
        self._scale = np.float32(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]
