"""Gradient statistics: which law the magnitudes of a gradient follow."""

from experiments.gradient_statistics.collection import collect as collect
from experiments.gradient_statistics.examination import Examination as Examination
from experiments.gradient_statistics.examination import examine as examine
from experiments.gradient_statistics.examination import without_row_scales as without_row_scales
from experiments.gradient_statistics.figures import draw_quantiles as draw_quantiles
from experiments.gradient_statistics.laws import LAWS as LAWS
from experiments.gradient_statistics.laws import Fit as Fit
from experiments.gradient_statistics.laws import fit as fit
from experiments.gradient_statistics.study import Study as Study
from experiments.gradient_statistics.study import study_gradients as study_gradients
from experiments.gradient_statistics.study import study_model as study_model
