.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help index check report verify test lint fuzz mutate-rules bench ci-spark docs lock clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.synced
SCALE_BIN := .scale-venv/bin
SCALE_STAMP := .scale-venv/.synced
SPARK_BIN := .spark-venv/bin
SPARK_STAMP := .spark-venv/.synced
export GX_ANALYTICS_ENABLED = false

help:    ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

index: $(STAMP)  ## raw/ -> outputs/: ingest, validate, transform, check, publish (offline after set-up)
	$(BIN)/python -m pipeline index

check: $(STAMP)  ## validate the raw files and the index, report everything, write nothing
	$(BIN)/python -m pipeline check

report: $(STAMP)  ## outputs/ -> outputs/current/report/: tables, profiles, charts, pages, in both languages
	$(BIN)/python -m pipeline report

verify: $(STAMP)  ## compare the published release with its manifest, its inputs and the code
	$(BIN)/python -m pipeline verify

test: $(STAMP) $(SCALE_STAMP) lint  ## lint, types, tests with coverage, notebooks (offline after set-up)
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term
	$(SCALE_BIN)/python -m pytest -q tests/test_registers_spark.py

lint: $(STAMP)  ## ruff, sqlfluff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --disable-progress-bar -q pipeline/sql
	$(BIN)/mypy

fuzz: $(STAMP)  ## a million random cells and files against the readers and independent readings of them
	$(BIN)/python -m tests.fuzz

mutate-rules: $(STAMP)  ## turn each rule of the catalogue off and see that a test of its name notices
	$(BIN)/python -m tests.mutate_rules

bench: $(STAMP)  ## time a run, a rerun, the report, builds, draws and registers of any size, with peak memory
	$(BIN)/python benchmarks/bench_index.py
	$(BIN)/python benchmarks/bench_report.py
	$(BIN)/python benchmarks/bench_build.py
	$(BIN)/python benchmarks/bench_uncertainty.py
	$(BIN)/python benchmarks/bench_units.py
	$(BIN)/python benchmarks/bench_registers.py

ci-spark: $(SPARK_STAMP)  ## count a register on a real Spark of two workers, one of them killed, against DuckDB (needs Java 17)
	SPARK_PYTHON=$(SPARK_BIN)/python .ci/spark

docs: $(STAMP)  ## write the generated pages docs/data.md and docs/faults.md again
	$(BIN)/python -m pipeline docs

lock: $(STAMP)  ## resolve the dependencies again (needs a package registry)
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --python-version 3.11 --extra build --extra notebooks --extra test \
	  pyproject.toml -o requirements.lock
	for extra in scale spark; do cp requirements.lock $$extra.lock; \
	  $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate \
	    --no-header --python-version 3.11 --extra build --extra test --extra $$extra \
	    pyproject.toml -o $$extra.lock; done

clean:   ## remove the environment and every output
	rm -rf .venv .scale-venv .spark-venv
	find outputs -mindepth 1 ! -name README.md -delete

# The environment is made once and again whenever the lock changes. The lock holds hashes and no
# registry address, so it installs from whatever registry or mirror the machine is set up for.
$(STAMP): requirements.lock bootstrap.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (set PYTHON=...)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "could not make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r bootstrap.lock
	$(BIN)/uv pip sync -q --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --offline -e .
	@touch $@

# Spark and its client in environments of their own: both fill the same folder, and other
# libraries change their ways where they find it.
$(SCALE_STAMP) $(SPARK_STAMP): .%-venv/.synced: %.lock bootstrap.lock
	@test -x .$*-venv/bin/python || $(PYTHON) -m venv .$*-venv
	.$*-venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r bootstrap.lock
	.$*-venv/bin/uv pip sync -q --python .$*-venv/bin/python --compile-bytecode --require-hashes $*.lock
	@touch $@
