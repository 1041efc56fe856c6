# Every command here makes its own environment first; nothing else needs to be set up.
PYTHON ?= python3
VENV ?= .venv
SAMPLE ?= samples/digits_cnn/model.onnx

.DEFAULT_GOAL := help
.PHONY: help demo test lint format accuracy hardening fuzz bench golden operators lints frontier samples wheel clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "auditor needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,prove,evm]'
	@$(VENV)/bin/python -m compileall -q auditor  # also where Python is told to keep no bytecode of its own
	@touch $@

demo: $(VENV)/.ready ## audit a sample model, prove one inference of it and verify the proof
	$(VENV)/bin/auditor estimate $(SAMPLE)
	@rm -rf build/demo && mkdir -p build/demo
	$(VENV)/bin/auditor prove $(SAMPLE) --input $(dir $(SAMPLE))input.json --srs unsafe-local --bundle build/demo/bundle
	$(VENV)/bin/auditor verify build/demo/bundle --model $(SAMPLE)

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
	$(VENV)/bin/python -m tools.forward --seeds 1500
	$(VENV)/bin/python -m tools.proofs
	$(VENV)/bin/python -m tools.plans
	$(VENV)/bin/python -m tools.prover_costs --report
	$(VENV)/bin/python -m tools.gas --stored

hardening: $(VENV)/.ready ## kill, starve and tamper with real proofs, and write docs/accuracy.md (long)
	$(VENV)/bin/python -m tools.faults
	$(VENV)/bin/python -m tools.tamper

fuzz: $(VENV)/.ready ## spoil 50,000 valid models, audit them, and write docs/hardening.md (long)
	$(VENV)/bin/python -m tools.fuzz --count 50000 --seed 1 --report
	$(VENV)/bin/python -m tools.fuzz --count 5000 --seed 2 --plan --report
	$(VENV)/bin/python -m tools.fuzz --count 6000 --seed 3 --commands --report

bench: $(VENV)/.ready ## speed, as ratios measured in one run
	$(VENV)/bin/python -m tools.bench

golden: $(VENV)/.ready ## write EZKL's answers for the tests that run without it
	$(VENV)/bin/python -m tools.golden

operators: $(VENV)/.ready ## write docs/operators.md from rules/operators
	$(VENV)/bin/python -m tools.operator_pages

lints: $(VENV)/.ready ## write docs/lints.md from auditor/lints
	$(VENV)/bin/python -m tools.lint_pages

frontier: $(VENV)/.ready ## compare and forecast known models, and write docs/frontier.md (long)
	$(VENV)/bin/python -m tools.frontier

samples: $(VENV)/.ready ## train the sample models again
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[samples]'
	$(VENV)/bin/python -m samples.make

wheel: $(VENV)/.ready ## build the wheel and the source distribution into dist/
	$(VENV)/bin/python -m build

clean: ## remove the environment and everything built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
