# Needs python3 (3.11 or newer) and make; everything else is installed into .venv, once.
#
#   make demo      train a small network with AdamW and with AdamW(AGR), and show what came out
#   make test      everything that has to hold: tests on the CPU and on the fake GPU, style, types
#   make test-gpu  the same tests on the first CUDA device (after: .venv/bin/pip install -e '.[cuda12]' or '.[cuda13]')
#   make bench-gpu results and times there against PyTorch, into benchmarks/results (see benchmarks/README.md)
#   make site      the tutorials and the reference as web pages, in docs/_build/html (a minute or two)
#   make lint, make clean
#
# Any of them takes PYTHON=/path/to/python3.12 to build .venv with another Python, and JOBS=n for the test processes.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
JOBS   ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 1, 8))')

# Test processes share the cores among themselves, so that each one computes with a single BLAS thread.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1
PYTEST     := $(ONE_THREAD) $(PY) -m pytest -q -n $(JOBS) --dist worksteal

.PHONY: demo test test-gpu bench-gpu lint site clean
.DELETE_ON_ERROR:

demo: $(VENV)/.with-demo
	$(PY) -m experiments.demo

test: $(VENV)/.with-test-dev
	$(PYTEST) --cov --cov-report=term
	$(PYTEST) --device fake
	$(MAKE) lint

test-gpu: $(VENV)/.with-test-dev
	$(ONE_THREAD) $(PY) -m pytest -q --device cuda

bench-gpu: $(VENV)/.with-test-dev
	$(PY) -m benchmarks gpu

lint: $(VENV)/.with-test-dev
	$(PY) -m ruff check .
	$(PY) -m mypy

site: $(VENV)/.with-docs-test
	$(PY) docs/build.py

clean:
	rm -rf build dist docs/_build docs/generated tutorials/_build .coverage* .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

# A stamp for each set of extras: the second call of a command installs nothing.
$(VENV)/.with-demo:      EXTRAS := demo
$(VENV)/.with-test-dev:  EXTRAS := test,dev
$(VENV)/.with-docs-test: EXTRAS := docs,test
$(VENV)/.with-%: pyproject.toml $(VENV)/.with-pip
	@echo "Installing minigrad[$(EXTRAS)] into $(VENV) ..."
	@$(PY) -m pip install --quiet --editable '.[$(EXTRAS)]' || { echo \
	  "make: the installation of minigrad[$(EXTRAS)] failed; pip's reason stands above." \
	  "The packages come from PyPI: is there a network, or a proxy to set (HTTPS_PROXY)?" >&2; exit 1; }
	@touch $@

# Debian's python3 has venv without pip in it; pip's wheel from PyPI then installs itself.
$(VENV)/.with-pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "make: minigrad needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	  "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || $(PYTHON) -m venv --without-pip $(VENV) || { echo \
	  "make: $(PYTHON) cannot create a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -c "$$FETCH_PIP" && $(PY) -m pip install --quiet --upgrade pip || { echo \
	  "make: pip could not be installed or upgraded; the reason stands above." \
	  "It comes from PyPI: is there a network, or a proxy to set (HTTPS_PROXY)?" >&2; exit 1; }
	@touch $@

define FETCH_PIP
import json, subprocess, sys
from urllib.parse import urljoin
from urllib.request import urlopen, urlretrieve
about = "https://pypi.org/pypi/pip/json"
url = next(file["url"] for file in json.load(urlopen(about))["urls"] if file["url"].endswith(".whl"))
wheel, _ = urlretrieve(urljoin(about, url), "$(VENV)/" + url.rpartition("/")[2])
sys.exit(subprocess.call([sys.executable, wheel + "/pip", "install", "--quiet", "--no-index", wheel]))
endef
export FETCH_PIP
