"""Curvature: Hessians and their eigenvalues, Lipschitz constants, loss landscapes, optimizer paths."""

from experiments.curvature.hessian import Hessian as Hessian
from experiments.curvature.lanczos import Eigenpairs as Eigenpairs
from experiments.curvature.lanczos import lanczos as lanczos
from experiments.curvature.lipschitz import draw_lipschitz as draw_lipschitz
from experiments.curvature.lipschitz import lipschitz_along as lipschitz_along
from experiments.curvature.lipschitz import local_lipschitz as local_lipschitz
from experiments.curvature.objective import Objective as Objective
