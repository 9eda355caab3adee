# Two commands are enough: make run (or make run ARGS="quick-test --vci sim:// --json") and make test.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ARGS ?=

.PHONY: run test check bench soak pictures lock catalogues clean

run: $(VENV)/run.done
	@$(BIN)/workshop-console $(ARGS)

test: $(VENV)/dev.done
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not soak"

check: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.done
	$(BIN)/python -m benchmarks $(ARGS)

pictures: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.pictures

soak: $(VENV)/dev.done
	$(BIN)/python -m pytest -m soak --timeout=1800

# A virtual environment where ensurepip is missing (some distributions) takes the pip that is there.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	|| { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install -q pip >&2; }

# Standard output is the program's own: the first `make run ARGS="... --json"` prints one document too.
$(VENV)/run.done: $(VENV)/bin/python requirements.lock pyproject.toml setup.py
	@echo "Setting up $(VENV), which takes a minute the first time" >&2
	@$(PIP) install -q --require-hashes -r requirements.lock >&2
	@$(PIP) install -q --no-deps --no-build-isolation -e . >&2
	@touch $@

$(VENV)/dev.done: $(VENV)/run.done requirements-dev.lock
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@mkdir -p .types && ln -sfn .. .types/workshop_console
	@touch $@

# Texts: extract the templates, merge them into the catalogues, compile.
catalogues: $(VENV)/dev.done
	$(BIN)/python -m workshop_console.i18n.build

# Pinned with hashes for every platform; needs uv, names no index.
lock:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml lock.in -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev -c requirements.lock pyproject.toml lock.in -o requirements-dev.lock

clean:
	rm -rf $(VENV) .types build dist *.egg-info
