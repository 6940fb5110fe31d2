# Every target does its own set-up in .venv; nothing else on the machine is touched.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test slow check bench clean

demo: .venv/base
	@$(BIN)/changeover demo

test: .venv/dev
	$(BIN)/python -m pytest -m "not slow" -n 5 --dist worksteal

slow: .venv/dev
	$(BIN)/python -m pytest -m slow -rs

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# BENCH="--quick", BENCH="--write BENCHMARKS.md"
bench: .venv/bench
	$(BIN)/python -m benchmarks $(BENCH)

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/base: pyproject.toml .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/dev: pyproject.toml .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,check]'
	@touch $@ .venv/base

.venv/bench: pyproject.toml .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info
