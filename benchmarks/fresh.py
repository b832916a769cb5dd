"""Measurements in a process of their own, because BLAS reads its number of threads when it is loaded.

python -m benchmarks.fresh module:function '{"argument": 1}'     prints the result as JSON
"""

import importlib
import json
import os
import subprocess
import sys
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Failed(Exception):
    """The process ended without a result."""


def call(function: str, threads: int, **arguments: Any) -> Any:
    """The JSON result of `module:function(**arguments)` in a new process with that many threads.

    Raises
    ------
    Failed
        If the function raised something; its traceback has been printed then.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fresh", function, json.dumps(arguments)],
        env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)),
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise Failed(f"{function} with {arguments} ended with status {done.returncode}")
    return json.loads(done.stdout)


def main() -> None:
    module, _, function = sys.argv[1].partition(":")
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    result = getattr(importlib.import_module(module), function)(**json.loads(sys.argv[2]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
