# Everything that a machine with Python, make and git needs to be told.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MELTANO := $(VENV)/meltano
PLUGINS := .meltano/.ready

.PHONY: test lint demo bench clean

test: lint $(PLUGINS)
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The sandbox comes with the tap, and the library that reads DuckDB's file with the loader.
demo: $(PLUGINS)
	@.meltano/extractors/tap-activecampaign-segments/venv/bin/activecampaign-sandbox -- \
	  .meltano/loaders/target-duckdb/venv/bin/python -m demo $(MELTANO)/bin/meltano

# Everything in about five minutes; QUICK=1 for fewer and smaller syncs.
bench: $(READY) $(PLUGINS)
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

$(PLUGINS): meltano.yml pyproject.toml $(MELTANO)/.ready
	@echo 'Installing the tap and its loaders with Meltano (once) ...'
	@mkdir -p output
	@$(MELTANO)/bin/meltano install > output/install.log 2>&1 || { cat output/install.log; exit 1; }
	@touch $@

$(MELTANO)/.ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 14) and \
	  "target-duckdb needs Python 3.10 to 3.13: make demo PYTHON=python3.13")'
	@echo 'Installing Meltano (once) ...'
	@$(PYTHON) -m venv $(MELTANO)
	@$(MELTANO)/bin/python -m pip install --quiet --quiet uv
	@$(MELTANO)/bin/uv pip install --quiet --python $(MELTANO)/bin/python 'meltano>=4.4,<5'
	@touch $@

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[sandbox]' --group dev
	touch $@

clean:
	rm -rf $(VENV) .meltano output .mypy_cache .ruff_cache .pytest_cache
