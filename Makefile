# Every target makes its own environment first: nothing but Python 3.11, venv and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps
DEMO ?= digest-demo

.PHONY: help venv dev demo test faults lint format bench lock clean

help:
	@echo "make demo    a sample outlet, an edition, its preview files"
	@echo "make test    the tests"
	@echo "make lint    ruff and mypy       make format   ruff format"
	@echo "make faults  every fault test; writes docs/faults.md (FULL=1: all seeds; SEED=N: one)"
	@echo "make bench   the benchmarks      make lock     pin the requirements again"

venv: $(VENV)/run.stamp
dev: $(VENV)/dev.stamp

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "digest needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip $(VENV) && \
	    $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP) -r requirements/run.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(PIP) -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.stamp
	@$(BIN)/digest demo --dir $(DEMO)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto

# Ends within 45 minutes on two cores; what is noted on the way stays in faults.jsonl.
faults: $(VENV)/dev.stamp
	@rm -f faults.jsonl
	@DIGEST_TEST_FAULTS=$(if $(FULL),full,1) DIGEST_TEST_FIGURES=$(CURDIR)/faults.jsonl \
	    $(BIN)/python -m pytest -n auto --dist worksteal tests/faults $(if $(SEED),--seed $(SEED)); \
	    ended=$$?; $(BIN)/python -m tests.faults.report faults.jsonl > docs/faults.md; exit $$ended

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp
	@$(BIN)/python benchmarks/week.py
	@$(BIN)/python benchmarks/start.py
	@$(BIN)/python benchmarks/render.py
	@$(BIN)/python benchmarks/audience.py
	@$(BIN)/python benchmarks/public.py
	@$(BIN)/python -m benchmarks.web
	@test -z "$$DIGEST_TEST_DATA" || $(BIN)/python benchmarks/extraction.py --data "$$DIGEST_TEST_DATA"
	@test -z "$$DIGEST_TEST_DATA" || $(BIN)/python benchmarks/ranking.py --data "$$DIGEST_TEST_DATA/ranking/dev"

# Needs uv on the path; the files hold hashes and no addresses.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	    pyproject.toml requirements/build.in -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	    pyproject.toml requirements/build.in --group dev -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) $(DEMO) dist
