# Two commands matter: `make brief` and `make test`. Each does its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: brief test bench lint lock store clean mutations faults audit pages
.DEFAULT_GOAL := brief

brief: $(READY)
	$(BIN)/armsbrief build

test: $(READY)
	$(BIN)/python scripts/setup_system.py browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests --numprocesses 2 --dist loadfile --durations 20
	$(BIN)/pytest --nbval --numprocesses 2 --dist loadfile notebooks

# Everything side by side in one run; compare the ratios, never seconds between runs.
bench: $(READY)
	$(BIN)/python benchmarks/bench.py

# After a change of data or method: run the notebooks and keep their outputs in notebooks/.
store: $(READY)
	$(BIN)/armsbrief build --store

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --extra test --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" requirements-audit.in --output-file requirements-audit.txt

$(READY): requirements.txt pyproject.toml scripts/setup_system.py
	$(PYTHON) scripts/setup_system.py python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python scripts/setup_system.py pdf
	touch $(READY)

# Every corruption that can be tried takes under an hour on two cores; say how many with N=, all without; JOBS= at once.
# What an interrupted run has tried is not tried again.
# The score goes into docs/, from where every later edition publishes it, with what changed since.
mutations: $(READY)
	$(BIN)/armsbrief verify --mutations $(if $(N),--sample $(N)) $(if $(JOBS),--jobs $(JOBS))
	cp _build/mutations.json docs/mutations.json

# Kills, full disks, folders that cannot be written: what a build leaves behind.
faults: $(READY)
	$(BIN)/python benchmarks/break_builds.py

# Known vulnerabilities, and what could not be checked for want of a network; licences; SBOM.
audit: _build/sbom.json
	$(BIN)/python scripts/audit.py _build/audit/bin/pip-audit

# The tools have an environment of their own, so that they do not audit themselves.
_build/sbom.json: $(READY) requirements-audit.txt
	$(PYTHON) -m venv _build/audit
	_build/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	_build/audit/bin/pip-licenses --python $(BIN)/python --format markdown --with-urls --output-file _build/licences.md
	_build/audit/bin/cyclonedx-py requirements requirements.txt --output-reproducible --of JSON -o $@

# What a host of static pages serves: the newest edition, and each at /editions/<name>/.
pages: $(READY) _build/sbom.json
	for name in $$($(BIN)/python -c "from armsbrief import editions; print(*editions.names())"); do \
	  $(BIN)/armsbrief build --edition $$name || exit; done
	$(BIN)/python scripts/lay_out_pages.py

clean:
	rm -rf _build
