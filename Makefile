# Every target makes the checkout ready first; what is ready is left alone. `make help` lists them.
PYTHON ?= python3
RUN  := $(PYTHON) scripts/setup.py run --
TEST := $(PYTHON) scripts/setup.py test --
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run manage setup test lint rules bench faults screenshots translations lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "make %-13s %s\n", $$1, $$2}'

run:  ## start everything (PORT=8000, DEMO=0 for an empty system, DATABASE_URL and REDIS_URL for real servers)
	@exec $(RUN) python -m aftersales.embedded.run

manage:  ## manage.py on the running system: make manage DO="createsuperuser"
	@exec $(RUN) python -m aftersales.embedded.manage $(DO)

setup:  ## only make the checkout ready, tests included
	@$(TEST) true

test: lint  ## lint, then every test but the long fault runs (ARGS="-k name" for some)
	@$(TEST) python -m pytest $(ARGS)

lint:  ## style, types, floors, templates, migrations, translations
	@$(TEST) python scripts/lint.py

rules:  ## each rule of docs/rules.md with the tests that prove it (REQUIRE=R01,R02)
	@$(TEST) python scripts/rules.py $(if $(REQUIRE),--require $(REQUIRE))

bench:  ## measure; JSON and a table (ARGS=… for benchmarks)
	@$(TEST) python -m benchmarks $(ARGS)

faults:  ## kill and freeze processes for minutes, then compare with what was promised
	@$(TEST) python -m pytest -m faults tests/faults $(ARGS)

screenshots:  ## the pictures of the documentation, made by the browser tests
	@SCREENSHOTS=1 $(TEST) python -m pytest -m browser tests/browser $(ARGS)

translations:  ## write new texts into the catalogues (locale/)
	@$(TEST) python scripts/translations.py update

lock:  ## requirements*.in → requirements*.txt, with hashes and without an index's address
	@$(TEST) python -m pip install --quiet --disable-pip-version-check uv
	@for name in requirements requirements-dev; do \
	  $(TEST) uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 $$name.in -o $$name.txt || exit 1; \
	done

clean:  ## remove what the set-up made; the data in var/ stay
	rm -rf .venv node_modules static/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find locale -name '*.mo' -delete
	@echo "Data, logs and keys in var/ were left alone."
