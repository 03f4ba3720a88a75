# The whole interface of this repository. `make help` lists it.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= /usr/bin/python3
VENV := .venv
BIN := $(VENV)/bin
# uv from PATH, or one of our own: no system package is touched.
OWN_UV := $(CURDIR)/.tools/bin/uv
UV := $(shell command -v uv 2>/dev/null || echo $(OWN_UV))
MEMBERS := protos libs/oci libs/chassis services/registry services/store services/runtime gateway client
PROTOS := $(shell find protos/strata -name '*.proto' 2>/dev/null)
SOURCES := protos requirements libs services gateway client tests deploy
PYTEST := $(BIN)/pytest
export PYTHONDONTWRITEBYTECODE =
# The tools of the environment find each other (protoc its plugins) and the tests find `strata`.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# -------------------------------------------------------------------------------------------------------- environment
.PHONY: setup
setup: $(VENV)/.installed protos/gen/.generated $(VENV)/pycache ## make .venv: locked dependencies, editable members, generated stubs

$(OWN_UV):
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/bin/python: | $(filter $(OWN_UV),$(UV))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)

# An install, not a sync: that would take the members out of a running suite for a moment. `make clean` starts afresh.
$(VENV)/.synced: requirements/dev.txt | $(VENV)/bin/python
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes --compile-bytecode --requirement requirements/dev.txt
	@touch $@

$(VENV)/.installed: $(MEMBERS:=/pyproject.toml) protos/hatch_build.py | $(VENV)/.synced
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation $(foreach member,$(MEMBERS),--editable ./$(member))
	@touch $@

protos/gen/.generated: $(PROTOS) protos/generate.py | $(VENV)/.installed
	$(BIN)/python protos/generate.py
	@touch $@

# Bytecode of the command and, without docstrings (they are megabytes in a service), of the services as they are started.
$(VENV)/pycache: $(VENV)/.installed protos/gen/.generated
	$(BIN)/python -m compileall -q libs services gateway client protos/gen
	for service in registry.main store.main runtime.main runtime.launcher.__main__ gateway.main; do \
		$(BIN)/python -OO -X pycache_prefix=$(CURDIR)/$@ -c "import strata_$$service"; \
	done
	@touch $@

.PHONY: protos
protos: setup ## generate the stubs of changed contracts

.PHONY: lock
lock: | $(filter $(OWN_UV),$(UV)) ## resolve dependencies anew into requirements/*.txt
	@$(PYTHON) requirements/third_party.py > requirements/.run.in
	@cat requirements/.run.in requirements/dev.in > requirements/.dev.in
	@cd requirements && $(LOCK) --output-file dev.txt .dev.in
	@cd requirements && $(LOCK) --constraint dev.txt --output-file run.txt .run.in
	@rm requirements/.run.in requirements/.dev.in

LOCK = $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--python $(PYTHON) --python-version 3.11 --universal --custom-compile-command 'make lock'

# ------------------------------------------------------------------------------------------------------------- quality
.PHONY: fmt
fmt: setup ## format code and contracts, mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/buf format --write

.PHONY: lint
lint: setup ## formatting, rules, types, import directions, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python protos/check.py

.PHONY: check
check: setup ## types and rules only: the quick part of lint
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: test
test: lint ## everything: lint, then all tests
	$(PYTEST) -n 2 tests/unit
	$(PYTEST) tests/contract tests/integration tests/fault

.PHONY: unit
unit: setup ## unit tests only
	$(PYTEST) -n 2 tests/unit

.PHONY: integration
integration: setup ## tests on the real kernel, a real registry, real clients
	$(PYTEST) tests/contract tests/integration

.PHONY: fault
fault: setup ## tests that kill, starve and lie
	$(PYTEST) tests/fault

.PHONY: bench
bench: setup ## measure, and print the figures
	$(BIN)/python -m tests.bench

.PHONY: examples
examples: setup ## the example programs, in every language that this machine has the tools for
	$(MAKE) --no-print-directory -C examples

# ------------------------------------------------------------------------------------------------------------- running
.PHONY: demo
demo: ## install what is missing, then the main job before your eyes
	deploy/install-packages.sh run demo
	$(MAKE) --no-print-directory setup
	tests/demo/run.sh

.PHONY: up
up: setup ## start all services on this host
	$(BIN)/strata up

.PHONY: down
down: ## stop what `make demo` or `make up` started, and clean up
	tests/demo/down.sh

.PHONY: clean
clean: ## remove everything generated
	rm -rf $(VENV) .tools protos/gen build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
