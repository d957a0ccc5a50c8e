# Everything a newcomer needs: `make demo`, `make test`. Operators: `make serve`.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
PRODUCT := adapters accounts registry trustpub config credential demo

.PHONY: help install develop demo serve test lint bench lock clean

help:
	@echo "make demo    see a CI job publish a crate, on this machine, in a minute"
	@echo "make serve   run the registry; docs/operating.md lists its settings"
	@echo "make test    all tests; REQUIRE_SERVICES=1 also fails for a missing service"
	@echo "make lint    formatter, linter, types, import order, templates, migrations"
	@echo "make bench   the benchmarks"
	@echo "make install, make develop, make lock, make clean"

install: .venv/installed
develop: .venv/developing

demo: install
	@$(BIN)/python -m demo

serve: install
	@$(BIN)/python -m config.serve

test: develop
	@$(BIN)/python -m tests.run $(ARGS)

lint: export DATA_DIR := var/lint
lint: develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --check --quiet templates
	$(BIN)/mypy $(PRODUCT)
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: develop
	@$(BIN)/python -m bench $(ARGS)

# Run it with the oldest Python that is supported, since the lock holds what that one needs.
lock: develop
	$(LOCK) --output-file requirements.txt pyproject.toml
	$(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The stamps keep an up-to-date installation from touching the network.
.venv/installed: requirements.txt | $(BIN)/python
	@$(PIP) -r requirements.txt
	@touch $@

.venv/developing: requirements-dev.txt | $(BIN)/python
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Waybill needs Python 3.11 or newer with venv, for example: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
