# Everything a person does by name. `make help` lists it.
SHELL := bash
PYTHON ?= python3
VENV ?= .venv
TORCH ?= cpu
CORES ?= 2
CHECKPOINTS ?= no

export PATH := $(abspath $(VENV))/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/src

TORCH_VERSION := 2.13.0
CPU_INDEX := https://download.pytorch.org/whl/cpu
PIP := $(VENV)/bin/python -m pip install --quiet
UV_VERSION := 0.13.9
COMPILE := build/lock/bin/uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url

# What an environment is made from. Its stamp carries their digest: an edit makes it anew, a touch does not.
INPUTS := requirements.lock pyproject.toml $(if $(filter cpu,$(TORCH)),,requirements.cuda.lock)
STAMP := $(VENV)/.setup-$(TORCH)-$(shell (echo $(TORCH_VERSION); sha256sum $(INPUTS)) | sha256sum | cut -c1-16)

.PHONY: help setup own demo test test-long test-smoke test-slurm test-slurm-long test-demo lint format reference lock clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

setup: own $(STAMP)  ## make .venv from requirements.lock; TORCH=cpu (default) or TORCH=cuda

own:
ifneq ($(origin VENV),command line)
	@$(PYTHON) tools/environment.py $(VENV)
endif

# Torch stands outside the lock: which build it is depends on the machine. The lock holds what it needs beside CUDA's libraries.
# The CPU build comes from a place that pip already knows, if there is one, else from PyTorch's own index.
# The build backend comes first: some locked packages exist as sources alone, and no other backend builds them.
$(STAMP): | own
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	rm -f $(VENV)/.setup-*
	$(PIP) --no-deps --require-hashes --requirement <(sed -n '/^setuptools==/,/[^\\]$$/p' requirements.lock)
	$(PIP) --no-deps --require-hashes --no-build-isolation --requirement requirements.lock
ifeq ($(TORCH),cpu)
	$(PIP) --no-deps torch==$(TORCH_VERSION)+cpu 2> /dev/null \
	  || $(PIP) --no-deps torch==$(TORCH_VERSION)+cpu --extra-index-url $(CPU_INDEX)
else
	$(PIP) torch==$(TORCH_VERSION)
	$(PIP) --no-deps --require-hashes --no-build-isolation --requirement requirements.cuda.lock
endif
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

demo: setup  ## run the default study to its scores
	snakemake --cores $(CORES) --quiet rules host
	vlmflow show
	@vlmflow lineage check --against docs/digits.digests.json || echo "docs/equal_bytes.md says where bytes are not equal"

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

# What is pinned stays, but for what pyproject.toml or requirements.in no longer allow; remove a line to let its pin move.
# The override leaves torch out, and CUDA's libraries with it.
lock:  ## resolve pyproject.toml into requirements.lock with hashes, by uv; pins stay where they can
	test -x build/lock/bin/uv || $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv==$(UV_VERSION)
	echo "torch==$(TORCH_VERSION); sys_platform == 'none'" > build/lock/without_torch.txt
	sed -n 's/^\([^ ]*==[^ ]*\).*/\1/p' requirements.cuda.lock > build/lock/cuda.in
	$(COMPILE) --all-extras --override build/lock/without_torch.txt pyproject.toml requirements.in --output-file requirements.lock
	$(COMPILE) --no-deps build/lock/cuda.in --output-file requirements.cuda.lock

clean:  ## remove what was made, but keep checkpoints; CHECKPOINTS=yes removes those too
	@$(PYTHON) tools/clean.py --checkpoints=$(CHECKPOINTS)
