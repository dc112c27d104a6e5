# The repository's own commands. `make` alone lists them; each can be run at any time and changes nothing twice.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory
# What one command compiled serves the next one, and every process that the tests start.
unexport PYTHONDONTWRITEBYTECODE

STACK := fixtures/stacks/reference
BIN   := .venv/bin
CODE  := $(wildcard stacktest tests suites lifecycle fixtures benchmarks campaigns examples conftest.py)

INVARIANTS := tests/core/freshness/test_invariants.py tests/cases/test_fingerprint_invariants.py

.PHONY: help setup demo test images measuring registry certs provision cases faults bench bench-check campaigns swarm examples clean lint type unit browsers real suites lifecycle slow

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (system packages, container engine, .venv)
	@scripts/setup

certs: ## the reference stack's CA, certificate and .env
	@scripts/dotenv $(STACK)
	@scripts/certs $(STACK)

browsers: ## Firefox and WebKit, in which names and trust are tested as well
	@scripts/setup browsers

measuring: ## what benchmarks and the test of `record` need: a Chromium with a window
	@scripts/setup measuring

registry: ## what only campaigns and tests need: a registry of images, an ssh server
	@scripts/setup campaigns

images: setup certs ## build the reference images whose inputs changed
	@scripts/images

demo: images provision ## prove all services of the reference stack, and show what is known now
	@$(BIN)/pytest -n 2 && code=0 || code=$$?; \
	$(BIN)/stacktest status; \
	$(BIN)/stacktest page; \
	$(BIN)/stacktest gate && gate=0 || gate=$$?; \
	echo "status   $(STACK)/docs/_data/status.json"; \
	echo "next     source .venv/bin/activate; then pytest -m phase4, stacktest why redis, stacktest --help"; \
	exit $$((code ? code : gate))

provision: ## one-way set-up steps of the running reference stack (administrators, backup repository)
	@scripts/provision $(STACK)

# ------------------------------------------------------------------ checks

test: setup ## everything that must pass; what .ci/run calls
	@$(MAKE) --jobs=3 --output-sync=target images lint browsers type unit registry
	@$(MAKE) real suites

lint: ## style, layers
	@echo "== lint"
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/lint-imports

type: ## types
	@echo "== type"
	@$(BIN)/mypy

unit: ## the fast tests: no engine, no browser, no network
	@echo "== unit"
	@$(BIN)/pytest tests -m "not real_docker and not real_browser and not processes and not slow" -n 2 -q

real: images browsers registry ## the tests that need an engine, a browser or other programs
	@echo "== real"
	@$(BIN)/pytest tests -m "(real_docker or real_browser or processes) and not slow" -n 2 --dist loadfile --no-loadscope-reorder --durations=25 -q

suites: images provision ## every phase of the reference stack
	@echo "== suites"
	@$(BIN)/pytest -n 2 -q

lifecycle: images ## kill, end and replace every service of the reference stack, in a stack of its own
	@echo "== lifecycle"
	@cd lifecycle && ../$(BIN)/pytest -q

slow: images ## the tests that take minutes, and the invariants of freshness and shards in thousands of examples each
	@echo "== slow"
	@$(BIN)/pytest tests -m slow -q
	@STACKTEST_EXAMPLES=10000 $(BIN)/pytest $(INVARIANTS) -n 2 -q
	@STACKTEST_EXAMPLES=2000 $(BIN)/pytest tests/application/test_shards.py -n 2 -q

cases: ## the freshness cases, by group
	@$(BIN)/python -m tests.cases

faults: images ## seeded faults against the suites, by phase
	@$(BIN)/python -m tests.faults

bench: images provision measuring ## side-by-side measurements
	@$(BIN)/python -m benchmarks

bench-check: images measuring ## the short form of bench
	@$(BIN)/python -m benchmarks --short

swarm: images ## the reference stack's fast suites on a swarm of one node, which is made for it
	@$(BIN)/python -m campaigns.swarm

campaigns: images registry ## hostile campaigns: listeners, TLS, … (figures of docs/reliability.md)
	@$(BIN)/python -m campaigns

# ENGINE=rootless or ENGINE=podman: an engine of its own for as long as it takes, with the example that is made for such engines.
examples: setup ## three stacks, as documented and as found: which of their claims hold
	@scripts/example-images
	@$(if $(ENGINE),scripts/with-engine $(ENGINE)) $(BIN)/python -m examples $(or $(EXAMPLE),$(if $(ENGINE),sovereign)) $(if $(ENGINE),--engine $(ENGINE))

# ------------------------------------------------------------------ leftovers

clean: ## remove what these commands made: containers, networks, volumes, images, reports; .venv and .env stay
	@scripts/clean
