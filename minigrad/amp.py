"""Mixed precision under PyTorch's name for it: `minigrad.amp`."""

from minigrad.grad_scaler import GradScaler as GradScaler
from minigrad.ops.autocast import autocast as autocast
from minigrad.ops.autocast import is_autocast_enabled as is_autocast_enabled
