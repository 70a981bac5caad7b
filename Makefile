# Every target makes and reuses .venv and installs what it needs: `make demo` and `make test` work in a
# fresh clone with Python 3.11+ and nothing done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: help demo test test-fast test-networks test-lowest check format lint types layers bench acceptance fuzz fuzz-http docs mutants model guards sim sim-ci sim-nodes chaos soak lock clean

help:  ## what can be done
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Accord needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock pins into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)  ## run the whole story on this machine (ARGS=--exit ends by itself)
	@$(BIN)/accord demo $(ARGS)

test: test-fast test-networks $(STAMP)  ## all tests: every day's and networks on all cores, then real processes one by one
	@$(BIN)/python -m pytest -q -m processes $(ARGS)

# more than there are cores: tests of networks mostly wait
WORKERS ?= $(shell expr 1 + `nproc 2>/dev/null || echo 2`)

# every worker and every program that a test starts would compile the tree anew where the environment keeps no bytecode
BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.pytest_cache/bytecode

test-fast: $(STAMP)  ## the everyday part: no networks of nodes
	@$(BYTECODE) $(BIN)/python -m pytest -q -n $(WORKERS) -m "not networks and not processes and not campaign" $(ARGS)

test-networks: $(STAMP)  ## several real nodes in one process, and programs that are not ours
	@$(BYTECODE) $(BIN)/python -m pytest -q -n $(WORKERS) -m "networks and not campaign" $(ARGS)

test-lowest: requirements-lowest.txt  ## core, client and interfaces with the lowest versions we accept
	@test -d .venv-lowest || $(PYTHON) -m venv .venv-lowest
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  -r requirements-lowest.txt pytest pytest-asyncio pytest-timeout pytest-xdist hypothesis \
	  pyoxigraph sd-jwt lxml pypdf pyshacl
	@.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@.venv-lowest/bin/python -m pytest -q -n auto tests/genesis tests/client tests/ledger/test_codec.py \
	  tests/ledger/test_keys.py tests/node/test_peer_network.py tests/node/test_http_submit.py \
	  tests/node/test_http_proofs.py tests/node/test_store.py

check: format lint types layers test sim-ci test-lowest  ## exactly what CI runs: format, lint, types, layers, tests (CI plays the demo, too)

format: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "Run: .venv/bin/ruff format ."; exit 1; }

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports

acceptance: $(STAMP)  ## play every row of the domain and write docs/acceptance.md
	@ACCORD_ACCEPTANCE_PAGE=1 $(BIN)/python -m pytest -q tests/acceptance

SECONDS ?= 20
ONLY ?=

fuzz: $(STAMP)  ## coverage-guided fuzzing of every decoder (SECONDS=20 each, ONLY="bundle")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: "atheris>=3,<4"
	@cd tests && ../$(BIN)/python -m fuzz --seconds $(SECONDS) --only "$(ONLY)"

EXAMPLES ?= 50

fuzz-http: $(STAMP)  ## requests made up from the OpenAPI document, to a real node (EXAMPLES=50 a route)
	@ACCORD_HTTP_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -n 0 --timeout=3600 tests/node/test_http_described.py

bench: $(STAMP)  ## figures of this machine, each beside the bound measured in the same run
	@$(BIN)/python -m bench $(ARGS)

SEED ?= 1
MINUTES ?= 5
NETWORK ?= loopback

chaos: $(STAMP)  ## real processes under load while things fail (SEED=1 MINUTES=5 NETWORK=namespaces ONLY="disk full")
	@cd tests && ../$(BIN)/python -m chaos --seed $(SEED) --minutes $(MINUTES) --network $(NETWORK) --only "$(ONLY)"

soak: $(STAMP)  ## four nodes under steady load: do memory and descriptors stay flat? (ARGS="--minutes 20")
	@$(BIN)/python -m bench.soak $(ARGS)

docs: $(STAMP)  ## write anew the pages that are made of the software
	@$(BIN)/python -m accord_client.codes docs
	@$(BIN)/python -m accord_node.http docs

mutants: $(STAMP)  ## take away one check of the rules at a time: does a test notice? (ARGS=--page: and write it down)
	@PYTHONPATH=tests $(BIN)/python -m mutation $(ARGS)

model: $(STAMP)  ## the protocol's models with spin: what holds, and what each seeded fault breaks
	@$(BIN)/python tests/model/spin.py

guards: $(STAMP)  ## take away one guard of consensus at a time: its named tests must fail
	@PYTHONPATH=tests $(BIN)/python -m guards $(ARGS)

SEEDS ?= 20
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
sim: $(STAMP)  ## SEEDS seeds of every simulated scenario; resumes (JOBS=2 ARGS="--drawn 5000 --out FILE")
	@$(BIN)/python -m accord_node.simulate.campaign --core --seeds $(SEEDS) --jobs $(JOBS) --out .campaign.jsonl $(ARGS)

sim-ci: $(STAMP)  ## the part of CI for all cores: every place to die, and thousands of seeds
	@$(BIN)/python -m pytest -q -n auto -m campaign $(ARGS)
	@rm -f .campaign-ci.jsonl
	@$(BIN)/python -m accord_node.simulate.campaign --core --seeds 20 --drawn 5000 --jobs $(JOBS) --out .campaign-ci.jsonl

sim-nodes: $(STAMP)  ## SEEDS seeds of every scenario of whole nodes; resumes (JOBS=2 ARGS="--out FILE")
	@$(BIN)/python -m accord_node.simulate.campaign --nodes --seeds $(SEEDS) --jobs $(JOBS) --out .campaign-nodes.jsonl $(ARGS)

lock: $(STAMP)  ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5,<1"
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --no-header --no-emit-index-url \
	  --extra dev pyproject.toml requirements-build.in --output-file requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --resolution lowest-direct --quiet --no-header \
	  --no-emit-index-url pyproject.toml requirements-build.in --output-file requirements-lowest.txt

clean:  ## remove .venv and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
