# Marquee: every task of a checkout. `make` lists the tasks.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHONS := python3 python3.13 python3.12 python3.11
PYTHON ?= $(firstword $(foreach p,$(PYTHONS),$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
VENV := .venv
AWS_VENV := .venv-ministack
BIN := $(VENV)/bin
UV := $(BIN)/uv
# uv trusts the certificates of the system, so that it works behind a company proxy.
export UV_SYSTEM_CERTS ?= true
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
REAL_DATA := $(wildcard ../shared/data)
export MARQUEE_DATA_DIR ?= $(abspath $(REAL_DATA))
# The caller's Python settings must not reach the checkout's interpreter: they change where it looks for modules, and
# without bytecode each of the many processes that tests start would compile every module again.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

##@ Use

.PHONY: run
run: install ## Start PostgreSQL, S3 + Lambda and the server on this machine (Ctrl-C stops them)
	@exec $(BIN)/marquee local run

.PHONY: demo
demo: install ## Try the main features on the running stack, step by step
	@exec $(BIN)/marquee local demo

.PHONY: clean-data
clean-data: install ## Remove the data of `make run`: database, objects, keys, demo users
	@exec $(BIN)/marquee local clean

##@ Work

.PHONY: test
test: install $(if $(shell command -v npm),tests/npm/node_modules/.installed) ## Run every test, on its own PostgreSQL, S3 and server (a running stack does not disturb it)
	@exec $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: soak
soak: install ## Run 100,000 random operations over the connection pool while its connections are cut
	@POOL_OPERATIONS=100000 exec $(BIN)/pytest -q -s -n 0 tests/database/test_pool_soak.py

.PHONY: check
check: install lint types imports protos-check migrations-check ## Run every check: format, lint, types, imports, protos, migrations

.PHONY: lint
lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python .ci/check_docstrings.py
	$(BIN)/cfn-lint lambdas/template.yaml
	$(if $(shell command -v terraform),terraform fmt -check deploy/terraform)
# Validation needs the provider, which "terraform -chdir=deploy/terraform init -backend=false" downloads.
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
format: install ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: protos
protos: install ## Generate the stubs and marquee.binpb into gen/, and README's table of rpcs
	@$(BIN)/python protos/generate.py --force
	@$(BIN)/python protos/rpc_table.py

.PHONY: migration
migration: install ## Write a migration for the changes of the models (NAME=add_runtime; EMPTY=1 for SQL alone)
	@exec $(BIN)/marquee local migration "$(NAME)" $(if $(EMPTY),--empty)

.PHONY: walkthroughs
walkthroughs: install ## Execute the step-by-step examples of CONTRIBUTING.md in a copy of the checkout
	@exec $(BIN)/python -m tests.walkthroughs

.PHONY: bench
bench: install ## Run the benchmarks; every figure is a ratio within one run
	@exec $(BIN)/python benchmarks/run.py

.PHONY: bench-rivals
bench-rivals: install ## Compare reads with other frameworks on the same tables (needs node and npm)
	@exec $(BIN)/python benchmarks/rivals/run.py

##@ Maintenance

.PHONY: install
install: $(VENV)/.installed $(AWS_VENV)/.installed gen/.stamp

SETUP = @$(or $(PYTHON),$(error Marquee needs Python 3.11 or newer; none of $(PYTHONS) is)) requirements/install.py --python $(PYTHON)

$(VENV)/.installed: requirements/dev.txt requirements/uv.txt pyproject.toml protos/build_hook.py
	$(SETUP) $@ $^

$(AWS_VENV)/.installed: requirements/ministack.txt | $(VENV)/.installed
	$(SETUP) $@ $^

gen/.stamp: $(shell find protos -name '*.proto') protos/generate.py | $(VENV)/.installed
	$(SETUP) $@ $^

tests/npm/node_modules/.installed: tests/npm/package-lock.json tests/npm/.npmrc
	@cd tests/npm && npm ci --loglevel=error
	@touch $@

.PHONY: lock
lock: $(VENV)/.installed ## Pin the requirements again (UPGRADE=1 takes newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra redis pyproject.toml -o requirements/server.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra posters --extra redis pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/lambda.in -o requirements/lambda.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/ministack.in -o requirements/ministack.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/bench.in -o requirements/bench.txt
	for rival in fastapi-sqlalchemy django-rest; do $(COMPILE) $(if $(UPGRADE),--upgrade) benchmarks/rivals/$$rival/requirements.in -o benchmarks/rivals/$$rival/requirements.txt; done

.PHONY: wheel
wheel: install ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

.PHONY: clean
clean: ## Remove everything that was built or installed here; data stays
	rm -rf $(VENV) $(AWS_VENV) gen dist tests/npm/node_modules benchmarks/rivals/.installed benchmarks/rivals/grpc-js/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
