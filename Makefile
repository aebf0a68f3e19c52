# Every command sets up what it needs: Python 3.11+, git and make are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SQL := $(addprefix warehouse/spanledger_warehouse/sql/,raw staging pricing ledger marts checks)

.DEFAULT_GOAL := help
.PHONY: help install demo test slow check lint types imports seeds format bench constraints clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Spanledger needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Name another with: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

install: $(READY) ## create the environment in .venv

demo: $(READY) ## run the whole path on this machine: sample service, ledger, marts
	$(BIN)/spanledger demo

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile

slow: $(READY) ## the fault tests at full length: 200 processes killed
	SPANLEDGER_TEST_ROUNDS=200 $(BIN)/python -m pytest -q tests/instrumentation/test_faults.py

check: lint types imports seeds test ## everything that CI requires

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/sqlfluff lint --disable-progress-bar --quiet $(SQL)

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

seeds: $(READY)
	$(BIN)/spanledger prices check

format: $(READY) ## format Python and SQL
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --disable-progress-bar --quiet $(SQL)

bench: $(READY) ## figures of design §8, with units
	$(BIN)/python -m tests.benchmarks

constraints: ## pin the newest versions that resolve together (needs uv)
	uv pip compile --quiet --universal --no-annotate --no-header --all-extras --output-file constraints.txt pyproject.toml

clean: ## remove the environment and the demo's home
	rm -rf $(VENV) .spanledger build dist
