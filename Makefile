# Every command there is; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test check format picture bench lock

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## set everything up and serve the dashboard (Ctrl-C stops it)
	@scripts/ensure-chromium unless-agent-api-url
	@exec $(BIN)/python manage.py serve

test: $(VENV)/dev.stamp ## set everything up, run the checks and the whole test suite
	@scripts/ensure-chromium
	@scripts/ensure-databases
	@scripts/test

check: $(VENV)/dev.stamp ## run the checks alone: lint, types, layers, migrations, deployment settings
	@scripts/check

format: $(VENV)/dev.stamp ## put the code into its standard form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only .

picture: $(VENV)/dev.stamp ## take the picture in README.md anew
	@$(BIN)/python scripts/take-picture

bench: $(VENV)/dev.stamp ## measure beside baselines, into docs/benchmarks.md (about 30 minutes)
	@for what in latency throughput control many_sessions guards long_timeline first_picture wall digests watching glass; do \
	  $(BIN)/python -m benchmarks.$$what || exit 1; done

lock: $(VENV)/bin/python ## pin the newest allowed version of every dependency
	@scripts/lock

$(VENV)/bin/python:
	@scripts/ensure-python $(PYTHON)
	@echo "==> Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@scripts/install requirements.lock
	@touch $@

# The development lock holds everything the other one does, at the same versions.
$(VENV)/dev.stamp: requirements-dev.lock | $(VENV)/bin/python
	@scripts/install requirements-dev.lock
	@touch $@ $(VENV)/run.stamp
