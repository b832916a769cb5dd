"""The law book of AGR: what is true of it, with proofs, and what is not, with counterexamples.

`LAWS` and `REFUTED` are its contents. Each entry says what it states and why, and can be measured:

>>> import numpy as np
>>> from experiments.laws import LAWS
>>> law = LAWS["no_element_grows"]
>>> law.number, law.status, law.tolerance
('3', 'proved', 'exact')
>>> law.measure(np.random.default_rng(0), 100, np.float32).holds
True
"""

from experiments.laws import (
    definition,
    descent,
    jacobian,
    norms,
    optimizers,
    order,
    refuted,
    refuted_training,
    symmetry,
)
from experiments.laws.law import CLAIMS as CLAIMS
from experiments.laws.law import OURS as OURS
from experiments.laws.law import Entry as Entry
from experiments.laws.law import Implementation as Implementation
from experiments.laws.law import Law as Law
from experiments.laws.law import Outcome as Outcome
from experiments.laws.law import Refutation as Refutation

ROOMS = [definition, symmetry, norms, order, jacobian, descent, optimizers, refuted, refuted_training]
ENTRIES = {name: x for room in ROOMS for name, x in vars(room).items() if isinstance(x, Entry)}
LAWS = {name: x for name, x in ENTRIES.items() if isinstance(x, Law)}
REFUTED = {name: x for name, x in ENTRIES.items() if isinstance(x, Refutation)}
