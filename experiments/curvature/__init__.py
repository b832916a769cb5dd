"""Curvature: Hessians and their eigenvalues, Lipschitz constants, loss landscapes, optimizer paths."""

from experiments.curvature.hessian import Hessian as Hessian
from experiments.curvature.lanczos import Eigenpairs as Eigenpairs
from experiments.curvature.lanczos import top_eigenpairs as top_eigenpairs
from experiments.curvature.landscape import Landscape as Landscape
from experiments.curvature.landscape import compare_landscapes as compare_landscapes
from experiments.curvature.landscape import draw_landscapes as draw_landscapes
from experiments.curvature.landscape import filter_normalized as filter_normalized
from experiments.curvature.landscape import slice_loss as slice_loss
from experiments.curvature.lipschitz import draw_lipschitz as draw_lipschitz
from experiments.curvature.lipschitz import lipschitz_along as lipschitz_along
from experiments.curvature.lipschitz import local_lipschitz as local_lipschitz
from experiments.curvature.objective import Objective as Objective
from experiments.curvature.path_figures import animate_paths as animate_paths
from experiments.curvature.path_figures import draw_paths as draw_paths
from experiments.curvature.paths import SURFACES as SURFACES
from experiments.curvature.paths import Surface as Surface
from experiments.curvature.paths import all_paths as all_paths
from experiments.curvature.paths import path as path
