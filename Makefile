# Gatehouse: `make run` to try it, `make check test` before a commit.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
PYTEST := $(BIN)/python -m pytest
WORKERS := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

unexport PYTHONDONTWRITEBYTECODE # compiled modules halve every start

.PHONY: run test coverage check prove bench format lock baseline vendor

run: .venv/product
	@$(BIN)/python -m config.up

test: .venv/everything
	@TEST_DATABASE=postgres $(PYTEST) $(WORKERS) -q -m "database and not prove"
	@$(PYTEST) $(WORKERS) -m "not prove"

coverage: .venv/everything # takes half as long again as the tests alone
	@$(BIN)/coverage run -m pytest $(WORKERS) -m "not prove"
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: .venv/everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.scans

prove: .venv/everything
	$(PYTEST) -m prove -s

bench: .venv/everything
	$(BIN)/python -m tests.bench

format: .venv/everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/everything
	$(COMPILE) pyproject.toml --output-file requirements.lock $(LOCK)
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock $(LOCK)

baseline: .venv/everything
	$(BIN)/python -m tests.scans --accept

vendor: # what browsers get of others' code; needs node, and nobody who only runs this needs it
	npm --prefix frontend clean-install
	cd frontend && node build.js

# The environment.

.venv/product: requirements.lock
	@.ci/environment $(PYTHON) $<
	@touch $@

.venv/everything: requirements-dev.lock
	@.ci/environment $(PYTHON) $<
	@touch $@
