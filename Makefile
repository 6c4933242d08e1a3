# Two commands need nothing but Python >= 3.11, venv and make:
#   make demo   installs the package with its Sage in .venv and runs the main job
#   make test   does what it needs of the same and runs all tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests run side by side: threads of BLAS that spin take each other's processors.
export OPENBLAS_NUM_THREADS ?= 1
STAMP := $(VENV)/.installed

.PHONY: demo test lint doctest docs pytest oracle bench worksheets clean

demo: $(STAMP)
	$(BIN)/sage-conslaw laws linear 3 2 3
	$(BIN)/sage-conslaw reproduce abide

# Types and the manual take one processor each, the examples and the tests all that there are.
test: $(STAMP)
	$(MAKE) -j2 -O lint docs
	$(MAKE) doctest
	$(MAKE) pytest

$(STAMP): setup.py pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, not " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -q -e '.[sage,test]'
	@# A third of a small command's time, where Python may not write it at the first run.
	$(BIN)/python -m compileall -q sage_conslaw
	touch $@

# Style, and the types of the protocols and public calls.
lint: $(STAMP)
	$(BIN)/ruff check sage_conslaw tests benchmarks
	$(BIN)/mypy

doctest: $(STAMP)
	$(BIN)/sage -t -p 0 --force-lib --long --optional=sage,pip,torch sage_conslaw

# The manual, warnings as errors, and every block of it run.
docs: $(STAMP)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/manual
	$(BIN)/sage -t $(wildcard docs/*.rst)

pytest: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal --timeout 900 --timeout-method thread --durations 25

# Real networks written in plain PyTorch, and models of transformers, against the package: about half an hour.
oracle: $(STAMP)
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --disable-pip-version-check -q -e '.[torch]'
	$(BIN)/python tests/real/oracle.py
	$(BIN)/python tests/pytorch/oracle.py

bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py

# Opens the numbered worksheets in Jupyter with the Sage kernel.
worksheets: $(STAMP)
	$(BIN)/python -c 'import jupyterlab' 2>/dev/null || $(BIN)/pip install --disable-pip-version-check -q jupyterlab
	$(BIN)/jupyter lab worksheets

clean:
	rm -rf $(VENV) build dist *.egg-info
