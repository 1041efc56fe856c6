# Every command here makes its own environment first; nothing else needs to be set up.
PYTHON ?= python3
VENV ?= .venv
SAMPLE ?= samples/digits_cnn/model.onnx

.DEFAULT_GOAL := help
.PHONY: help demo test lint format accuracy bench golden operators samples wheel clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "auditor needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,prove]'
	@$(VENV)/bin/python -m compileall -q auditor  # also where Python is told to keep no bytecode of its own
	@touch $@

demo: $(VENV)/.ready ## audit a sample model
	$(VENV)/bin/auditor estimate $(SAMPLE)

test: $(VENV)/.ready ## run the tests
	$(VENV)/bin/python -m pytest -n 2

lint: $(VENV)/.ready ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.ready ## rewrite the code in the project's format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

accuracy: $(VENV)/.ready ## compare with the real EZKL and write docs/accuracy.md (long)
	$(VENV)/bin/python -m tools.accuracy
	$(VENV)/bin/python -m tools.fidelity

bench: $(VENV)/.ready ## speed, as ratios measured in one run
	$(VENV)/bin/python -m tools.bench

golden: $(VENV)/.ready ## write EZKL's answers for the tests that run without it
	$(VENV)/bin/python -m tools.golden

operators: $(VENV)/.ready ## write docs/operators.md from rules/operators
	$(VENV)/bin/python -m tools.operator_pages

samples: $(VENV)/.ready ## train the sample models again
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[samples]'
	$(VENV)/bin/python -m samples.make

wheel: $(VENV)/.ready ## build the wheel and the source distribution into dist/
	$(VENV)/bin/python -m build

clean: ## remove the environment and everything built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
