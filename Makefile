# `make demo` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

ENGINES ?= embedded neo4j-5.26

.PHONY: demo test test-neo4j quick clients agents adopted senders skills run bench bench-client check lint schema clean

$(VENV)/.runtime: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.runtime
	$(BIN)/loopgraph demo

run: $(VENV)/.runtime
	$(BIN)/loopgraph serve

# Each process of a run starts the engines that its tests need.
WORKERS ?= 2

PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope

# On the embedded engine, and on servers that the environment names.
ON ?= $(if $(LOOPGRAPH_TEST_NEO4J_URL)$(LOOPGRAPH_TEST_MEMGRAPH_URL),$(LOOPGRAPH_TEST_ENGINES),$(or $(LOOPGRAPH_TEST_ENGINES),embedded))

test: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=$(ON) $(PYTEST)

# Everything that asks the graph, once more on a Neo4j, where the machine can provide one.
test-neo4j: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=neo4j-5.26 $(PYTEST) -m engine

quick: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=embedded $(PYTEST) -m 'not slow'

# The GraphQL API against the clients and code generators of JavaScript, which npm installs.
JAVASCRIPT := tests/api/graphql/javascript

clients: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the clients of JavaScript need node 20 or newer, and npm"; \
	elif ! npm ci --prefix $(JAVASCRIPT) --no-audit --no-fund --loglevel=error; then \
		echo "skipped: npm cannot install the clients of JavaScript here, as it says above"; \
	else \
		LOOPGRAPH_TEST_ENGINES=embedded $(BIN)/python -m pytest tests/api/graphql/test_javascript.py $(CLIENTS_OPTIONS); \
	fi

# Real frameworks, as pip and npm have them now, against a stand-in for their model: what they send must come to what was recorded.
SENDERS := $(VENV)/senders

senders: $(VENV)/.dev agents
	PYTHONPATH=tests $(BIN)/python -m senders.run $(SENDERS) $(SENDERS_ONLY)

# The agent clients that npm has, each run offline with our hooks.
AGENTS := tests/senders/agents

agents: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the agent clients need node 20 or newer, and npm"; \
	elif ! npm ci --prefix $(AGENTS) --ignore-scripts --no-audit --no-fund --loglevel=error; then \
		echo "skipped: npm cannot install the agent clients here, as it says above"; \
	else \
		LOOPGRAPH_TEST_ENGINES=embedded $(BIN)/python -m pytest $(AGENTS); \
	fi

# A real Claude Code, offline: sessions with a skill that fetches its text, while an experiment compares two.
CLAUDE_CODE := tests/senders/claude_code

adopted: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the agent client needs node 20 or newer, and npm"; \
	elif ! npm ci --prefix $(CLAUDE_CODE) --ignore-scripts --no-audit --no-fund --loglevel=error; then \
		echo "skipped: npm cannot install the agent client here, as it says above"; \
	else \
		PYTHONPATH=tests $(BIN)/python -m senders.claude_code.adopted $(ADOPTED); \
	fi

# Public repositories of skills, scanned and compared with what git tells of them; SKILLS names others.
skills: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m bench.skills $(SKILLS)

bench: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m bench.lineage $(ENGINES)
	PYTHONPATH=tests $(BIN)/python -m bench.ingest $(ENGINES)
	PYTHONPATH=tests $(BIN)/python -m bench.archive $(ENGINES)
	PYTHONPATH=tests $(BIN)/python -m bench.typical $(ENGINES)
	PYTHONPATH=tests $(BIN)/python -m bench.worst
	PYTHONPATH=tests $(BIN)/python -m bench.waterfall $(ENGINES)
	PYTHONPATH=tests $(BIN)/python -m bench.samples
	PYTHONPATH=tests $(BIN)/python -m bench.trends
	PYTHONPATH=tests $(BIN)/python -m bench.transcripts

bench-client: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m bench.client

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/loopgraph schema --check

schema: $(VENV)/.dev
	$(BIN)/loopgraph schema --write

check: test lint

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
