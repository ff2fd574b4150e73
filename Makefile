# make up: a cluster. make test: everything that proves the project. make help: the rest.

PYTHON ?= python3
CONTROL_PLANES ?= 1
WORKERS ?= 2
KUBERNETES ?= v1.36.3

VENV := .venv
BIN := $(VENV)/bin
AS_ROOT := sudo --preserve-env=PACKET_STATE,PACKET_CACHE,HOME,PATH
SUDO := $(if $(filter-out 0,$(shell id -u)),$(AS_ROOT))
LAB := $(SUDO) $(BIN)/python -m lab

export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup up down clean check lint types unit test sanity integration coverage mutate thirdparty e2e molecule soak bench bench-packetd bench-inventory bench-modules bench-cloud-controller docs ground tools

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## Just .venv, with packetd and kube-mirror in it

up: setup ## A cluster (CONTROL_PLANES=1 WORKERS=2 KUBERNETES=v1.36.3)
	@$(LAB) up --control-planes $(CONTROL_PLANES) --workers $(WORKERS) --kubernetes $(KUBERNETES)

down: setup ## Removes what make up made
	@$(LAB) down

clean: setup ## make down, and removes the caches and .venv too
	@$(LAB) clean
	rm -rf $(VENV)

# Neither of the three keeps two cores busy by itself.
check: $(VENV)/ready-dev ## The quick part of the tests
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target lint types unit

test: check sanity integration coverage thirdparty e2e molecule ## Everything that proves the project

# The linter loads playbooks, and need not reach the API that the inventory asks. That of the pages leaves to
# Sphinx (make docs) what takes it long.
lint: $(VENV)/ready-dev
	ruff check
	ruff format --check
	ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=false ansible-lint
	reuse lint --lines
	antsibull-changelog lint
	antsibull-changelog lint-changelog-yaml --strict changelogs/changelog.yaml
	install -d build
	antsibull-changelog generate --output build/CHANGELOG.md --output-format md
	cmp build/CHANGELOG.md CHANGELOG.md
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self --skip-rstcheck .

types: $(VENV)/ready-dev
	mypy src plugins/module_utils plugins/plugin_utils

unit: $(VENV)/ready-dev
	rm -rf build/coverage/unit.*
	coverage run --data-file=build/coverage/unit -m pytest -q --numprocesses 2 tests/unit

coverage: $(VENV)/ready-dev ## Which lines of plugins no test of unit and integration has run; fails under 90 %
	coverage combine --quiet --keep --data-file=build/coverage/all build/coverage/unit.* build/coverage/integration.*
	coverage report --data-file=build/coverage/all

mutate: $(VENV)/ready-dev ## Mutation tests of the core, the client and keys; fails under 90 %
	tests/mutate.sh

sanity: $(VENV)/ready-dev ## ansible-test sanity on a copy of the checkout
	tests/sanity.sh

# antsibull-docs writes only where nobody else may.
docs: $(VENV)/ready-dev ## The collection's pages as a site, in build/docs/html
	rm -rf build/docs
	install -d -m 755 build/docs/rst
	antsibull-docs --config-file docs/docsite/antsibull-docs.cfg collection --use-current --fail-on-error \
		--squash-hierarchy --dest-dir build/docs/rst packet.kubernetes
	sphinx-build -q -W --keep-going -c docs/docsite -d build/docs/doctrees build/docs/rst build/docs/html

ground: setup
	@$(LAB) ground --kubernetes $(KUBERNETES)

tools: setup
	@$(LAB) tools

bench: $(VENV)/ready-dev ground ## Ratios of speed, measured side by side
	$(SUDO) $(BIN)/python tests/bench/site_against_by_hand.py

bench-packetd: $(VENV)/ready-dev ## packetd beside moto_server's EC2
	$(BIN)/python tests/bench/packetd_against_moto.py

bench-inventory: $(VENV)/ready-dev ## ansible-inventory for a thousand devices, beside a static file
	$(BIN)/python tests/bench/inventory.py

bench-cloud-controller: $(VENV)/ready-dev ## The cloud controller manager with 500 Nodes
	$(BIN)/python tests/bench/cloud_controller.py

bench-modules: $(VENV)/ready-dev ## A hundred devices by one task, beside one batch of the server
	$(BIN)/python tests/bench/modules.py

soak: $(VENV)/ready-dev ground tools ## Runs that are killed again and again
	$(SUDO) $(BIN)/pytest -q -m soak tests/e2e tests/unit/packetd tests/integration/packetd

integration: $(VENV)/ready-dev ground tools ## Modules, inventory, packetd, driver and mirror as processes
	$(SUDO) rm -rf build/coverage/integration.*
	$(SUDO) $(BIN)/coverage run --data-file=build/coverage/integration -m pytest -q --numprocesses 2 \
		--dist loadfile tests/integration

# A worker for each file; within it the tests of others run at once, as they mostly sleep.
thirdparty: $(VENV)/ready-dev ## The test suites of others, unmodified, against packetd
	$(SUDO) $(BIN)/pytest -q --numprocesses 5 --dist loadfile tests/thirdparty

e2e: $(VENV)/ready-dev ground ## A cluster from nothing to nothing
	$(SUDO) $(BIN)/pytest -q tests/e2e

molecule: $(VENV)/ready-dev ground ## A scenario for each role, and the whole cluster
	$(SUDO) tests/molecule.sh

# The stamp is the last thing made: an interrupted set-up starts again.
$(VENV)/ready: requirements.txt pyproject.toml src/lab/setup.sh
	@PYTHON=$(PYTHON) src/lab/setup.sh
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.txt
	@echo "installing what checks and tests need"
	@$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@
