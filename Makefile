# Two commands matter: `make brief` and `make test`. Each does its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: brief test bench lint lock store clean
.DEFAULT_GOAL := brief

brief: $(READY)
	$(BIN)/armsbrief build

test: $(READY)
	$(BIN)/python scripts/setup_system.py browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --nbval

# Everything side by side in one run; compare the ratios, never seconds between runs.
bench: $(READY)
	$(BIN)/python benchmarks/bench.py

# After a change of data or method: run the notebooks and keep their outputs in notebooks/.
store: $(READY)
	$(BIN)/armsbrief build --store

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --extra test --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt

$(READY): requirements.txt pyproject.toml scripts/setup_system.py
	$(PYTHON) scripts/setup_system.py python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python scripts/setup_system.py pdf
	touch $(READY)

clean:
	rm -rf _build
