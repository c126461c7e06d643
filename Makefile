# Divescore. `make help` lists what there is to do.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WEB_READY := web/node_modules/.ready
PAGE := web/dist/index.html
PAGE_SOURCES = $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts web/tsconfig.json
SAMPLES := web/public/samples/626B.jpg
TORCH := 2.13.0
BUSY := tools/busy
PYTEST := $(BIN)/python -m pytest
# A test that hangs fails, and tells where, long before whoever waits for the run gives up.
SHORT := -m "not soak" --timeout 600

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- set-up ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(READY) ## install everything into .venv (again only when the requirements changed)

# torch first: its CPU build has a version of its own where an index or a folder of wheels offers it; elsewhere uv knows
# where to find it. What comes second then finds it installed.
$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Divescore needs Python 3.11 or newer, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Divescore needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.13" >&2; exit 1; }
	@echo "Setting up .venv (once; some minutes and about 1.5 GB)" >&2
	@test -x $(BIN)/python || $(BUSY) "Making a virtual environment" $(PYTHON) -m venv .venv
	@pip="$(BIN)/python -m pip install -qq --disable-pip-version-check"; \
	if ! $(BIN)/python -c 'import importlib.metadata as m; assert m.version("torch").split("+")[0] == "$(TORCH)"' 2>/dev/null; then \
		what="Installing torch $(TORCH) for the CPU (about 200 MB to download)"; \
		if [ "$$(uname -s)" != Linux ]; then $(BUSY) "$$what" $$pip -c requirements.lock torch==$(TORCH); \
		elif ! $(BUSY) "$$what" sh -c "$$pip -c requirements.lock torch==$(TORCH)+cpu 2>/dev/null"; then \
			$(BUSY) "Installing uv, which knows where else torch is" $$pip uv; \
			$(BUSY) "$$what" $(BIN)/python -m uv pip install --quiet --python $(BIN)/python --torch-backend cpu -c requirements.lock torch==$(TORCH); \
		fi; \
	fi; \
	$(BUSY) "Installing the other packages of requirements.lock" $$pip -c requirements.lock -e '.[worker,cli,local,lab,dev]'
	@touch $@

.PHONY: lock
lock: $(READY) ## write requirements.lock from what is installed
	@head -2 requirements.lock > requirements.lock.new
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '^uv==' | sed 's/+cpu$$//' | sort -f >> requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@$(MAKE) hashes

# Of what goes to AWS only. For `make setup` they cannot be had: pip takes none beside an editable install, and torch's CPU
# build has another file, and so another hash, on every index that offers it. It is the one package without a hash here.
UV := build/uv/bin/uv
COMPILE := pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --generate-hashes -c requirements.lock
TORCH_NEEDS := filelock fsspec jinja2 networkx setuptools sympy typing-extensions
.PHONY: hashes
hashes: ## write the hashes of what layer and image install, from requirements.lock
	@test -x $(UV) || { $(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install -qq --disable-pip-version-check uv==0.13.9; }
	@$(UV) $(COMPILE) functions/requirements.txt --output-file functions/hashes.txt
	@{ grep -v '^torch==' functions/worker/requirements.txt; printf '%s\n' $(TORCH_NEEDS); } | $(UV) $(COMPILE) - --output-file functions/worker/hashes.txt

$(WEB_READY): web/package.json web/package-lock.json
	@command -v npm >/dev/null || { echo "The page is built with npm, which is not installed. Install Node.js 20.19 or 22.12 or newer (https://nodejs.org)." >&2; exit 1; }
	@cd web && ../$(BUSY) "Installing the page's packages with npm" sh -c 'npm ci --no-audit --no-fund --loglevel=error >/dev/null'
	@touch $@

# Clips for people without a video, each with a picture; the file that a build lists them in is made from what lies here.
$(SAMPLES): | $(READY)
	@mkdir -p $(@D)
	@printf '%s\n' '107B 4' '405C 6' '5253B 5' '626B 7' | $(BUSY) "Drawing four sample dives for the page" xargs -P 2 -L 1 bash -c \
		'$(BIN)/divescore render --dive $$0 --seed $$1 --height 10 --execution 25 --out $(@D)/$$0.webm --still $(@D)/$$0.jpg >/dev/null'

$(PAGE): $(WEB_READY) $(SAMPLES) $(PAGE_SOURCES)
	@cd web && ../$(BUSY) "Building the page" npm run --silent build -- --logLevel warn
	@touch $@

.PHONY: web
web: $(PAGE) ## build the page

# --- use ------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(READY) ## score a dive through the whole system on this machine, live; Ctrl-C ends it (DEMO_ONCE=1: ends after the score)
	@if command -v npm >/dev/null; then $(MAKE) web; else echo "npm is not installed, so there will be no page; the score comes all the same." >&2; fi
	@folder=$$(mktemp -d); \
	end() { status=$$?; trap - EXIT INT TERM; $(BIN)/divescore down >/dev/null 2>&1 || true; rm -rf "$$folder"; exit $$status; }; \
	trap end EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/divescore up --detach; \
	$(BIN)/divescore render --dive 107B --seed 7 --height 3 --out "$$folder/dive-107B.webm"; \
	$(BIN)/divescore score --dive 107B --height 3 "$$folder/dive-107B.webm"; \
	page=$$($(BIN)/divescore status --json | $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["web"])'); \
	echo; echo "The page: $$page"; \
	if [ -z "$${DEMO_ONCE:-}" ]; then \
		echo "Ctrl-C stops the system."; trap 'exit 0' INT TERM; \
		while $(BIN)/divescore status >/dev/null; do sleep 2; done; \
		echo "The system is no longer running." >&2; exit 1; \
	fi

.PHONY: up
up: $(READY) ## start the system on this machine and return
	@$(BIN)/divescore up --detach

.PHONY: down
down: $(READY) ## stop it
	@$(BIN)/divescore down

# SAM in an environment of its own: it pins what we pin otherwise. A `sam` that is installed already is as good.
SAM_READY := build/sam/.ready
SAM ?= $(shell command -v sam || echo build/sam/bin/sam)

$(SAM_READY):
	@echo "Installing the SAM CLI into build/sam (once)" >&2
	@$(PYTHON) -m venv build/sam
	@build/sam/bin/python -m pip install --quiet --disable-pip-version-check aws-sam-cli==1.170.0
	@touch $@

.PHONY: sam
sam: $(READY) $(if $(findstring build/sam,$(SAM)),$(SAM_READY))
	@$(BIN)/python -m divescore.stack.deploy.sam "$(SAM)"

# The layer is built for the functions' Python, whichever runs here; without Docker the worker's image is left out. What
# SAM makes of our command lines is asked of SAM itself, so that one of its own is installed whichever builds.
.PHONY: sam-check
sam-check: sam $(SAM_READY) ## the template by SAM's own linter, a build of all but the worker's image, every command line that SAM is given
	@SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --region us-east-1
	@SAM_CLI_TELEMETRY=0 $(SAM) build --exclude WorkerFunction --build-dir build/sam-check --cache-dir build/sam-cache
	@$(PYTEST) $(SHORT) tests/deploy

# SAM_FLAGS, which reach the command as a variable, are `sam deploy`'s, for machines that nobody asks; with DRY_RUN=1 REGION= names the Region.
.PHONY: deploy
deploy: web sam ## build, deploy to AWS (asks the first time), publish the page, score a dive (needs Docker and an account; DRY_RUN=1: neither)
	@python3.13 -c "" 2>/dev/null || echo "There is no python3.13 here to compile for the small functions: they will start more slowly." >&2
	@test -n "$(DRY_RUN)" || command -v docker >/dev/null || { echo "The worker's image is built with Docker, which is not installed." >&2; exit 1; }
	@$(BIN)/python -m divescore.stack.deploy --sam "$(SAM)" $(if $(STACK),--stack $(STACK)) $(if $(DRY_RUN),--dry-run) \
		$(if $(REGION),--region $(REGION))
	@test -n "$(DRY_RUN)" || $(MAKE) publish smoke

.PHONY: publish
publish: $(READY) web ## upload the page to the stack on AWS (STACK=, or samconfig.toml's)
	@$(BIN)/divescore publish --wait $(if $(STACK),--stack $(STACK))

.PHONY: smoke
smoke: $(READY) ## score a dive through the stack on AWS (STACK=, or samconfig.toml's)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/divescore render --dive 107B --seed 7 --height 10 --out "$$folder/dive-107B.webm"; \
	eval "$$($(BIN)/python -m divescore.stack.deploy.samconfig $(STACK))"; \
	$(BIN)/divescore score --stack "$$STACK" --dive 107B "$$folder/dive-107B.webm"

.PHONY: destroy
destroy: $(READY) ## delete the stack on AWS with all its data; asks for its name (YES=1: does not)
	@$(BIN)/divescore destroy $(if $(STACK),--stack $(STACK))

# --- tests ----------------------------------------------------------------------------------------------------------

.PHONY: test
test: lint web browser ## everything that must pass: lint, types, unit, integration on the local engine, browser
	@$(PYTEST) $(SHORT) tests/unit tests/integration tests/e2e tests/chaos

.PHONY: lint
lint: $(READY) $(WEB_READY) ## style and types of the code, the template and the page
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/cfn-lint template.yaml .github/aws.yaml
	@$(BIN)/hadolint functions/worker/Dockerfile
	@$(BIN)/zizmor --offline --quiet --persona pedantic .github
	@cd web && npm run --silent check

# Before the tests, not in the middle of them.
.PHONY: browser
browser: $(READY)
	@$(BIN)/python -m tests.browser

.PHONY: unit
unit: $(READY) ## unit tests
	@$(PYTEST) $(SHORT) tests/unit

.PHONY: integration
integration: $(READY) ## tests on the local engine
	@$(PYTEST) $(SHORT) tests/integration

.PHONY: e2e
e2e: $(READY) web browser ## tests of the page in a browser
	@$(PYTEST) $(SHORT) tests/e2e

.PHONY: soak
soak: $(READY) web browser ## the long proofs
	@$(PYTEST) -m soak tests

# Of their own, since what they need clashes with what the project needs. What they know of weaknesses comes from the
# package indexes' services: without a way there this fails, and says of whom it heard nothing.
AUDIT := build/audit
$(AUDIT)/.ready: Makefile
	@$(PYTHON) -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check checkov==3.3.30 pip-audit==2.10.1
	@touch $@

.PHONY: audit
audit: $(AUDIT)/.ready $(WEB_READY) ## weaknesses: the template and images (checkov), Python's and npm's packages (installs the auditors apart)
	@$(AUDIT)/bin/checkov --config-file .checkov.yaml
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off --requirement requirements.lock
	@cd web && npm audit --audit-level=low

.PHONY: fuzz
fuzz: $(READY) ## generated requests against the HTTP API of a running system (installs Schemathesis)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@$(BIN)/python -m tests.fuzz.api --json

.PHONY: bench
bench: $(READY) ## figures of a system of its own as JSON: one dive, a flood, fan-out, a fresh worker
	@folder=$$(mktemp -d); export DIVESCORE_HOME="$$folder/home"; \
	end() { status=$$?; trap - EXIT INT TERM; $(BIN)/divescore down >/dev/null 2>&1 || true; rm -rf "$$folder"; exit $$status; }; \
	trap end EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/divescore up --detach >/dev/null; \
	$(BIN)/divescore render --dive 107B --seed 7 --out "$$folder/dive.webm" >/dev/null; \
	$(BIN)/divescore bench --json "$$folder/dive.webm"

.PHONY: capacity
capacity: $(READY) ## measure service times here and write docs/capacity.md and its picture anew
	@folder=$$(mktemp -d); export DIVESCORE_HOME="$$folder/home"; \
	end() { status=$$?; trap - EXIT INT TERM; $(BIN)/divescore down >/dev/null 2>&1 || true; rm -rf "$$folder"; exit $$status; }; \
	trap end EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/divescore up --detach >/dev/null; \
	$(BIN)/divescore render --dive 107B --seed 7 --out "$$folder/dive.webm" >/dev/null; \
	$(BIN)/divescore bench --flood 0 --watchers 0 --json "$$folder/dive.webm" > "$$folder/measured.json"; \
	cp "$$folder/measured.json" src/divescore/lab/capacity/measured.json; \
	$(BIN)/python -m tests.bench.capacity_page

.PHONY: clean
clean: ## remove what was built (not .venv)
	@if [ -x $(BIN)/divescore ]; then $(BIN)/divescore down >/dev/null 2>&1 || true; fi
	@rm -rf web/dist web/node_modules web/public/samples build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .divescore
