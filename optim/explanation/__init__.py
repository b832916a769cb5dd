"""The last update of one element with the numbers put in: what is behind `Optimizer.explain`."""

from optim.explanation.equations import Equation as Equation
from optim.explanation.equations import Explanation as Explanation
