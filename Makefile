.PHONY: help demo check test test-long screenshots generated bench bench-short

# On every core, up to eight; conftest.py says what stays together.
PYTEST = .venv/bin/python -m pytest -n auto --maxprocesses 8
# Not unit tests: these start servers, kill processes, run notebooks or try many examples.
SLOW = browser docs faults laws test_benchmarks.py house/test_style.py

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST)

demo:  ## open the first notebook in JupyterLab, from nothing
	@bash .ci/setup demo
	@exec .venv/bin/python .ci/demo.py

check:  ## lint, types and unit tests, in about a minute: before each commit
	@bash .ci/setup check
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@node .ci/node_modules/typescript/bin/tsc --project lellm_nb/notebook/static
	@$(PYTEST) -q tests $(SLOW:%=--ignore=tests/%)

test:  ## run everything: style, types, unit, property, doctest, README, notebooks, browser
	@bash .ci/setup test
	@$(PYTEST)

test-long:  ## the same with the long forms: many more examples and repetitions
	@bash .ci/setup test
	@LELLM_LONG=1 $(PYTEST)

screenshots:  ## take the pictures of the README again
	@bash .ci/setup test
	@.venv/bin/python -m tests.browser.screenshots

generated:  ## write again what is made from Python's tables: the panel's verbs and tabs, the README's verbs
	@bash .ci/setup demo
	@.venv/bin/python -m lellm_nb.notebook.widget.generated

bench:  ## measure everything, beside the peers, and print the table (about fifteen minutes)
	@bash .ci/setup bench
	@.venv/bin/python -m benchmarks

bench-short:  ## the same in under a minute: small sizes, once, no peers needed
	@bash .ci/setup demo
	@.venv/bin/python -m benchmarks --short
