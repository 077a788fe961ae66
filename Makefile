# make run: install what is missing, build the editor, serve. Everything else: make help.
PYTHON ?= python3
WORKERS ?= 2
SETUP := $(shell command -v $(PYTHON)) scripts/setup.py
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run cluster install test bench chaos load image check fmt docs lock toolchains clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

run: install ## install, build, serve on http://127.0.0.1:8000 (ARGS="--port 9000" goes to the server)
	@exec sangam serve $(ARGS)

cluster: install ## three nodes, NATS, PostgreSQL, Redis and a proxy on this machine (ARGS="--port 8080 --nodes 3")
	@$(SETUP) cluster
	@exec python scripts/cluster.py $(ARGS)

install: ## install and build, without serving
	@$(SETUP) base web

test: install ## install what the tests need and run them all (TESTS="tests/rooms -k R7" for some)
	@$(SETUP) test cluster toolchains interop
	@pytest -n $(WORKERS) --dist loadfile $(TESTS)

bench: install ## compare with other servers, under ten minutes (FULL=1 for everything, ARGS="--only class" for a part)
	@$(SETUP) bench
	@python -m loadtests.peers $(if $(FULL),--full) $(ARGS)

load: ## send people into a running server (HOST=http://127.0.0.1:8000, ARGS="-u 50 -t 60s")
	@$(SETUP) load
	@PYTHONPATH=. locust -f loadtests/locustfile.py --headless -H $(or $(HOST),http://127.0.0.1:8000) $(or $(ARGS),-u 20 -t 30s)

chaos: install ## faults on three nodes: is anything lost? (MINUTES=30; ARGS="--seed 7" or "--replay build/chaos/7/plan.json")
	@$(SETUP) test cluster
	@python -m tests.simulation.checker --minutes $(or $(MINUTES),10) $(ARGS)

check: ## formatting, lint and types of the Python and of the editor; known weaknesses (AUDIT=required, off)
	@$(SETUP) dev
	@ruff format --check .
	@ruff check .
	@mypy
	@python scripts/audit.py $(or $(AUDIT),offered)
	@$(SETUP) web
	@cd web && npm run --silent typecheck && npm run --silent lint

fmt: ## format everything
	@$(SETUP) dev
	@ruff check --fix --quiet . || true
	@ruff format .
	@cd web && npm run --silent format

docs: ## write the settings table and the comparison of the README
	@$(SETUP) base
	@python scripts/settings_table.py
	@python scripts/bench_table.py
	@python scripts/exec_table.py

lock: ## write the lock files anew (UPGRADE=1 takes newer Python versions)
	@scripts/lock.sh

image: install ## build the Docker image of cells, try every language and every attack in it (needs root and an engine)
	@$(SETUP) test
	@python -m exec_pool.image build $(if $(DOCKER),--url $(DOCKER))
	@EXEC_TEST_DOCKER=$(or $(DOCKER),unix:///var/run/docker.sock) EXEC_TEST_IMAGE=sangam-cells:1 \
		pytest tests/exec_pool/test_attacks.py tests/exec_pool/test_languages.py tests/exec_pool/test_terminal.py -k docker

toolchains: ## install the compilers for code execution (Debian, root)
	@$(SETUP) toolchains

clean: ## remove everything that can be made again; never data
	rm -rf .venv build web/dist web/node_modules tests/interop/node_modules loadtests/peers/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
