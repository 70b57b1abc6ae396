# make prove       the main job: a verdict for every format, the smallest one that is enough, a trace, a kept certificate
# make test        every test; those of torch are skipped where it is not installed
# make test-torch  installs torch, onnx and scikit-learn, and runs the tests that need them
# make lint        ruff and mypy --strict
# make bench       error bounds of every problem in benchmarks/problems; BENCH='FOLDER --peers PEERS.csv --gappa' for others

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
TORCH ?= torch==2.13.0
TORCH_READY := $(VENV)/ready-torch
TORCH_TESTS = tests/pytorch $(shell grep -rl --include='*.py' --exclude-dir=torch '^ *\(torch = \)\?pytest.importorskip."torch"' tests)
PROBLEM ?= benchmarks/problems/softmax2.toml
FORMATS ?= int8,fp8_e4m3,bf16,fp16,fp32
ARCHIVE ?= out/archive.db
JOBS ?= 2
BENCH ?=

.PHONY: prove test test-torch lint bench clean

prove: $(READY)
	@mkdir -p $(dir $(ARCHIVE))
	$(BIN)/suffice minimum $(PROBLEM) --among $(FORMATS) --trace --archive $(ARCHIVE)

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS)

test-torch: $(TORCH_READY)
	$(BIN)/python -m pytest -n $(JOBS) $(TORCH_TESTS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks.bounds $(BENCH)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(TORCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet '$(TORCH)' --editable '.[torch,onnx]' scikit-learn
	touch $@

clean:
	rm -rf $(VENV) build dist out
