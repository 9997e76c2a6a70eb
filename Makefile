.PHONY: help demo test test-long screenshots bench bench-short

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST)

demo:  ## open the first notebook in JupyterLab, from nothing
	@bash .ci/setup demo
	@exec .venv/bin/python .ci/demo.py

test:  ## run everything: style, types, unit, property, doctest, README, notebooks, browser
	@bash .ci/setup test
	@.venv/bin/python -m pytest

test-long:  ## the same with the long forms: many more examples and repetitions
	@bash .ci/setup test
	@LELLM_LONG=1 .venv/bin/python -m pytest

screenshots:  ## take the pictures of the README again
	@bash .ci/setup test
	@.venv/bin/python -m tests.browser.screenshots

bench:  ## measure everything, beside the peers, and print the table (about fifteen minutes)
	@bash .ci/setup bench
	@.venv/bin/python -m benchmarks

bench-short:  ## the same in under a minute: small sizes, once, no peers needed
	@bash .ci/setup demo
	@.venv/bin/python -m benchmarks --short
