# Tiếp Dân: every command of daily work. `make run` and `make test` need Python >= 3.11 with pip
# and venv, and make; everything else they set up themselves, in $(VENV), with checked hashes.

PY   ?= python3
VENV ?= .venv
UV   ?= uv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --no-input install -q
HASHED := $(PIP) --require-hashes

# pip's advice to root is about system folders; we only ever write into $(VENV).
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help run test lint types lock bench clean

help:
	@echo "make run    set up on first use and serve the demonstration on 127.0.0.1:8000 (PORT=… for another port)"
	@echo "make test   set up on first use and run all tests (ARGS=… for pytest, e.g. ARGS=tests/guards)"
	@echo "make lint   style and import directions      make types  type check"
	@echo "make bench  speed, as ratios of one run      make lock   renew the requirements (needs uv)"
	@echo "make clean  remove what was set up; data in ./var stays"

# --- set up: each stamp is renewed when what it was made from changes -----------------------------

$(VENV)/.stamp-python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Tiếp Dân needs Python 3.11 or newer; '$(PY)' is not. Try: make PY=python3.12 …" >&2; exit 1; }
	@echo "Setting up in $(VENV) (first use only) …"
	@$(PY) -m venv $(VENV) || { \
	  echo "'$(PY) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.stamp-run: $(VENV)/.stamp-python requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing what the product needs …"
	@$(HASHED) -r requirements.lock -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@# Where the environment forbids Python to keep byte code, every start would compile the product.
	@$(BIN)/python -m compileall -q admin bot intake
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-run requirements-dev.lock
	@echo "Installing what tests and checks need …"
	@$(HASHED) -r requirements-dev.lock
	@touch $@

# --- commands -------------------------------------------------------------------------------------

# `exec`, so that signals reach the server itself and it can stop cleanly.
run: $(VENV)/.stamp-run
	@exec $(BIN)/tiepdan serve --demo --host 127.0.0.1 --port "$${PORT:-8000}"

test: $(VENV)/.stamp-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.stamp-dev
	$(BIN)/mypy

bench: $(VENV)/.stamp-dev
	$(BIN)/python -m benchmarks $(ARGS)

# The locks hold names, versions and hashes, never an address: any index can serve them.
# The development lock is made first; the other two are subsets of it with the same versions.
COMPILE := $(UV) pip compile -q --generate-hashes --universal --python-version 3.11
lock:
	$(COMPILE) $(ARGS) --extra postgres-test --group dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) $(ARGS) -c requirements-dev.lock pyproject.toml -o requirements.lock
	$(COMPILE) $(ARGS) -c requirements-dev.lock --group build -o requirements-build.lock

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find admin benchmarks bot intake tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
