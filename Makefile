# `make search` and `make test` do all the set-up in .venv: they need Python 3.11 or newer, and make. A search needs 0.8 GB;
# the tools that only tests need (types, compilers for CUDA, Dask, ONNX) are another 1 GB, which `make test` adds.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TOOLS = $(VENV)/.test
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: search test check docs format lint verify rocq mutation bench trials lock clean

search: $(READY)
	$(BIN)/spectral-core search digits --compare --out results/digits

test: $(TOOLS)
	$(BIN)/python -m pytest

check: verify lint test

verify: $(READY)
	$(BIN)/python -m derivations --check

# Compiles the theorems in derivations/rocq with Rocq, which it does not install: it names Debian's packages where they are missing.
rocq:
	@$(PYTHON) -m derivations.rocq.check

format: $(TOOLS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Breaks derivations and kernels in one place at a time (three hours on two cores for all places); results in benchmarks/.
mutation: $(TOOLS)
	$(BIN)/python -m tests.mutation --out benchmarks

# The programs compared with ours take hundreds of MB, so only this target installs them.
bench: $(TOOLS)
	$(INSTALL) -e '.[full,test,bench]'
	$(BIN)/python -m benchmarks

# Builds the wheel and the source archive, installs them in fresh environments, and searches, predicts and prunes there.
trials: $(TOOLS)
	$(BIN)/python tests/install/trials.py

# The documentation and the course, in build/site; begin with build/site/docs/index.html. It installs the extra `docs` (80 MB).
docs: $(READY)
	$(INSTALL) -e '.[full,docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -c docs . build/site
	@echo "open build/site/docs/index.html"

# The pinned versions of everything that the extras `full` and `test` install.
lock:
	rm -rf .lock && $(PYTHON) -m venv .lock && .lock/bin/pip install --quiet --disable-pip-version-check '.[full,test]'
	.lock/bin/pip freeze --exclude spectral-core > constraints.txt.new
	mv constraints.txt.new constraints.txt && rm -rf .lock build

clean:
	rm -rf $(VENV) build results

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "spectral-core needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 1; }
	@echo "installing spectral-core and its libraries in $(VENV): 0.8 GB, about two minutes" >&2
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -e '.[full]'
	@touch $@

$(TOOLS): $(READY)
	@echo "installing the tools for tests in $(VENV): 1 GB more, some minutes" >&2
	$(INSTALL) -e '.[full,test]'
	@touch $@
