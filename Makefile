# Every target does its own set-up. 'make help' lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
JAVA   ?= $(if $(JAVA_HOME),$(JAVA_HOME)/bin/java,java)
VENV   := .venv
BIN    := $(VENV)/bin
JARS   := .jars
LOCK   := conf/requirements/lock.txt
AIRFLOW := .venv-airflow
export TASNI_JARS := $(CURDIR)/$(JARS)
# Without bytecode every process compiles what it imports again: eight seconds for a worker of tests.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup prerequisites jars jars-gpu jars-s3 demo test fast check format chaos bench bench-crossmatch bench-lsdb
.PHONY: bench-lightcurves bench-ml airflow airflow-test cluster-test s3-test package dictionary lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## make a mock sky, search it, write report.html
	@$(BIN)/tasni demo

test: setup ## all tests
	@$(BIN)/pytest -n 2 -m "not chaos and not bench and not airflow and not cluster and not s3"

fast: $(VENV)/.done ## tests that take moments
	@$(BIN)/pytest -n 2 -m "not spark and not e2e and not slow and not chaos and not bench and not airflow and not cluster and not s3"

check: $(VENV)/.done ## style, types, layers, SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/sqlfluff lint --disable-progress-bar -q sql

format: $(VENV)/.done ## put sources into their form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar -q sql

chaos: setup ## kill runs and see that nothing is lost: half an hour
	@$(BIN)/pytest -m chaos

bench: setup ## rows per CPU-second of ingest, crossmatch, search and footprints, and how they grow
	@$(BIN)/python -m tests.bench.pipeline
	@$(BIN)/python -m tests.bench.observed

bench-crossmatch: setup ## one match by every engine, cKDTree and DuckDB (LSDB: make bench-lsdb first): ten minutes
	@$(BIN)/python -m tests.bench.crossmatch

bench-lsdb: setup ## LSDB in an environment of its own, and the same match by it
	@test -x .venv-lsdb/bin/python || $(PYTHON) -m venv .venv-lsdb
	@VIRTUAL_ENV=.venv-lsdb $(BIN)/uv pip install --quiet lsdb==0.11.1
	@$(BIN)/python -m tests.bench.crossmatch --rows noop tiles lsdb-import lsdb

bench-lightcurves: setup ## sources per CPU-second of nesting and of light-curve statistics, in several forms
	@$(BIN)/python -m tests.bench.lightcurves

bench-ml: setup ## rows per CPU-second of scoring through Spark and by the bare libraries
	@test -x .venv-lightgbm/bin/python || $(PYTHON) -m venv .venv-lightgbm
	@VIRTUAL_ENV=.venv-lightgbm $(BIN)/uv pip install --quiet lightgbm==4.6.0 scikit-learn
	@$(BIN)/python -m tests.bench.models

airflow: setup $(AIRFLOW)/.done mock/SYNTHETIC.json ## Airflow on this machine, with the DAGs of the demo's search
	@conf/airflow/airflow.sh

airflow-test: setup $(AIRFLOW)/.done ## DAGs: import, structure, and a small search that they submit
	@conf/airflow/airflow.sh pytest --confcutdir=tests/airflow -o filterwarnings=ignore tests/airflow

cluster-test: setup package ## the suite on a standalone Spark cluster on this machine, and what dies there
	@$(BIN)/pytest -m cluster tests/cluster

s3-test: setup jars-s3 .s3/versitygw ## the lake on an S3 server on this machine (needs Go), and what dies there
	@$(BIN)/pytest -m s3 tests/s3

.s3/versitygw:
	@command -v go >/dev/null || { echo "no Go: tests of S3 will be skipped"; exit 0; }; \
	GOBIN=$(CURDIR)/.s3 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

package: dist/environment.tar.gz ## the wheel and an environment that travels: dist/

dist/environment.tar.gz: $(VENV)/.done $(shell git ls-files tasni_spark jobs conf sql 2>/dev/null)
	@rm -rf dist && $(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python -o dist
	@$(BIN)/uv venv --quiet --relocatable --python $(PYTHON) dist/environment
	@VIRTUAL_ENV=dist/environment $(BIN)/uv pip install --quiet -c $(LOCK) -r conf/requirements/suite.in dist/*.whl
	@tar -C dist/environment -cf - . | gzip -1 > $@ && rm -rf dist/environment

setup: prerequisites $(VENV)/.done ## environment, jars, and what is compiled once
	@$(MAKE) --no-print-directory --silent -j2 $(JARS)/classes.jsa $(VENV)/.kernels

# One line for each thing that is missing, all at once, before anything is fetched.
prerequisites:
	@test -e $(VENV)/.done -a -e $(JARS)/.done && exit 0; missing=0; \
	say() { echo "missing: $$1"; missing=1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	  || say "Python 3.11 (Debian: apt install python3.11; elsewhere: make PYTHON=/path/to/python3.11)"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || say "Python's venv module (Debian: apt install python3.11-venv)"; \
	$(JAVA) -version 2>&1 | grep -q 'version "17' \
	  || say "a Java 17 runtime (Debian: apt install openjdk-17-jre-headless; elsewhere: set JAVA_HOME)"; \
	command -v mvn >/dev/null || say "Maven (Debian: apt install maven)"; \
	test $$missing = 0 || exit 7

$(VENV)/.done: $(LOCK) conf/requirements/uv.txt pyproject.toml
	@echo "environment: $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r conf/requirements/uv.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes conf/requirements/uv.txt $(LOCK)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(AIRFLOW)/.done: conf/requirements/airflow.txt | $(VENV)/.done
	@echo "environment: $(AIRFLOW)"
	@test -x $(AIRFLOW)/bin/python || $(PYTHON) -m venv $(AIRFLOW)
	@VIRTUAL_ENV=$(AIRFLOW) $(BIN)/uv pip sync --quiet --require-hashes conf/requirements/airflow.txt
	@touch $@

mock/SYNTHETIC.json: | setup
	@$(BIN)/tasni mock --out mock

jars: prerequisites $(JARS)/.done ## the jars, verified against conf/jars/jars.lock

$(JARS)/.done: conf/jars/pom.xml conf/jars/jars.lock | $(VENV)/.done
	@echo "jars: $(JARS)"
	@mvn -q -B -f conf/jars/pom.xml dependency:copy -Djars=$(CURDIR)/$(JARS)
	@$(BIN)/tasni doctor --jars
	@touch $@

# Half of a session's start is the loading of classes: the JVM keeps them in a form that needs none.
$(JARS)/classes.jsa: $(JARS)/.done $(VENV)/.done
	@echo "classes: $@"
	@$(BIN)/python -m tasni_spark.core.classes

# Workers that start side by side on a new installation would each compile what they share.
$(VENV)/.kernels: $(VENV)/.done
	@echo "kernels: tasni_spark/*/__pycache__"
	@$(BIN)/python -m tasni_spark.cli.kernels
	@touch $@

jars-gpu: jars ## the RAPIDS jar as well: 600 MB
	@mvn -q -B -f conf/jars/pom.xml -P gpu dependency:copy -Djars=$(CURDIR)/$(JARS)/gpu

jars-s3: jars $(JARS)/hadoop-aws-3.3.4.jar ## the connector to S3 as well: 280 MB

$(JARS)/hadoop-aws-3.3.4.jar: | $(JARS)/.done
	@mvn -q -B -f conf/jars/pom.xml -P s3 dependency:copy -Djars=$(CURDIR)/$(JARS)

dictionary: $(VENV)/.done ## write sql/DICTIONARY.md from the declarations
	@$(BIN)/python -m tasni_spark.cli.dictionary

lock: $(VENV)/.done ## resolve conf/requirements/*.in anew
	@$(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --generate-hashes conf/requirements/dev.in -o $(LOCK)
	@$(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --generate-hashes conf/requirements/airflow.in -o conf/requirements/airflow.txt

clean: ## all that make built
	rm -rf $(VENV) .venv-* .airflow .s3 dist $(JARS) lake mock report.html .pytest_cache .mypy_cache .ruff_cache
