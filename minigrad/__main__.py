"""`python -m minigrad` is the command `minigrad`: the one place where this package knows experiments/."""

import sys

from experiments.command_line import main

sys.exit(main())
