# Marquee: every task of a checkout. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
VENV := .venv
AWS_VENV := .venv-ministack
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Machines behind a proxy of their own trust it through the system.
export UV_SYSTEM_CERTS ?= true
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
REAL_DATA := $(wildcard ../shared/data)
export MARQUEE_DATA_DIR ?= $(abspath $(REAL_DATA))
# A foreign environment must not reach the checkout's own interpreter: neither where it looks for modules, nor that it
# compiles all of them anew for each of the many processes that tests start.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

##@ Use

.PHONY: run
run: install ## Start everything on this machine: PostgreSQL, S3 + Lambda, the server (Ctrl-C stops it)
	@exec $(BIN)/marquee local run

.PHONY: demo
demo: install ## Walk the main job against the running stack, step by step
	@exec $(BIN)/marquee local demo

.PHONY: clean-data
clean-data: install ## Remove the data of `make run`: database, objects, keys, demo users
	@exec $(BIN)/marquee local clean

##@ Work

.PHONY: test
test: install $(if $(shell command -v npm),tests/npm/node_modules/.installed) ## Run every test on real parts of its own (beside a running stack, if you like)
	@exec $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: check
check: install lint types imports protos-check migrations-check ## Everything that must be clean: the one meaning of it

.PHONY: lint
lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/cfn-lint lambdas/template.yaml
	$(if $(shell command -v terraform),terraform fmt -check deploy/terraform)
# Without "terraform -chdir=deploy/terraform init -backend=false", which downloads the provider, there is nothing to ask.
	$(if $(wildcard deploy/terraform/.terraform),terraform -chdir=deploy/terraform validate)

.PHONY: types
types: install
	$(BIN)/mypy

.PHONY: imports
imports: install
	$(BIN)/lint-imports

.PHONY: protos-check
protos-check: install
	$(BIN)/python protos/check.py

.PHONY: migrations-check
migrations-check: install
	$(BIN)/pytest -q -n 0 tests/migrations

.PHONY: format
format: install ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: protos
protos: install ## Generate the stubs and marquee.binpb into gen/
	@$(BIN)/python protos/generate.py --force

.PHONY: migration
migration: install ## Write a migration for what changed in the models (NAME=add_runtime)
	@exec $(BIN)/marquee local migration "$(NAME)"

.PHONY: bench
bench: install ## Measure: every figure as a ratio within one run
	@exec $(BIN)/python benchmarks/run.py

.PHONY: bench-rivals
bench-rivals: install ## Measure reads beside what others would build on the same tables (wants node and npm)
	@exec $(BIN)/python benchmarks/rivals/run.py

##@ Upkeep

.PHONY: install
install: $(VENV)/.installed $(AWS_VENV)/.installed gen/.stamp

$(VENV)/.installed: requirements/dev.txt requirements/uv.txt pyproject.toml protos/build_hook.py
	@$(if $(PYTHON),,echo "Marquee needs Python 3.11 or newer; none of python3, python3.13, python3.12, python3.11 is." >&2; exit 1)
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(AWS_VENV)/.installed: requirements/ministack.txt | $(VENV)/.installed
	@echo "Setting up $(AWS_VENV) (the local S3, SQS and Lambda) ..."
	@test -x $(AWS_VENV)/bin/python || $(PYTHON) -m venv --without-pip $(AWS_VENV)
	@$(UV) pip sync --quiet --require-hashes --python $(AWS_VENV)/bin/python requirements/ministack.txt
	@touch $@

gen/.stamp: $(shell find protos -name '*.proto') protos/generate.py | $(VENV)/.installed
	@$(BIN)/python protos/generate.py
	@touch $@

tests/npm/node_modules/.installed: tests/npm/package-lock.json tests/npm/.npmrc
	@cd tests/npm && npm ci --loglevel=error
	@touch $@

.PHONY: lock
lock: $(VENV)/.installed ## Pin the requirements anew (UPGRADE=1 takes newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra redis pyproject.toml -o requirements/server.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra local --extra redis pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/lambda.in -o requirements/lambda.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/ministack.in -o requirements/ministack.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/bench.in -o requirements/bench.txt
	for rival in fastapi-sqlalchemy django-rest; do $(COMPILE) $(if $(UPGRADE),--upgrade) benchmarks/rivals/$$rival/requirements.in -o benchmarks/rivals/$$rival/requirements.txt; done

.PHONY: wheel
wheel: install ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

.PHONY: clean
clean: ## Remove what was built or installed here; data stays
	rm -rf $(VENV) $(AWS_VENV) gen dist tests/npm/node_modules benchmarks/rivals/.installed benchmarks/rivals/grpc-js/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
