# Each target sets up what it needs in .venv; nothing but Python 3.11+ and make is expected to be here.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DELETE_ON_ERROR:
.PHONY: help demo test unit search lint format bench faults man documents picture lock clean

help:  ## what can be made here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/runtime: deploy/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "bouncehandler needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is missing here (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r deploy/requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/tests: $(VENV)/runtime tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/requirements.txt
	@touch $@

demo: $(VENV)/runtime  ## the main job on five sample rows, in a world of its own
	@BIN=$(BIN) sh config/demo.sh

test: $(VENV)/tests  ## every test
	$(BIN)/python -m pytest -n 4

unit: $(VENV)/tests  ## one room at a time, in less than a minute
	$(BIN)/python -m pytest -n 4 tests/unit

search: $(VENV)/tests  ## new examples for the property tests, which else are the same every time
	$(BIN)/python -m pytest -n 4 --hypothesis-profile=search tests/property tests/contract tests/unit

lint: $(VENV)/tests  ## style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/tests  ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/tests  ## every benchmark, each against its yardstick
	$(BIN)/python -m tests.benchmarks

faults: $(VENV)/tests  ## the worst that can be done to the program, at length
	$(BIN)/python -m tests.acceptance.faults

man: $(VENV)/tests  ## write the manual page anew from the commands
	$(BIN)/python -m tests.manual > deploy/man/bouncehandler.1.part
	mv deploy/man/bouncehandler.1.part deploy/man/bouncehandler.1

documents: $(VENV)/tests  ## write what the documents show of the program's output anew
	$(BIN)/python -m tests.documents

picture: $(VENV)/tests  ## take the picture of the report anew, in Chromium
	$(BIN)/python -m tests.acceptance.picture

lock: $(VENV)/tests  ## resolve the dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate \
	  --custom-compile-command 'make lock' pyproject.toml deploy/build.in -o deploy/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate \
	  --custom-compile-command 'make lock' --group dev -c deploy/requirements.txt -o tests/requirements.txt

clean:  ## forget the environment and the demo
	rm -rf $(VENV) .demo
