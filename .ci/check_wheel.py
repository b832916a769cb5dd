"""Checks a built wheel from inside an environment that holds this wheel and NumPy, nothing else.

Usage: python check_wheel.py path/to/minigrad-*.whl, from a folder outside the source tree.
"""

import importlib.metadata
import subprocess
import sys
import zipfile

PACKAGES = {"minigrad", "optim", "models", "experiments"}
IMPORT_LIMIT = 0.15  # seconds that `import minigrad` may take on top of `import numpy`

# Processor time: the wall's clock would also measure what else the machine is doing.
TIMING = """
import time, numpy
start = time.process_time()
import minigrad
print(time.process_time() - start)
"""


def main(wheel: str) -> None:
    """Check contents, dependencies and import time; say what is wrong and stop at the first that is."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    if tops != PACKAGES:
        sys.exit(f"{wheel} holds {sorted(tops)}, expected {sorted(PACKAGES)}")
    if not {"minigrad/py.typed", "optim/py.typed"} <= set(names):
        sys.exit(f"{wheel} lacks a py.typed, which tells type checkers to use a package's annotations")

    if not {"optim/cuda/adam.cu", "minigrad/backend/cuda/multi_tensor.cuh"} <= set(names):
        sys.exit(f"{wheel} lacks the sources of the CUDA kernels")

    installed = {dist.name.lower() for dist in importlib.metadata.distributions()}
    if extra := installed - {"minigrad", "numpy", "pip", "setuptools"}:
        sys.exit(f"the wheel drags in {sorted(extra)}; minigrad's one hard dependency is NumPy")

    command = [sys.executable, "-c", TIMING]
    seconds = min(float(subprocess.check_output(command, text=True)) for _ in range(7))
    if seconds > IMPORT_LIMIT:
        sys.exit(f"import minigrad takes {seconds:.3f} s more than import numpy, allowed: {IMPORT_LIMIT} s")
    print(f"wheel: {len(names)} files in {len(tops)} packages, imports in {seconds:.3f} s beyond NumPy")


if __name__ == "__main__":
    main(sys.argv[1])
