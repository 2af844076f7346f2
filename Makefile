# Everything a person does by name. `make help` lists it.
SHELL := bash
PYTHON ?= python3
VENV ?= .venv
TORCH ?= cpu
CORES ?= 2

export PATH := $(abspath $(VENV))/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/src

TORCH_VERSION := 2.13.0
CPU_INDEX := https://download.pytorch.org/whl/cpu
STAMP := $(VENV)/.setup-$(TORCH)

.PHONY: help setup demo test test-long test-smoke test-slurm test-slurm-long test-demo lint format reference lock clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP)  ## make .venv from requirements.lock; TORCH=cpu (default) or TORCH=cuda

# torch comes first: asked for by another package, it would bring gigabytes that a laptop cannot use.
# The CPU build comes from a place that pip already knows, if there is one, else from PyTorch's own index.
$(STAMP): requirements.lock requirements.cuda.lock pyproject.toml
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	pip install --quiet torch==$(TORCH_VERSION)+cpu 2> /dev/null \
	  || pip install --quiet torch==$(TORCH_VERSION)+cpu --extra-index-url $(CPU_INDEX)
else
	pip install --quiet torch==$(TORCH_VERSION)
endif
	pip install --quiet --requirement requirements.lock
ifneq ($(TORCH),cpu)
	pip install --quiet --no-build-isolation --requirement requirements.cuda.lock
endif
	pip install --quiet --no-deps --editable .
	rm -f $(VENV)/.setup-* && touch $@

demo: setup  ## run the default study to its scores
	snakemake --cores $(CORES) --quiet rules host
	vlmflow show

test: setup  ## the tests, in some minutes
	pytest -m "not long and not demo and not smoke and not slurm" -n $(CORES) --dist loadscope --no-loadscope-reorder

test-long: setup  ## what is slower: reproduction, thirty kills, S3, every edit for real
	pytest -m "long and not slurm"

test-smoke: setup  ## the real studies on their stand-ins, to the scores
	pytest -m "smoke"

test-slurm: setup  ## the study mini on a Slurm cluster started here, and faults; as root, else skipped
	pytest -m "slurm and not long" -rs

test-slurm-long: setup  ## the default study on such a cluster, large trainings, and faults of the cluster
	pytest -m "slurm and long" -rs

test-demo: setup  ## what the demo must have learned; run after it
	pytest -m "demo"

lint: setup  ## static checks
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile rules
	python .ci/lint_code.py
	python .ci/lint_workflow.py

format: setup  ## put code and rules in shape
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules

reference: setup  ## write docs/study.schema.json and docs/reference.md from the code
	vlmflow config schema > docs/study.schema.json
	vlmflow config reference > docs/reference.md

lock: setup  ## write requirements.lock from what is installed
	pip freeze --exclude torch --exclude-editable > requirements.lock

clean:  ## remove all that was made: data/, results/, caches
	rm -rf data results .snakemake .vlmflow
