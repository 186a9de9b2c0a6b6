# `make install`, `make demo` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

ENGINES ?= embedded neo4j-5.26

.PHONY: install demo test exhaustive test-neo4j quick clients console vendor ogm agents adopted senders skills run bench bench-client bench-console check lint schema clean

# pip, with a sign of life every five seconds: the last line of what it says, all of which is shown if it fails.
define PIP_INSTALL
	@log=$(VENV)/pip.log; : >$$log; \
	(n=0; while sleep 5; do n=$$((n + 5)); echo "  $$n s: $$(tail -n 1 $$log | sed -E 's/^(.{0,100})( .*)?$$/\1/')"; done) & ticker=$$!; \
	trap 'kill $$ticker 2>/dev/null' EXIT INT TERM; \
	$(BIN)/python -m pip install --progress-bar off --disable-pip-version-check --constraint constraints.txt --editable '$(1)' >$$log 2>&1 \
		|| { cat $$log; exit 1; }
endef

$(VENV)/.runtime: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@echo "making $(VENV) and installing Loopgraph: about a minute, some 500 MB"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call PIP_INSTALL,.)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "installing what tests need into $(VENV): a minute or two, some 1,000 MB more"
	$(call PIP_INSTALL,.[dev])
	@touch $@

install: $(VENV)/.runtime
	@echo "Loopgraph is in $(VENV): call $(BIN)/loopgraph, or . $(BIN)/activate and then loopgraph"

# In a terminal it ends with the address of the console, and serves that until Ctrl-C.
demo: $(VENV)/.runtime
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/loopgraph demo --keep; else $(BIN)/loopgraph demo; fi

run: $(VENV)/.runtime
	$(BIN)/loopgraph serve

# Each process of a run starts the engines that its tests need. One more than cores: tests wait for processes and disks.
WORKERS ?= 3

PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope

# On the embedded engine, and on servers that the environment names.
ON ?= $(if $(LOOPGRAPH_TEST_NEO4J_URL)$(LOOPGRAPH_TEST_MEMGRAPH_URL),$(LOOPGRAPH_TEST_ENGINES),$(or $(LOOPGRAPH_TEST_ENGINES),embedded))

test: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=$(ON) $(PYTEST) -m 'not exhaustive'

# What the suite leaves out: further values, moments and orders of what it shows; what takes longest stands only here.
exhaustive: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=$(ON) $(PYTEST) -m exhaustive

# Everything that asks the graph, once more on a Neo4j, where the machine can provide one.
ASKS ?= engine

test-neo4j: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=neo4j-5.26 $(PYTEST) -m "$(ASKS)"

quick: $(VENV)/.dev
	LOOPGRAPH_TEST_ENGINES=embedded $(PYTEST) -m 'not slow and not lengthy and not exhaustive' --hypothesis-profile quick

# The GraphQL API against the clients and code generators of JavaScript, and graphs against the programs that they are exported for;
# npm installs them.
JAVASCRIPT := tests/api/graphql/javascript
GRAPHS := tests/computes/exports/javascript

clients: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the clients of JavaScript need node 20 or newer, and npm"; \
	elif ! npm ci --prefix $(JAVASCRIPT) --no-audit --no-fund --loglevel=error || \
		! npm ci --prefix $(GRAPHS) --ignore-scripts --no-audit --no-fund --loglevel=error; then \
		echo "skipped: npm cannot install the clients of JavaScript here, as it says above"; \
	else \
		LOOPGRAPH_TEST_ENGINES=embedded $(BIN)/python -m pytest tests/api/graphql/test_javascript.py tests/computes/exports $(CLIENTS_OPTIONS); \
	fi

# The console: the types of its modules, then every page in a real browser, where node and a Chromium are.
CONSOLE := tests/console/javascript

console: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the checks of the console need node 20 or newer, and npm"; \
	elif ! npm ci --prefix $(CONSOLE) --no-audit --no-fund --loglevel=error; then \
		echo "skipped: npm cannot install the checks of the console here, as it says above"; \
	else \
		$(CONSOLE)/node_modules/.bin/tsc -p $(CONSOLE) && \
		{ $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[browser]' || \
			echo "playwright cannot be installed here, as pip says above: the tests in a browser are skipped"; } && \
		LOOPGRAPH_TEST_ENGINES=embedded $(BIN)/python -m pytest tests/console $(CONSOLE_OPTIONS); \
	fi

# GQLAlchemy wants the older driver and an older pandas: its models, and the documentation of them, in an environment of their own.
ogm:
	$(MAKE) .venv-ogm/.dev VENV=.venv-ogm
	.venv-ogm/bin/python -m pip install --quiet --disable-pip-version-check --constraint tests/ogm/constraints.txt --editable '.[ogm]'
	LOOPGRAPH_TEST_ENGINES=embedded .venv-ogm/bin/python -m pytest tests/ogm tests/analyst/test_documentation.py

# What the console takes from npm, as its vendor.json pins it.
vendor: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m console.vendor

# Real frameworks, as pip and npm have them now, against a stand-in for their model: what they send must come to what was recorded.
SENDERS := $(VENV)/senders

senders: $(VENV)/.dev agents
	PYTHONPATH=tests $(BIN)/python -m senders.run $(SENDERS) $(SENDERS_ONLY)

# The agent clients that npm has, each run offline with our hooks.
AGENTS      := tests/senders/agents
CLAUDE_CODE := tests/senders/claude_code

agents: $(VENV)/.dev
	@if ! { command -v node && command -v npm; } >/dev/null; then \
		echo "skipped: the agent clients need node 20 or newer, and npm"; \
	elif ! { npm ci --prefix $(AGENTS) --ignore-scripts --no-audit --no-fund --loglevel=error && \
			npm ci --prefix $(CLAUDE_CODE) --ignore-scripts --no-audit --no-fund --loglevel=error; }; then \
		echo "skipped: npm cannot install the agent clients here, as it says above"; \
	else \
		LOOPGRAPH_TEST_ENGINES=embedded $(BIN)/python -m pytest $(AGENTS) $(CLAUDE_CODE); \
	fi

# A real Claude Code, offline: sessions with a skill that fetches its text, while an experiment compares two.
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
	PYTHONPATH=tests $(BIN)/python -m bench.statistics
	PYTHONPATH=tests $(BIN)/python -m bench.trends
	PYTHONPATH=tests $(BIN)/python -m bench.analytics.million --executions 20000
	PYTHONPATH=tests $(BIN)/python -m bench.transcripts
	PYTHONPATH=tests $(BIN)/python -m bench.exports
	PYTHONPATH=tests $(BIN)/python -m bench.loop

bench-client: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m bench.client

# In a real Chromium, where one is.
bench-console: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[browser]'
	PYTHONPATH=tests $(BIN)/python -m bench.console

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/loopgraph schema --check

schema: $(VENV)/.dev
	$(BIN)/loopgraph schema --write
	PYTHONPATH=tests $(BIN)/python -m support.ogm_models

check: test lint

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
