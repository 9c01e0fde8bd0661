# Every target sets up what it needs: a virtual environment in .venv with the package and its tools.
# Only Python >= 3.11, pip and make have to be there. PYTHON=python3.13 chooses another interpreter.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help demo test test-remote fuzz corpus lint format generate docs bench dist install-check clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml src/modelaudit/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "modelaudit needs Python 3.11 or newer; try: make PYTHON=python3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)  ## build harmless demo models and scan them, with two policies
	@$(BIN)/python tools/demo.py

test: $(STAMP)  ## run the tests, as many at a time as there are cores (JOBS=1)
	$(BIN)/python -m pytest --numprocesses $(or $(JOBS),auto) --dist worksteal

REMOTE := .cache/remote

# The client of s3fs takes few versions of boto3, which moto would take any of: pip finds them faster one after the other.
test-remote:  ## install the clients of all sources and read from the servers of the tests through them
	@test -x $(REMOTE)/bin/python || $(PYTHON) -m venv $(REMOTE)
	$(REMOTE)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,cloud]' 'aiobotocore[boto3]'
	$(REMOTE)/bin/python -m pip install --quiet --disable-pip-version-check 'moto[server]>=5' 'mlflow>=2.16' 'dvc>=3.50'
	$(REMOTE)/bin/python -m pytest tests/sources/remote

fuzz: $(STAMP)  ## compare the pickle machine with CPython's readers, change files of formats (SECONDS=60 JOBS=1 MUTANTS=20000)
	$(BIN)/python tools/fuzz.py --seconds $(or $(SECONDS),60) --jobs $(or $(JOBS),1)
	$(BIN)/python tools/fuzz_formats.py --mutants $(or $(MUTANTS),20000)

CORPUS := .cache/corpus

corpus: $(STAMP) $(CORPUS)/.installed  ## build ordinary model files, scan them, print what is said (CORPUS_PIP=… for pip)
	$(CORPUS)/venv/bin/python -m tests.corpus.build $(CORPUS)/files
	$(BIN)/python tests/corpus/table.py $(CORPUS)/files

# What pip would have to build, or has no wheel for, is left out: its family is then not made.
$(CORPUS)/.installed: tests/corpus/requirements.txt
	$(PYTHON) -m venv $(CORPUS)/venv
	@grep -v '^#' $< | while read -r name; do \
	  $(CORPUS)/venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: $(CORPUS_PIP) "$$name" \
	    || echo "left out: $$name"; \
	done
	@touch $@

lint: $(STAMP)  ## ruff, mypy --strict, generated files, built-in rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/generate_facts.py --check
	$(BIN)/python tools/generate_diagnostics.py --check
	$(BIN)/python tools/generate_rules_reference.py --check
	$(BIN)/python tools/generate_language.py --check
	$(BIN)/python tools/screenshot.py --check
	$(BIN)/python tools/generate_hooks.py --check
	$(BIN)/python tools/generate_formats_reference.py --check
	$(BIN)/modelaudit rules test --quiet
	$(BIN)/modelaudit rules fmt --check rules

format: $(STAMP)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(STAMP)  ## write the fact classes and the generated pages of the reference
	$(BIN)/python tools/generate_facts.py
	$(BIN)/python tools/generate_diagnostics.py
	$(BIN)/python tools/generate_rules_reference.py
	$(BIN)/python tools/generate_language.py
	$(BIN)/python tools/generate_formats_reference.py
	$(BIN)/python tools/screenshot.py
	$(BIN)/python tools/generate_hooks.py

docs: $(STAMP)  ## build the documentation as a site, into site/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

bench: $(STAMP)  ## measure speed and memory as ratios (takes some minutes and 4 GB of disk)
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_rules.py

dist: $(STAMP)  ## build wheel and sdist into dist/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build

install-check: $(STAMP)  ## install wheel and sdist into clean environments, and scan files of NumPy 1 and 2 (needs pip's index)
	$(BIN)/python tools/clean_install.py --numpy '<2' --numpy '>=2'

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist demo site .mypy_cache .pytest_cache .ruff_cache .hypothesis
