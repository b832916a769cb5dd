"""Everything about gradients under PyTorch's name for it: `minigrad.autograd`."""

from minigrad import functional as functional
from minigrad.anomaly import detect_anomaly as detect_anomaly
from minigrad.function import Function as Function
from minigrad.gradcheck import GradcheckError as GradcheckError
from minigrad.gradcheck import gradcheck as gradcheck
from minigrad.gradcheck import gradgradcheck as gradgradcheck
from minigrad.gradients import backward as backward
from minigrad.gradients import grad as grad
from minigrad.tensor import enable_grad as enable_grad
from minigrad.tensor import no_grad as no_grad
from minigrad.tensor import set_grad_enabled as set_grad_enabled
