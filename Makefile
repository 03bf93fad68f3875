# `make search` and `make test` do all the set-up in .venv: they need Python 3.11 or newer, and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: search test check format lint verify mutation bench lock clean

search: $(READY)
	$(BIN)/spectral-core search digits --compare --out results/digits

test: $(READY)
	$(BIN)/python -m pytest

check: verify lint test

verify: $(READY)
	$(BIN)/python -m derivations --check

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Breaks derivations and kernels in one place at a time (three hours on two cores for all places); results in benchmarks/.
mutation: $(READY)
	$(BIN)/python -m tests.mutation --out benchmarks

# The programs compared with ours take hundreds of MB, so only this target installs them.
bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[full,test,bench]'
	$(BIN)/python -m benchmarks

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
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[full,test]'
	@touch $@
