# Two commands on a fresh Debian or Ubuntu machine with Python 3.11 or newer and make:
#   make run     sets everything up in .venv and flies the first task, from a sentence to a proven C policy
#   make test    sets everything up and passes every check
# The other targets are the parts of these two.

PYTHON ?= python3
SENTENCE ?= hover one metre above the ground and hold still
ARGS ?=
# Test processes; a file's tests stay together.
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SYSTEM := $(VENV)/.system-packages
READY_TO_RUN := $(VENV)/.ready-to-run
READY_TO_TEST := $(VENV)/.ready-to-test

.PHONY: run test system lint types layers unit clean help
.DELETE_ON_ERROR:

run: $(READY_TO_RUN)
	$(BIN)/telic run "$(SENTENCE)" $(ARGS)

test: $(READY_TO_TEST)
	$(MAKE) --no-print-directory lint layers types unit

lint: $(READY_TO_TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

layers: $(READY_TO_TEST)
	$(BIN)/lint-imports

types: $(READY_TO_TEST)
	$(BIN)/pyright

unit: $(READY_TO_TEST)
	$(BIN)/python -P -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

system: $(SYSTEM)

# The package list is read again when it changes. What cannot be installed is said, and does not stop the rest.
$(SYSTEM): launch/system_packages.sh
	sh launch/system_packages.sh
	@mkdir -p $(VENV) && touch $@

$(BIN)/python: | $(SYSTEM)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Telic needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(READY_TO_RUN): pyproject.toml $(SYSTEM) | $(BIN)/python
	$(PIP) install --quiet --editable '.[language]'
	$(BIN)/python -m telic.launch.warm_up
	@touch $@

$(READY_TO_TEST): pyproject.toml $(SYSTEM) | $(BIN)/python
	$(PIP) install --quiet --editable '.[language,baselines,data,llm,identify,viz,worlds,dev]'
	$(BIN)/python -m telic.launch.warm_up
	@touch $@ $(READY_TO_RUN)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help:
	@sed -n 's/^# \?//;1,4p' Makefile
