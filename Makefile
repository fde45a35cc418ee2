# talk: hold a conversation · serve: a page to talk to, and a Realtime server · test: run the tests · check: lint, types, floors · bench: measure everything (FULL=1: hours)
# train: train the bundled brain anew · ear: fetch a second ear, which people are understood better with.
# Everything else is installed on demand into .venv; delete that folder to start over.
.PHONY: talk serve test check bench train ear

VENV ?= .venv
LIVE = tests/browser tests/clients
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check

talk: $(VENV)/.base
	@$(VENV)/bin/hocket talk $(ARGS)

serve: $(VENV)/.web
	@$(VENV)/bin/hocket serve $(ARGS)

ear: $(VENV)/.base
	@$(VENV)/bin/hocket models --get moonshine

test: $(VENV)/.dev
ifdef ARGS
	$(VENV)/bin/python -m pytest $(ARGS)
else # side by side what knows no wall clock, then alone what talks to browsers and other people's clients
	$(VENV)/bin/python -m pytest -q -n auto --dist loadfile $(LIVE:%=--ignore=%)
	$(VENV)/bin/python -m pytest $(LIVE)
endif

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy hocket.py examples/*.py examples/webrtc_app/*.py
	$(VENV)/bin/lint-imports

bench: $(VENV)/.bench
	@$(VENV)/bin/hocket bench all $(if $(FULL),--full) $(ARGS)

train: $(VENV)/.dev
	$(VENV)/bin/python -m training $(if $(ARGS),$(ARGS),run)

$(VENV)/bin/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "hocket: $$python could not make $(VENV); on Debian and Ubuntu: sudo apt install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "hocket: no Python 3.11 or newer found; install one, or name it: make talk PYTHON=/path/to/python3.11" >&2; \
	exit 1

$(VENV)/.base: pyproject.toml | $(VENV)/bin/python
	@echo "hocket: installing the base packages into $(VENV) (about 270 MB on disk, once)"
	@$(PIP) install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "hocket: installing what the tests need into $(VENV) (torch among it: about 1.5 GB on disk, once)"
	@$(PIP) install --quiet -e '.[dev]'
	@touch $@ $(VENV)/.base

$(VENV)/.web: pyproject.toml | $(VENV)/bin/python
	@echo "hocket: installing what the server needs into $(VENV) (WebRTC among it, once)"
	@$(PIP) install --quiet -e '.[web]'
	@touch $@ $(VENV)/.base

$(VENV)/.bench: pyproject.toml | $(VENV)/bin/python
	@echo "hocket: installing what the harness draws with into $(VENV) (once)"
	@$(PIP) install --quiet -e '.[bench]'
	@touch $@ $(VENV)/.base
