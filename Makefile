# Commands with nothing else to set up: `make demo`, `make test`, `make bench`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help demo test bench lint format types check clean

help:
	@echo "make demo    the paper's analysis on the Brown corpus: runs/demo/report.html, in minutes"
	@echo "make test    the whole test suite"
	@echo "make bench   the engine against its ceiling and its peers: benchmarks/README.md; BENCH=--quick tries it"
	@echo "make check   tests, lint, format and types: what .ci/run calls"
	@echo "make clean   remove .venv; runs/ stays"

demo: .venv/installed
	$(BIN)/stategrad run demo --out runs/demo

test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile

bench: .venv/installed-bench
	$(BIN)/python -m benchmarks.engine $(BENCH)

lint: .venv/installed-dev
	$(BIN)/ruff check .

format: .venv/installed-dev
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

check: lint format types test

clean:
	rm -rf .venv

# A PyTorch 2.13 that the system's Python has already is seen from the environment and not installed again.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "stategrad needs Python 3.11 or newer; name one: make PYTHON=python3.11 ..."; exit 1; }
	@if $(PYTHON) -c 'import torch, sys; sys.exit(not torch.__version__.startswith("2.13."))' 2>/dev/null; \
		then echo "using the installed PyTorch"; $(PYTHON) -m venv --system-site-packages .venv; \
		else $(PYTHON) -m venv .venv; fi

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing stategrad into .venv (a minute or two)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing stategrad and its development tools into .venv (a minute or two)"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch .venv/installed $@

.venv/installed-bench: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing stategrad and JAX, one of its peers, into .venv (a minute or two)"
	@$(PIP) install --constraint constraints.txt --editable '.[bench]' \
		|| { echo "JAX cannot be installed here: its row will be left out"; \
		$(PIP) install --constraint constraints.txt --editable .; }
	@touch .venv/installed $@
