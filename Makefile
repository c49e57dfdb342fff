# make install | demo | test | check | bench — each works on a machine that has only Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# Tests that the choice of the database may make a difference to; what PostgreSQL alone can show is in tests/postgresql.
NEAR_DATABASE := $(addprefix tests/unit/apps/,runs memory fleet ci projects events artifacts api releases incidents dashboard/test_run_list.py) \
  tests/postgresql

CORES := $(shell nproc)
# Most of the long tests wait for processes that they started: two workers more than cores keep the cores at work.
# tests/order.py says in which order they get the files.
WORKERS ?= $(shell expr $(CORES) + 2)
PARALLEL := --dist loadfile --no-loadscope-reorder

.PHONY: install install-dev demo test test-postgresql check bench requirements clean

install: .venv/hive.installed
install-dev: .venv/dev.installed

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hive needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv

.venv/hive.installed: requirements/hive.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/hive.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q hive apps workers
	@touch $@

.venv/dev.installed: requirements/dev.txt .venv/hive.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: install
	@$(BIN)/hive demo $(ARGS)

test: install-dev
	$(BIN)/python -m pytest -n $(WORKERS) $(PARALLEL) $(ARGS)

test-postgresql: install-dev
	HIVE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n $(CORES) $(PARALLEL) $(NEAR_DATABASE) \
	  -k "not each_guard and not openapi" $(ARGS)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/quality/sizes.py
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: install-dev
	$(BIN)/python -m tests.bench $(ARGS)

requirements:
	$(BIN)/python -m pip install --quiet uv
	for part in hive dev build; do $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 requirements/$$part.in -o requirements/$$part.txt; done

clean:
	rm -rf .venv build *.egg-info
