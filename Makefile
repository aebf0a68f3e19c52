# Every command sets up what it needs: Python 3.11+, git and make are enough.
PYTHON ?= python3
VENV ?= .venv
# The validator needs its own environment, on 3.12 or newer.
FOCUS_PYTHON ?= python3.12
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SQL := $(addprefix warehouse/spanledger_warehouse/sql/,raw staging pricing ledger marts checks)

.DEFAULT_GOAL := help
.PHONY: help install demo test slow matrix check lint types imports seeds format bench focus-validator spark constraints clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

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

slow: $(READY) ## the fault tests at full length: each side killed 200 times, a minute without a collector
	SPANLEDGER_TEST_ROUNDS=200 SPANLEDGER_TEST_OUTAGE_SECONDS=60 $(BIN)/python -m pytest -q --durations=0 --durations-min=5 \
		tests/instrumentation/test_faults.py tests/end_to_end/test_nothing_lost.py tests/pipelines/collect/test_durability.py tests/warehouse/serve/test_openapi.py \
		tests/warehouse/runs/test_crashes.py tests/warehouse/runs/test_older_readers.py tests/pipelines/test_deployment.py

matrix: $(READY) ## capture with the oldest and the newest supported clients, each in an environment of its own
	$(BIN)/python -m tests.instrumentation.matrix

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

focus-validator: $(READY) ## check a FOCUS export with the official validator (needs Python 3.12, named by FOCUS_PYTHON)
	$(FOCUS_PYTHON) -m venv .venv-focus
	.venv-focus/bin/python -m pip install --quiet --disable-pip-version-check 'focus-validator==2.2.1' 'pyarrow<22'
	SPANLEDGER_FOCUS_VALIDATOR=$(CURDIR)/.venv-focus/bin/focus-validator $(BIN)/python -m pytest -q tests/warehouse/export/test_focus.py

spark: $(READY) ## ledger and marts on a real Spark of two workers, compared with DuckDB (needs Java 17)
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check 'pyspark[connect]>=4.1,<4.3'
	SPANLEDGER_TEST_SPARK=$(CURDIR)/.venv-spark $(BIN)/python -m pytest -q tests/warehouse/engine

constraints: ## pin the newest versions that resolve together (needs uv)
	uv pip compile --quiet --universal --no-annotate --no-header --all-extras --output-file constraints.txt pyproject.toml

clean: ## remove the environment and the demo's home
	rm -rf $(VENV) .venv-focus .venv-spark .spanledger build dist
