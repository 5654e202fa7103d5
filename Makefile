# Each target sets itself up from a bare Python 3.11+: a virtual environment in .venv, filled from requirements.lock.
# uv is used when it is there, plain venv and pip otherwise.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check check-postgres mail-checks proof proofs-page pythons bench format docs lock dist sbom clean

demo: $(STAMP)
	@$(BIN)/driftline demo $(if $(KEEP),--keep)

test: $(STAMP)
	@$(BIN)/pytest -n 3 --dist worksteal

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

# The whole suite once more, with every state in PostgreSQL; it starts a server of its own and needs its binaries.
check-postgres: $(STAMP)
	@DRIFTLINE_TEST_DATABASE=postgresql $(BIN)/pytest -n 3 --dist worksteal

# The proofs in their long form; the tests hold a short form of each. They take some hours on two cores; each part can be
# made shorter: make proof KILLS=100 SYSCALLS= DAYS=5. At the end docs/reference/proofs.md is written anew.
PROOFS := build/proofs
LONG := DRIFTLINE_PROOFS=$(PROOFS) DRIFTLINE_KILLS=$(or $(KILLS),1000) DRIFTLINE_GUARD_EXAMPLES=$(or $(ATTACKS),10000) \
	DRIFTLINE_BULK=4 DRIFTLINE_WHOLE_MATRIX=1 DRIFTLINE_SYSCALLS=$(if $(filter undefined,$(origin SYSCALLS)),all,$(SYSCALLS)) \
	DRIFTLINE_POWER_CUTS=$(or $(CUTS),10000) DRIFTLINE_BACKUPS=$(or $(BACKUPS),100) DRIFTLINE_STALE=$(or $(STALE),100) \
	DRIFTLINE_STOPS=$(or $(STOPS),200) DRIFTLINE_STARTS=$(or $(STARTS),100) DRIFTLINE_CLOCK_JUMPS=$(or $(JUMPS),1) \
	DRIFTLINE_ALL_ZONES=1 DRIFTLINE_PG_CRASHES=$(or $(CRASHES),100) DRIFTLINE_FAILING_CYCLES=$(or $(CYCLES),1000) \
	DRIFTLINE_SOAK_DAYS=$(or $(DAYS),30) DRIFTLINE_LOAD=$(or $(LOAD),10000) DRIFTLINE_SERIES_RECORDS=100000 \
	DRIFTLINE_CANARIES=all DRIFTLINE_ARGV=$(or $(ARGV),100000) DRIFTLINE_WORKER_KILLS=$(or $(WORKER_KILLS),20) \
	DRIFTLINE_WHOLE_COMPANY=1 DRIFTLINE_WHOLE_PACKAGE=1 DRIFTLINE_WHOLE_SIZING=1 DRIFTLINE_ALL_EXAMPLES=1

# Every part is gone through, also after one that fails; the page is written when none did.
proof: $(STAMP)
	@rm -rf $(PROOFS); failed=; \
	$(LONG) $(BIN)/pytest tests/faults tests/proofs tests/security tests/state tests/service/fleet tests/pipeline \
		tests/connectors/timetable tests/digest/audiences tests/cli/test_demo.py tests/deploy tests/test_scheduler.py \
		tests/test_sizing.py || failed=yes; \
	DRIFTLINE_ALL_EXAMPLES=1 $(BIN)/pytest -m hypothesis || failed=yes; \
	DRIFTLINE_TEST_DATABASE=postgresql $(LONG) $(BIN)/pytest tests/faults/test_kill.py tests/faults/test_syscalls.py \
		tests/state/test_upgrade_killed.py || failed=yes; \
	test -z "$$failed" || { echo "error: not every proof holds, see above" >&2; exit 1; }
	@$(BIN)/python docs/proofs.py $(PROOFS)

# docs/reference/proofs.md from the short forms, in some minutes.
proofs-page: $(STAMP)
	rm -rf $(PROOFS)
	DRIFTLINE_PROOFS=$(PROOFS) $(BIN)/pytest -n 3 --dist worksteal
	$(BIN)/python docs/proofs.py $(PROOFS)

# The whole suite once with each Python that is installed, in an environment of its own.
PYTHONS := 3.11 3.12 3.13 3.14 3.15

pythons:
	@failed=; \
	for version in $(PYTHONS); do \
		python=$$(command -v python$$version) && "$$python" -c "" 2>/dev/null || \
			{ echo "python$$version is not installed: skipped" >&2; continue; }; \
		echo "== $$("$$python" --version)" >&2; \
		$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON="$$python" || failed="$$failed $$version"; \
	done; \
	test -z "$$failed" || { echo "error: the tests fail with Python$$failed" >&2; exit 1; }

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
# object stores are left out: with theirs they would be half of the installation. That of Parquet
# is only for the tests: it takes 170 MB of an image.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --extra demo --extra dev --extra sftp --extra workers --extra traces --extra export \
		pyproject.toml -o requirements.lock --quiet
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
	rm -rf $(VENV) .venv-3.* build/proofs demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
