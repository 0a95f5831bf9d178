# Every task of this project; `make` alone lists them. Bodies stay short: the work is elsewhere.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq --no-input
PYTEST := $(PY) -m pytest
# Where nothing is proved about disks, nothing has to wait for one, if memory has 4 GiB for it.
IN_MEMORY = $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4194304 {print "TMPDIR=/dev/shm"}')

# Whatever the machine says: hundreds of servers are started by tests, and each would compile all of it.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast test-contract test-failure test-fuzz test-api test-postgres test-browser check lint types fix \
	bench lock vendor docs migration migrate

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/development $(VENV)/oracle/.stamp ## everything for working on Promptroom, in .venv

run: $(VENV)/runtime ## serve on http://127.0.0.1:8000; settings: docs/settings.md
	@exec $(PY) -m app serve

test: $(VENV)/development $(VENV)/system ## every test: what the README promises (budget: 15 minutes)
	@$(MAKE) --no-print-directory test-fast test-contract test-failure test-browser

test-fast: $(VENV)/development $(VENV)/oracle/.stamp $(VENV)/system ## unit and integration tests, in parallel
	$(IN_MEMORY) $(PYTEST) -n 3 --timeout 60 -m "not contract and not failure and not browser"

test-contract: $(VENV)/development $(VENV)/system ## one suite: SQLite alone, PostgreSQL + Redis with 2 and 4 workers
	$(PYTEST) --timeout 120 -m contract

test-failure: $(VENV)/development $(VENV)/system ## kills, hangs and full disks, with real processes
	$(PYTEST) -n 3 --dist loadfile --timeout 300 -m "failure and not browser"

test-fuzz: $(VENV)/development ## hostile input in bulk, alone (part of test-fast)
	$(PYTEST) --timeout 600 tests/fuzz

test-api: $(VENV)/development $(VENV)/system ## schemathesis over every call, at length: make test-api seed=7 cases=100
	$(PY) -m tests.server.openapi.schemathesis_run --seed $(or $(seed),1) --cases $(or $(cases),100)

test-postgres: $(VENV)/development $(VENV)/oracle/.stamp $(VENV)/system ## every slice on PostgreSQL (what differs runs on both in test-fast)
	$(IN_MEMORY) PROMPTROOM_TEST_DATABASE=postgresql $(PYTEST) -n 2 --timeout 120 \
		-m "not contract and not failure and not browser" tests/access tests/domain tests/security tests/web

test-browser: $(VENV)/development $(VENV)/system ## real Chromium
	$(IN_MEMORY) $(PYTEST) -n 3 --dist loadscope --timeout 300 -m browser

check: lint types test ## everything that CI does

lint: $(VENV)/development ## style, formatting, templates
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint templates --lint --quiet

types: $(VENV)/development ## mypy, strict
	$(VENV)/bin/mypy

fix: $(VENV)/development ## format, and repair what can be repaired without thinking
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/development ## latency, fan-out and memory beside a bare relay; docs/performance.md
	$(PY) -m benchmarks

lock: $(VENV)/development ## renew the lock files from pyproject.toml and requirements-*.in
	$(VENV)/bin/uv pip compile $(UV_COMPILE) -o requirements.lock pyproject.toml
	$(VENV)/bin/uv pip compile $(UV_COMPILE) -o requirements-dev.lock pyproject.toml requirements-dev.in
	$(VENV)/bin/uv pip compile $(UV_COMPILE) -o requirements-oracle.lock requirements-oracle.in
UV_COMPILE := --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --universal \
	--python-version 3.11

vendor: ## rebuild the browser's bundle from static/src; needs Node
	sh static/src/vendor.sh

docs: $(VENV)/development ## write the pages under docs/ that are made from the code
	$(PY) -m tests.architecture.reference

migration: $(VENV)/development ## write a migration from the models: make migration m="add tags"
	$(PY) -m app.db.revise "$(m)"

migrate: $(VENV)/runtime ## bring the database to this release
	$(PY) -m app db upgrade

# Stamps: `make run` does nothing but start when the lock file is what was installed last.

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Promptroom needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock | $(VENV)/bin/python
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	@touch $@

$(VENV)/development: requirements-dev.lock | $(VENV)/bin/python
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@ $(VENV)/runtime

# Apart from everything else: see CONTRIBUTING.md.
$(VENV)/oracle/.stamp: requirements-oracle.lock | $(VENV)/bin/python
	rm -rf $(VENV)/oracle
	$(PIP) install --require-hashes --no-deps --target $(VENV)/oracle -r requirements-oracle.lock
	@touch $@

$(VENV)/system: tests/support/system_packages.sh | $(VENV)/bin/python
	sh tests/support/system_packages.sh
	@touch $@
