# Everything that a machine with Python, make and git needs to be told.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MELTANO := $(VENV)/meltano
PLUGINS := .meltano/.ready
DEMO := .meltano/.demo
DEMO_DATABASE := output/demo/activecampaign.duckdb
LOWEST := $(VENV)/lowest
NEXT := $(VENV)/next
DAGSTER := $(VENV)/dagster
DBT := $(VENV)/dbt
PEERS := $(VENV)/peers
CHECKER := $(VENV)/singer-tools
ACCOUNTS := examples/dagster/.meltano/.ready
BUILT := $(VENV)/built
DOCS := $(VENV)/docs

.PHONY: test histories e2e dbt lowest lint audit demo bench orchestrate pictures mutants hub facts build \
  docs next-sdk clean

test: lint
	$(BIN)/pytest

# With the oldest libraries that the tap may be installed with.
lowest: $(LOWEST)/.ready
	$(LOWEST)/bin/pytest

# With the SDK's next version, as far as there is a pre-release of it.
next-sdk: $(NEXT)/.ready
	$(NEXT)/bin/pytest

# Random histories by the thousand, in two processes: half an hour. FIRST is where their seeds begin.
histories: $(READY)
	@set -e; for each in 0 1; do \
	  HISTORIES=$$(($(or $(COUNT),2000) / 2)) \
	  HISTORIES_FROM=$$(($(or $(FIRST),100000) + $$each * $(or $(COUNT),2000) / 2)) \
	  $(BIN)/pytest --quiet -p no:cacheprovider tests/fuzz/test_histories.py & jobs="$$jobs $$!"; \
	done; for each in $$jobs; do wait $$each; done

# With a real Meltano, real loaders and a real PostgreSQL, which is installed if that is possible.
e2e: $(READY) $(PLUGINS) $(CHECKER)/.ready $(DBT)/.ready
	$(BIN)/pytest --timeout 1200 --ignore tests/e2e/test_orchestration.py tests/e2e tests/dbt

# Builds and tests the dbt package on DuckDB and on PostgreSQL, and on what `make demo` has left.
dbt: $(READY) $(PLUGINS) $(DBT)/.ready
	$(BIN)/pytest --timeout 1200 tests/dbt
	@if [ -e $(DEMO_DATABASE) ]; then \
	  DBT_DUCKDB_PATH=$(CURDIR)/$(DEMO_DATABASE) \
	    $(MELTANO)/bin/meltano run dbt-duckdb:deps dbt-duckdb:full-refresh; \
	fi

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry tap_activecampaign_segments
	$(BIN)/check-jsonschema --builtin-schema vendor.meltano meltano.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config \
	  .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/zizmor --quiet --offline --persona auditor .github

# Known vulnerabilities of all that is installed. It asks the package index for them, and fails if
# that does not tell.
audit: $(READY)
	$(BIN)/pip freeze --exclude-editable > $(VENV)/installed.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement $(VENV)/installed.txt

# The sandbox comes with the tap, and the library that reads DuckDB's file with the loader.
demo: $(DEMO)
	@.meltano/extractors/tap-activecampaign-segments/venv/bin/activecampaign-sandbox -- \
	  .meltano/loaders/target-duckdb/venv/bin/python -m examples.demo $(MELTANO)/bin/meltano

# Everything in about ten minutes; QUICK=1 for fewer and smaller syncs.
bench: $(READY) $(PLUGINS) $(PEERS)/.ready
	@$(BIN)/python -m tools.bench $(if $(QUICK),--quick)

# Two accounts on Dagster: that none gets in the other's way, and what it brings.
orchestrate: $(READY) $(DAGSTER)/.ready $(ACCOUNTS)
	$(BIN)/pytest tests/e2e/test_orchestration.py
	@$(BIN)/python -m examples.dagster

# The documentation as a site, in output/docs. Warnings and broken links are errors.
docs: $(DOCS)/.ready
	$(DOCS)/bin/sphinx-build --fresh-env --fail-on-warning --keep-going --nitpicky --quiet \
	  docs output/docs

$(DOCS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(DOCS)/bin/python -m pip install --quiet --group docs
	@touch $@

# The pictures of the docs, drawn anew from what the sandbox gives. A minute.
pictures: $(VENV)/.pictures
	@$(BIN)/python -m tools.pictures

$(VENV)/.pictures: $(READY)
	$(BIN)/python -m pip install --quiet --group pictures
	@touch $@

# Whether the tests notice when the code is changed, one small change at a time: hours for all,
# less for one module, as in MODULE=results. What no test noticed is listed at the end.
mutants: $(VENV)/.mutation
	$(BIN)/mutmut run --max-children 2 \
	  $(if $(MODULE),'tap_activecampaign_segments.$(MODULE).*')
	$(BIN)/mutmut results

$(VENV)/.mutation: $(READY)
	$(BIN)/python -m pip install --quiet --group mutation
	@touch $@

# The entry for the Meltano Hub. With REPO=https://github.com/OWNER/NAME the whole one is in output/;
# with TAG=v0.1.0 it installs that tag of the repository, as long as no index has the package.
hub: $(READY)
	@$(BIN)/python -m tools.hub
	@$(if $(REPO),mkdir -p output && $(BIN)/python -m tools.hub $(REPO) $(TAG) > output/hub.yml)

# The tables of assumptions in the docs, from the lists in the code.
facts: $(READY)
	@$(BIN)/python -m tools.facts

# What is published, tried in environments where nothing else is. With
# REPO=https://github.com/OWNER/NAME the README's links work outside the repository.
build: $(READY)
	rm -rf dist
	REPOSITORY_URL='$(REPO)' $(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	@set -e; for each in dist/*; do \
	  $(PYTHON) -m venv --clear $(BUILT); \
	  $(BUILT)/bin/pip install --quiet "$$each"; \
	  $(BUILT)/bin/tap-activecampaign-segments --about > /dev/null; \
	  $(BUILT)/bin/pip install --quiet "$$each[sandbox]"; \
	  $(BUILT)/bin/activecampaign-sandbox -- \
	    $(BUILT)/bin/tap-activecampaign-segments --config=ENV \
	    > $(BUILT)/messages.jsonl 2> $(BUILT)/log.txt || { cat $(BUILT)/log.txt; exit 1; }; \
	  $(BUILT)/bin/activecampaign-sandbox -- \
	    $(BUILT)/bin/activecampaign-check --config=ENV --requests=9 > /dev/null; \
	  echo "$$each: $$(grep --count RECORD $(BUILT)/messages.jsonl) rows from the sandbox"; \
	done

$(DEMO): ADDED := tap-activecampaign-segments target-duckdb dbt-duckdb
$(PLUGINS) $(DEMO): meltano.yml pyproject.toml $(MELTANO)/.ready
	@echo 'Installing $(or $(ADDED),all plugins) with Meltano (once) ...'
	@mkdir -p output
	@$(MELTANO)/bin/meltano install $(ADDED) > output/install.log 2>&1 || \
	  { cat output/install.log; exit 1; }
	@touch $@

$(ACCOUNTS): examples/dagster/meltano.yml pyproject.toml $(MELTANO)/.ready
	@echo 'Installing the tap and a loader for two accounts (once) ...'
	@mkdir -p output
	@$(MELTANO)/bin/meltano --cwd examples/dagster install > output/install.log 2>&1 || \
	  { cat output/install.log; exit 1; }
	@touch $@

$(DAGSTER)/.ready: $(MELTANO)/.ready
	@echo 'Installing Dagster (once) ...'
	@$(PYTHON) -m venv $(DAGSTER)
	@$(MELTANO)/bin/uv pip install --quiet --compile-bytecode --python $(DAGSTER)/bin/python \
	  'dagster>=1.13,<2'
	@touch $@

$(DBT)/.ready: pyproject.toml $(MELTANO)/.ready
	@echo 'Installing dbt (once) ...'
	@$(PYTHON) -m venv $(DBT)
	@$(MELTANO)/bin/uv pip install --quiet --compile-bytecode --python $(DBT)/bin/python --group dbt
	@touch $@

# What the benchmark compares the tap with.
$(PEERS)/.ready: pyproject.toml
	@echo 'Installing dlt (once) ...'
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(PEERS)/bin/python -m pip install --quiet --group peers
	@touch $@

# The Singer project's own check of a tap, with the libraries of its time.
$(CHECKER)/.ready: $(MELTANO)/.ready
	@$(PYTHON) -m venv $(CHECKER)
	@$(MELTANO)/bin/uv pip install --quiet --python $(CHECKER)/bin/python 'singer-tools==0.4.1'
	@touch $@

$(MELTANO)/.ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 14) and \
	  "target-duckdb needs Python 3.10 to 3.13: make $(MAKECMDGOALS) PYTHON=python3.13")'
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

$(LOWEST)/.ready: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
	  --editable '.[sandbox]' --group test
	touch $@

# pip warns that the tap excludes this version, and installs it.
$(NEXT)/.ready: pyproject.toml
	$(PYTHON) -m venv $(NEXT)
	$(NEXT)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(NEXT)/bin/python -m pip install --quiet --editable '.[sandbox]' --group test
	$(NEXT)/bin/python -m pip install --quiet --upgrade --pre \
	  'singer-sdk[msgspec,testing]>=0.55.0a0'
	touch $@

clean:
	rm -rf $(VENV) .meltano examples/dagster/.meltano output dist mutants .mypy_cache .ruff_cache .pytest_cache
