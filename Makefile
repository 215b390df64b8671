# hybrid-dex: `make help` lists what there is to run.
#
# Everything is installed into this checkout and nowhere else: .venv, node_modules and their
# counterparts in contracts/. A stamp beside each installation makes the next run immediate;
# a changed constraints file or pyproject.toml makes it install again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
BENCH_VENV := .venv-bench
# More than the cores of a small machine: many tests wait for a chain, a database or a clock.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
TESTED = tests $(wildcard reference_app/tests) $(wildcard plugins/*/tests)
WEB := reference_app/web
TYPED = src $(if $(wildcard reference_app/*.py),reference_app)

# The first Python of these that starts and is new enough; `make PYTHON=...` names another.
PYTHONS := python3 python3.13 python3.12 python3.11
# The plugins that others start by name: those with processes of their own.
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/hybrid-dex-grpc/pyproject.toml plugins/hybrid-dex-redis/pyproject.toml))
OURS = --editable . --editable ./reference_app $(addprefix --editable ./,$(PLUGINS))
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in $(PYTHONS); do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$python; break; }; done)

# A further Python by its version, on the path or among pyenv's.
other_python = $(shell for python in python$(1) $(wildcard $(HOME)/.pyenv/versions/$(1).*/bin/python3); do \
	$$python -c 'import venv' 2>/dev/null && { echo $$python; break; }; done)

# uv installs in seconds what pip takes a minute for; it never brings a Python of its own. Downloads
# are kept in the user's cache; where there is none to write to, in the environment itself.
USER_CACHE = $${XDG_CACHE_HOME:-$${HOME:-/nowhere}/.cache}
CACHES = $(shell mkdir -p "$(USER_CACHE)" 2>/dev/null && test -w "$(USER_CACHE)" || \
	echo UV_CACHE_DIR=$(CURDIR)/$(VENV)/cache npm_config_cache=$(CURDIR)/node_modules/.cache)
UV = $(CACHES) UV_PYTHON_DOWNLOADS=never $(BIN)/uv
INSTALL = $(UV) pip install --python $(BIN)/python --quiet

# Not --quiet: that would hide warnings from --strict, too. The variables silence advertisements.
MKDOCS = NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs

# `make demo ARGS=--once` passes its arguments on.
ARGS ?=

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PRECIOUS: $(STAMPS)/% .venv-%/stamp
.PHONY: help demo install test lint format docs docs-serve bench bench-gateway bench-web prove mutations contracts-test lock \
	clean library-test slow-test proto web web-types web-unit web-lint

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --------------------------------------------------------------------------------------- running

demo: $(STAMPS)/demo $(if $(findstring --no-chain,$(ARGS)),,node_modules/.stamp $(WEB)/dist/.stamp) ## run the whole exchange; ARGS=--no-chain needs Python only, ARGS=--once ends by itself
	@$(BIN)/hybrid-dex demo $(ARGS)

install: $(STAMPS)/dev $(STAMPS)/docs node_modules/.stamp $(WEB)/dist/.stamp ## install all that developing needs

test: library-test web-unit contracts-test ## run the fast tests of everything (about 25 minutes on two cores)

library-test: $(STAMPS)/dev node_modules/.stamp $(WEB)/node_modules/.stamp
	$(PYTEST) -m "not slow" $(TESTED) $(ARGS)

# On another Python, when the machine has it: `make test-python-3.13`. Of the reference app only its routes, orders and sockets, and
# not what drives other programs, a chain or processes that are killed: that takes most of the time and learns nothing of the interpreter.
test-python-%: .venv-%/stamp node_modules/.stamp
	.venv-$*/bin/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(filter-out reference_app/tests,$(TESTED)) \
		$(addprefix reference_app/tests/,test_orders.py test_routes.py test_stream.py) \
		$(addprefix --ignore=,tests/chain tests/crash) $(ARGS)

has-python-%:
	@[ -n '$(call other_python,$*)' ]

contracts-test: ## compile and test the contracts in their own environment
	$(MAKE) -C contracts test
	$(MAKE) -C contracts findings invariants ARGS=

# The second half of CI: what scales is repeated with larger figures, and what is slow is run.
slow-test: $(STAMPS)/dev node_modules/.stamp $(WEB)/dist/.stamp
	HYBRID_DEX_TIER=$${HYBRID_DEX_TIER:-ci} $(PYTEST) -m "slow or tiered" --timeout 1200 $(TESTED) $(ARGS)
	$(MAKE) -C contracts invariants TIER=$${HYBRID_DEX_TIER:-ci} ARGS=

prove: $(STAMPS)/dev node_modules/.stamp ## run every test with its full figures (hours)
	HYBRID_DEX_TIER=prove $(PYTEST) --timeout 0 $(TESTED) $(ARGS)
	$(MAKE) -C contracts invariants TIER=prove ARGS=
	$(MAKE) mutations ARGS=

mutations: $(STAMPS)/mutations ## break the engine, risk and journal one expression at a time; SAMPLE=500 tries that many
	$(BIN)/python -m tests.mutations $(if $(SAMPLE),--sample $(SAMPLE)) $(ARGS)

lint: $(STAMPS)/dev web-lint ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	@for plugin in $(wildcard plugins/*/src); do \
		echo $(BIN)/mypy $$plugin; MYPYPATH=$$plugin $(BIN)/mypy $$plugin; done
	$(BIN)/lint-imports --no-cache

format: $(STAMPS)/dev ## rewrite the Python files as the formatter wants them
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

web: $(WEB)/dist/.stamp ## build the pages into reference_app/web/dist

web-types: $(STAMPS)/dev $(WEB)/node_modules/.stamp ## write the pages' message types anew from the app's own documents
	$(BIN)/python $(WEB)/scripts/schema.py >$(WEB)/node_modules/.schema.json
	cd $(WEB) && node scripts/types.mjs node_modules/.schema.json src/generated/api.ts

web-unit: $(WEB)/node_modules/.stamp
	cd $(WEB) && npm run --silent test

web-lint: $(WEB)/node_modules/.stamp
	cd $(WEB) && npm run --silent check

proto: $(STAMPS)/dev ## compile the messages of plugins/hybrid-dex-grpc anew
	cd plugins/hybrid-dex-grpc/src && $(CURDIR)/$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. hybrid_dex_grpc/engine.proto

docs: $(STAMPS)/docs ## build the documentation into site/, refusing warnings
	$(MKDOCS) build --strict

docs-serve: $(STAMPS)/docs ## serve the documentation at 127.0.0.1:8001 while writing it
	$(MKDOCS) serve --dev-addr 127.0.0.1:8001

bench: $(STAMPS)/dev $(BENCH_VENV)/stamp ## measure; nothing here passes or fails
	$(BIN)/python -m benchmarks --peers $(BENCH_VENV)/bin/python $(ARGS)

bench-gateway: $(STAMPS)/dev ## measure orders through the gateway alone; ARGS=--quick within a minute or two
	$(BIN)/python benchmarks/gateway.py $(ARGS)

bench-web: $(STAMPS)/dev $(WEB)/dist/.stamp ## measure the trader's pages in Chromium: first load, frames; ARGS=--quick for less of it
	$(BIN)/python benchmarks/web.py $(ARGS)

clean: ## remove everything that make and its tools made
	rm -rf $(VENV) .venv-* node_modules $(WEB)/node_modules $(WEB)/dist mutants site dist .coverage htmlcov .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find src tests reference_app plugins examples docs benchmarks conftest.py \
		-name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@if [ -f contracts/Makefile ]; then $(MAKE) -C contracts clean; fi

# ------------------------------------------------------------------------------------ installing

# uv itself, pinned and hashed, by the pip that comes with Python.
$(STAMPS)/bootstrap: constraints/bootstrap.txt
	@if [ -z '$(PYTHON)' ] || ! '$(PYTHON)' -c '$(NEW_ENOUGH)' 2>/dev/null; then \
		echo "error: Python 3.11 or newer is needed and was not found; install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@if ! '$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "error: $(PYTHON) comes without venv; install it (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; fi
	@[ -x $(BIN)/python ] || '$(PYTHON)' -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@mkdir -p $(STAMPS) && touch $@

# One environment, one set of versions: dev and docs add to what the demo has.
$(STAMPS)/%: constraints/%.txt pyproject.toml reference_app/pyproject.toml $(PLUGINS:=/pyproject.toml) | $(STAMPS)/bootstrap
	@echo "installing the packages of constraints/$*.txt into $(VENV)"
	@$(INSTALL) --require-hashes -r $<
	@$(INSTALL) --no-deps --no-build-isolation $(OURS)
	@mkdir -p $(STAMPS) && touch $@

.venv-%/stamp: constraints/dev.txt pyproject.toml reference_app/pyproject.toml $(PLUGINS:=/pyproject.toml) | $(STAMPS)/bootstrap
	@if [ -z '$(call other_python,$*)' ]; then echo "error: Python $* is not on this machine" >&2; exit 1; fi
	@rm -rf .venv-$*
	@'$(call other_python,$*)' -m venv --without-pip .venv-$*
	@$(UV) pip install --python .venv-$*/bin/python --quiet --require-hashes -r $<
	@$(UV) pip install --python .venv-$*/bin/python --quiet --no-deps --no-build-isolation $(OURS)
	@touch $@

# The peers want a newer Python where there is one; without it the benchmark leaves that peer out.
$(BENCH_VENV)/stamp: constraints/bench.txt | $(STAMPS)/bootstrap
	@rm -rf $(BENCH_VENV)
	@'$(or $(call other_python,3.13),$(call other_python,3.12),$(PYTHON))' -m venv --without-pip $(BENCH_VENV)
	@$(UV) pip install --python $(BENCH_VENV)/bin/python --quiet --require-hashes -r $<
	@touch $@

# The local chain is one program inside an npm package.
node_modules/.stamp: package.json package-lock.json .npmrc
	@if [ "$$(uname -sm)" != "Linux x86_64" ]; then \
		echo "error: the local chain is packaged for Linux on x86-64 only; use: make demo ARGS=--no-chain" >&2; exit 1; fi
	@major=$$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/'); \
	if [ -z "$$major" ] || ! command -v npm >/dev/null; then \
		echo "error: Node.js 20 or newer with npm is needed for the local chain and was not found; install it, or use: make demo ARGS=--no-chain" >&2; exit 1; fi; \
	if [ "$$major" -lt 20 ]; then \
		echo "error: Node.js 20 or newer is needed for the local chain, this is $$(node --version); install it, or use: make demo ARGS=--no-chain" >&2; exit 1; fi
	@echo "installing the local chain into node_modules"
	@$(CACHES) npm ci --no-progress --loglevel=error
	@touch $@

# What the pages are made with, and the pages.
$(WEB)/node_modules/.stamp: $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/.npmrc
	@if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null || ! command -v npm >/dev/null; then \
		echo "error: Node.js 20.19 or newer with npm is needed for the pages and was not found; install it, or use: make demo ARGS=--no-chain" >&2; exit 1; fi
	@echo "installing what the pages are made with into $(WEB)/node_modules"
	@cd $(WEB) && $(CACHES) npm ci --no-progress --loglevel=error
	@touch $@

WEB_SOURCES = $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/scripts/compress.mjs
$(WEB)/dist/.stamp: $(WEB)/node_modules/.stamp $(WEB_SOURCES)
	@echo "building the pages into $(WEB)/dist"
	@cd $(WEB) && npm run --silent build
	@touch $@

# --------------------------------------------------------------------------------------- locking

COMPILE = $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock'

# dev.txt decides the versions; the others take theirs from it, so that they can be installed
# together. `make lock UPGRADE=--upgrade` moves everything forward, else only what must move.
lock: $(STAMPS)/bootstrap ## write constraints/ anew from pyproject.toml; UPGRADE=--upgrade moves versions forward
	$(COMPILE) $(UPGRADE) pyproject.toml --all-extras --group dev --output-file constraints/dev.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra app --group build --constraint constraints/dev.txt --output-file constraints/demo.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra app --group build --group docs --constraint constraints/dev.txt --output-file constraints/docs.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --all-extras --group dev --group mutations --constraint constraints/dev.txt --output-file constraints/mutations.txt
	$(COMPILE) $(UPGRADE) --group bench --output-file constraints/bench.txt
	echo uv | $(COMPILE) $(UPGRADE) - --output-file constraints/bootstrap.txt
