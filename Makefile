# Kith: `make run` shows it working on a demo brand, `make test` checks it. Both set everything up first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KITH_HOME ?= home
MLFLOW_PORT ?= 5000
SIZES ?= 1 10 50

.PHONY: setup setup-dev run airflow mlflow test lint lint-python lint-sql test-fast bench bench-quality lock clean

setup: $(VENV)/.ready

# pip only: a fresh machine has Python and make, and every file is checked against its hash in the lock.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kith needs Python 3.11 or newer; name one with make PYTHON=...")'
	@echo "setting up $(VENV) (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What the tests and --engine spark need besides: their tools, Spark with its dbt adapter, a Java.
setup-dev: $(VENV)/.ready-dev

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "adding what tests and Spark need to $(VENV)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# AS_OF_DATE, CUSTOMERS and MONTHS choose another day, size or history of the demo brand.
run: setup
	@KITH_HOME="$(KITH_HOME)" $(BIN)/python -m ml.demo_run $(if $(AS_OF_DATE),--as-of-date $(AS_OF_DATE)) $(if $(CUSTOMERS),--customers $(CUSTOMERS)) $(if $(MONTHS),--months $(MONTHS))

# Any Airflow command on the home folder, such as make airflow ARGS="standalone".
airflow: setup
	@KITH_HOME="$(KITH_HOME)" $(BIN)/python -m ml.airflow_home $(ARGS)

# MLflow's pages of the models in the home folder, for this machine only; another port with MLFLOW_PORT.
mlflow: setup
	@test -f "$(KITH_HOME)/mlflow/mlflow.db" || { echo "no models in $(KITH_HOME) yet: make run trains some, or name another home with KITH_HOME"; exit 1; }
	@place="$$(cd "$(KITH_HOME)/mlflow" && pwd)" && MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
		exec $(BIN)/mlflow server --workers 1 --host 127.0.0.1 --port $(MLFLOW_PORT) \
		--backend-store-uri "sqlite:///$$place/mlflow.db" --no-serve-artifacts --default-artifact-root "file://$$place/artifacts"

lint: lint-python lint-sql

lint-python: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-sql: setup-dev
	$(BIN)/sqlfluff lint --processes 1 --disable-progress-bar dbt_project/models

test: setup-dev
	$(MAKE) --no-print-directory -j 2 lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -rs tests

test-fast: setup-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile -rs -m "not slow" tests

# What it costs and how that grows, at so many million order lines each. Zones and reports go to KITH_BENCH, by default
# in the user's cache; other options with ARGS, such as make bench SIZES=1 ARGS="--parts peers".
bench: setup-dev
	$(BIN)/python tests/bench/bench.py --sizes "$(SIZES)" $(ARGS)

# How good the predictions are: on public data where they are (KITH_SHARED_DATA), and on a demo brand against its truth.
bench-quality: setup-dev
	$(BIN)/python tests/bench/bench_quality.py --data "$${KITH_SHARED_DATA:-../shared/data}" --store "$(KITH_HOME)/reports/quality.json"

# The locks name versions and hashes and nothing else, so that they work with any mirror: what Kith runs on, and that with
# what tests and Spark need.
LOCK := $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra test --extra spark -c requirements.lock --no-annotate pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
