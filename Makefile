# Each target sets itself up from a bare Python 3.11+: a virtual environment in .venv, filled from requirements.lock.
# uv is used when it is there, plain venv and pip otherwise.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check mail-checks proof bench format docs lock dist sbom clean

demo: $(STAMP)
	@$(BIN)/driftline demo $(if $(KEEP),--keep)

test: $(STAMP)
	@$(BIN)/pytest -n 3

check: $(STAMP) mail-checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	@$(MAKE) --no-print-directory test

# What the mails are checked with needs Node; without it these tests are skipped.
MAIL_CHECKS := tests/mail/node_modules/.installed

mail-checks:
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory $(MAIL_CHECKS); \
		else echo "no npm: the checks of the mails are skipped" >&2; fi

$(MAIL_CHECKS): tests/mail/package-lock.json
	@cd tests/mail && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# The proofs in their long form: kills, attacks on the guard against mass loss, hostile workbooks in full size, and a
# healthy company of 20,000 records in which nothing is found, with noise on its dates too. The tests hold a short form
# of each.
proof: $(STAMP)
	DRIFTLINE_KILLS=$(or $(KILLS),1000) DRIFTLINE_GUARD_EXAMPLES=$(or $(ATTACKS),10000) DRIFTLINE_BULK=4 \
		DRIFTLINE_WHOLE_MATRIX=1 $(BIN)/pytest tests/faults tests/cli/test_demo.py
	DRIFTLINE_WHOLE_PACKAGE=1 $(BIN)/pytest tests/deploy
	DRIFTLINE_WHOLE_COMPANY=1 $(BIN)/pytest -s tests/proofs

# Ratios against the least that the same work can take; some minutes each.
# Options: make bench ARGS="--rows 10 --only jira"; the workbooks: make bench OF=workbook
bench: $(STAMP)
	@$(BIN)/python -m benchmarks.$(or $(OF),pull) $(ARGS)

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)
	$(BIN)/python docs/generate.py

# Needs uv; writes every dependency with its hashes, for every platform and Python from 3.11. The libraries of the
# object stores are left out: with theirs they would be half of the installation.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --extra demo --extra dev --extra sftp --extra workers --extra traces pyproject.toml -o requirements.lock --quiet
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --extra demo --extra sftp --extra chat --extra holidays --extra plots \
		--extra workers --extra traces \
		--constraint requirements.lock pyproject.toml -o deploy/requirements.lock --quiet
	cd deploy/package && for name in build sbom; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$$name.in -o $$name.lock --quiet || exit 1; done

# dist/: the wheel and the sdist, byte for byte the same from the same commit with the same Python.
dist:
	@$(PYTHON) deploy/package/dist.py

# dist/*.cdx.json: what the program is made of, as CycloneDX.
sbom:
	@$(PYTHON) deploy/package/sbom.py

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Driftline needs Python 3.11 or newer" >&2; \
		  echo "hint: name one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "setting up $(VENV) (once, about half a minute)" >&2
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
		uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . ; \
	fi
	@touch $(STAMP)

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
