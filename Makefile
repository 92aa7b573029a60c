# Needs only make and Python 3.11 or newer: every target first builds the environment it runs in (.venv),
# and builds it again when pyproject.toml changes.

PYTHON ?= python3 python3.13 python3.12 python3.11
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
CREATED := $(VENV)/.created
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs site format clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r target text; do \
		printf '  make %-7s %s\n' "$$target" "$$text"; done
	@echo '  ARGS="..." adds arguments to demo, test, bench and docs; PYTHON=... chooses the Python of a new .venv'

demo: $(INSTALLED)  ## fused against layer by layer, on a whole network: tables, and a page to open in a browser
	@mkdir -p build
	$(BIN)/looptree compare mobilenet_v2 --html build/demo.html $(ARGS)
	@echo
	@echo 'the same as a page for any browser, with the layer graph, the tree and the steps of each group: build/demo.html'
	@echo 'more: $(BIN)/looptree --help, or put it on your path: source $(BIN)/activate'

test: $(INSTALLED_DEV)  ## all tests and doctests, the slow ones too
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

check: $(INSTALLED_DEV)  ## format, lint, types, imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(INSTALLED_DEV)  ## run every benchmarks/bench_*.py
	@ls benchmarks/bench_*.py > /dev/null
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python "$$file" $(ARGS); done

docs: $(INSTALLED_DEV)  ## check the guide and build it: its examples run, its links lead somewhere
	$(BIN)/python -m pytest README.md docs tests/test_architecture.py::test_links_of_the_guide_lead_to_files $(ARGS)
	@$(MAKE) --no-print-directory site

site: $(INSTALLED_DEV)  ## build the guide, without its tests
	$(BIN)/mkdocs build --strict --quiet
	@echo 'the guide is in build/site/index.html'

format: $(INSTALLED_DEV)  ## write the format that check asks for
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:  ## remove the environment, caches and builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@for python in $(PYTHON); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
			echo "creating $(VENV) with $$python"; \
			"$$python" -m venv $(VENV) && touch $@; exit $$?; \
		fi; \
	done; \
	echo "looptree needs Python 3.11 or newer; tried: $(PYTHON)." >&2; \
	for python in $(PYTHON); do \
		"$$python" -c 'import sys; print("found only", sys.executable, sys.version.split()[0])' 2> /dev/null; \
	done >&2; \
	echo "Say which one to use: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1

$(INSTALLED): $(CREATED) pyproject.toml
	@echo 'installing looptree into $(VENV)'
	@$(PIP_INSTALL) --editable .
	@touch $@

$(INSTALLED_DEV): $(CREATED) pyproject.toml
	@echo 'installing looptree and its development tools into $(VENV)'
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $(INSTALLED) $@
