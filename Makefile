# GridBeacon: `make demo` shows it, `make test` proves it, `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
# Files of tests that run side by side. More than two means as many of QGIS, Chromium and PostgreSQL at once.
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
FLOOR := import sys; sys.exit(sys.version_info < (3, 11) and "GridBeacon needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2])

.PHONY: help demo test system lint types gate docs schema parity oracles evidence plugin offline wheel clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

demo: $(VENV)/engine  ## install, run the main job on the sample city into out/demo, say where the briefing lies
	$(BIN)/gridbeacon demo --out out/demo

test: system $(VENV)/dev $(VENV)/wheels/complete  ## install everything the tests need (system packages where allowed), then all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests

system:
	@.ci/system-packages

# A stamp file per kind of environment: made once, and again when the packaging changes.
$(VENV)/engine: setup.py pyproject.toml metadata.txt plugin/engine/requirements.txt
	@$(PYTHON) -c '$(FLOOR)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) || { echo "venv is missing: apt-get install python3-venv" >&2; exit 4; }
	$(PIP) install -q --upgrade "pip>=24" "setuptools>=64" wheel
	$(PIP) install -q -e .
	@touch $@

$(VENV)/dev: $(VENV)/engine
	$(PIP) install -q -e ".[dev]"
	@touch $@

# The engine's packages as wheel files, fetched once: the tests make engines out of them without a network.
$(VENV)/wheels/complete: plugin/engine/requirements.txt | $(VENV)/engine
	rm -rf $(VENV)/wheels
	$(PIP) download -q --only-binary=:all: -r plugin/engine/requirements.txt -d $(VENV)/wheels && touch $@ || \
	  echo "no wheels: the tests that make an engine out of them are skipped" >&2

lint: $(VENV)/dev  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev  ## mypy: ground floor and models
	$(BIN)/mypy errors.py params.py cube.py models

gate: $(VENV)/dev  ## what the plugin store refuses: any finding of bandit or detect-secrets
	.ci/gate $(BIN)

docs: $(VENV)/engine  ## docs/parameters.md, command-line.md, data-quality.md and the plugin's help from schema, help texts and rules
	$(BIN)/python -m gridbeacon schema --write
	GRIDBEACON_LANG=en $(BIN)/python -m gridbeacon schema --docs docs --help-pages plugin/help

schema: $(VENV)/engine  ## schema.json from the code
	$(BIN)/python -m gridbeacon schema --write

parity: $(VENV)/dev  ## docs/parity.md: our numbers beside independent ones
	GRIDBEACON_WRITE_PARITY=1 $(BIN)/python -m pytest -q tests -m parity

oracles:  ## tests/golden from R (spdep, surveillance, spatstat, sparr); installs R where it may
	.ci/oracle-packages
	for script in tests/oracles/*.R; do Rscript --vanilla "$$script" tests/golden; done

TAINAN := ../shared/data/tainan1999

evidence: $(VENV)/dev  ## the figures of docs/ measured again (real data where ../shared is present)
	GRIDBEACON_WRITE_DOCS=1 $(BIN)/python -m pytest -s tests/test_planted_truth.py tests/test_real_cities.py
	GRIDBEACON_WRITE_DOCS=1 $(BIN)/python -m pytest -s tests/test_nasty_inputs.py tests/test_replay.py
	nice -n 10 $(BIN)/python tests/fuzz.py --inputs 10000 --write docs/fuzz.md
	$(BIN)/python tests/ledger_kills.py --kills 500 --steps 50000 --write docs/ledger-kills.md
	$(BIN)/python tests/cancels.py --cancels 200 --write docs/cancels.md
	$(BIN)/python benchmarks/reading.py --ways reading batches counting --write
	$(BIN)/python benchmarks/reading.py --rows 30000000 --ways batches --rounds 1 --write
	$(BIN)/python benchmarks/null_cities.py --cities 200 --write
	$(BIN)/python benchmarks/power.py --cities 30 --write
	$(BIN)/python benchmarks/null_years.py --years 200 --write
	$(BIN)/python benchmarks/second_model.py --years 3
	$(BIN)/python benchmarks/wartime.py --write
	$(BIN)/python benchmarks/detection.py --write
	test ! -d $(TAINAN) || $(BIN)/python benchmarks/replay.py --incidents $(TAINAN)/incidents.parquet \
	  --cells $(TAINAN)/villages_cunli.parquet --folder out/tainan --write
	for family in overlay density hotspots surveillance detectors scan clusters growth look_back returning; do \
	  $(BIN)/python benchmarks/$$family.py --write; done
	$(BIN)/python release/offline.py linux
	$(BIN)/python tests/qgis/try_offline.py dist/gridbeacon-offline-linux.zip

plugin:  ## dist/gridbeacon.zip for QGIS, from the last commit
	@mkdir -p dist
	git archive --format=zip --prefix=gridbeacon/ -o dist/gridbeacon.zip HEAD
	@echo "dist/gridbeacon.zip"

offline: $(VENV)/dev  ## dist/gridbeacon-offline-*.zip for computers without a network: plugin, packages, sample city, guide
	$(BIN)/python release/offline.py

wheel: $(VENV)/dev  ## dist/*.whl
	rm -rf build
	$(BIN)/python -m build --wheel

clean:  ## remove what was built and made, keep the environment
	rm -rf build dist out .pytest_cache tests/.pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +
