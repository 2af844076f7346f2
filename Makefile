# Development targets; `make help` lists them.
SHELL := bash
PYTHON ?= python3
VENV ?= .venv
TORCH ?= cpu
CORES ?= 2
CHECKPOINTS ?= no

export PATH := $(abspath $(VENV))/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/src
unexport PYTHONDONTWRITEBYTECODE  # each of the many jobs would compile the library again, which takes as long as a small job

TORCH_VERSION := 2.13.0
CPU_INDEX := https://download.pytorch.org/whl/cpu
PIP := $(VENV)/bin/python -m pip install --quiet
UV_VERSION := 0.13.9
COMPILE := build/lock/bin/uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url

# The inputs of an environment. Its stamp's name contains their digest: an edit rebuilds it, a touch does not.
INPUTS := requirements.lock pyproject.toml $(if $(filter cpu,$(TORCH)),,requirements.cuda.lock)
STAMP := $(VENV)/.setup-$(TORCH)-$(shell (echo $(TORCH_VERSION); sha256sum $(INPUTS)) | sha256sum | cut -c1-16)

.PHONY: help setup check-environment demo lmms-eval test test-long test-smoke test-slurm test-slurm-long test-demo lint format reference lock clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

setup: check-environment $(STAMP)  ## make .venv from requirements.lock; TORCH=cpu (default) or TORCH=cuda

check-environment:
ifneq ($(origin VENV),command line)
	@$(PYTHON) tools/environment.py $(VENV)
endif

# Torch is not in the lock, because its build depends on the machine. The lock has its dependencies without CUDA's libraries.
# The CPU build comes from an index that pip is configured for, if it has the build, else from PyTorch's own index.
# The build backend is installed first: some locked packages are source distributions, and no other backend builds them.
$(STAMP): | check-environment
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

lmms-eval:  ## make .venv-lmms-eval, in which lmms-eval and a server run beside this project (docs/accuracy.md)
	test -x .venv-lmms-eval/bin/python || $(PYTHON) -m venv .venv-lmms-eval
	.venv-lmms-eval/bin/python -m pip install --quiet setuptools==80.9.0
	.venv-lmms-eval/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lmms_eval.lock
	.venv-lmms-eval/bin/python -m pip install --quiet --no-deps torch==$(TORCH_VERSION)+cpu 2> /dev/null \
	  || .venv-lmms-eval/bin/python -m pip install --quiet --no-deps torch==$(TORCH_VERSION)+cpu --extra-index-url $(CPU_INDEX)

demo: setup  ## run the default study up to its scores
	snakemake --cores $(CORES) --quiet rules host
	vlmflow show
	@vlmflow lineage check --against docs/digits.digests.json || echo "docs/equal_bytes.md explains where bytes may differ"

test: setup  ## the tests, in a few minutes
	pytest -m "not long and not demo and not smoke and not slurm" -n $(CORES) --dist loadscope --no-loadscope-reorder

test-long: setup  ## slow tests: reproduction, thirty kills, S3, every edit with a real run
	pytest -m "long and not slurm"

test-smoke: setup  ## the real studies on their stand-ins, up to the scores
	pytest -m "smoke"

test-slurm: setup  ## the study mini on a Slurm cluster started here, and failures; needs root, else skipped
	pytest -m "slurm and not long" -rs

test-slurm-long: setup  ## the default study on such a cluster, large trainings, and cluster failures
	pytest -m "slurm and long" -rs

test-demo: setup  ## checks of the demo's scores; run after it
	pytest -m "demo"

lint: setup  ## static checks
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile rules
	python .ci/lint_code.py
	python .ci/lint_words.py
	python .ci/lint_workflow.py

format: setup  ## format code and rules
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules

reference: setup  ## write docs/study.schema.json, docs/reference.md and the table of docs/benchmarks.md from the code
	vlmflow config schema > docs/study.schema.json
	vlmflow config reference > docs/reference.md
	vlmflow config benchmarks docs/benchmarks.md

# Pins stay unless pyproject.toml or requirements.in no longer allow them; remove a line to let its pin change.
# The override excludes torch and CUDA's libraries.
lock:  ## resolve pyproject.toml into requirements.lock with hashes, by uv; keeps pins where possible
	test -x build/lock/bin/uv || $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv==$(UV_VERSION)
	echo "torch==$(TORCH_VERSION); sys_platform == 'none'" > build/lock/without_torch.txt
	$(COMPILE) --all-extras --override build/lock/without_torch.txt pyproject.toml requirements.in --output-file requirements.lock
	printf "torch; sys_platform == 'none'\ntorchvision; sys_platform == 'none'\n" > build/lock/without_vision.txt
	$(COMPILE) --override build/lock/without_vision.txt requirements.lmms_eval.in --output-file requirements.lmms_eval.lock
	for extra in cuda captions serve flash_attn tensorboard wandb; do \
	  sed -n 's/^\([^ ]*==[^ ]*\).*/\1/p' requirements.$$extra.lock > build/lock/$$extra.in && \
	  $(COMPILE) --no-deps build/lock/$$extra.in --output-file requirements.$$extra.lock || exit 1; \
	done

clean:  ## remove all artefacts except checkpoints; CHECKPOINTS=yes removes those too
	@$(PYTHON) tools/clean.py --checkpoints=$(CHECKPOINTS)
