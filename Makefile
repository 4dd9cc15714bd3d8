# `make demo` shows the main job on a real model and a real text; `make test` passes all tests.
# Both set up what is missing first.

.PHONY: bench demo test fuzz build install uninstall lint format clean help

# Where `make install` puts the program, its manual pages and its completions.
PREFIX = /usr/local
DESTDIR =

# Tests are built beside the program: they need testable modules, which the program does without.
TESTS = -c release --scratch-path .build-tests -Xswiftc -enable-testing

NESTED = Fuzzing/Package.swift Fuzzing/Sources Benchmarks/Package.swift Benchmarks/Sources

# How many inputs each reader is fuzzed with.
FUZZ_RUNS = 100000

help:
	@echo "make demo    compute Q-Filters, prefill a real essay, resume it compressed and whole"
	@echo "make test    set up, lint, build, and pass all tests (about 17 minutes on two cores)"
	@echo "make bench   measure the inner loops, then everything against what people use today"
	@echo "make fuzz    try every reader with $(FUZZ_RUNS) hostile inputs; FUZZ_RUNS=10000000 for a release"
	@echo "make build   build .build/release/qfilters, which runs without the Swift toolchain"
	@echo "make install put it, its manual and completions below PREFIX (now $(PREFIX)); make uninstall removes them"
	@echo "make lint    check the style of all Swift sources; make format mends it"
	@echo "make clean   remove what was built"

build:
	scripts/setup
	swift build -c release --product qfilters --static-swift-stdlib

# With sudo, what the user built is installed: root has no toolchain, and would own what it builds.
install:
	@[ -n "$(SUDO_USER)" ] && [ -x .build/release/qfilters ] || $(MAKE) --no-print-directory build
	scripts/install "$(DESTDIR)$(PREFIX)"

uninstall:
	scripts/install --remove "$(DESTDIR)$(PREFIX)"

demo: build
	cache="$$(scripts/fetch.py)" && QFILTERS_CACHE="$$cache" scripts/demo.py

# Everything runs on the processor's widest kernels, and what depends on kernels runs again on the
# portable ones.
test: lint
	scripts/setup --for-tests
	swift build $(TESTS) --build-tests
	cache="$$(scripts/fetch.py --for-tests)" && \
	  export QFILTERS_CACHE="$$cache" QFILTERS_BINARY="$$PWD/.build-tests/release/qfilters" && \
	  QFILTERS_PYTHON="$$(scripts/python)" && export QFILTERS_PYTHON && \
	  QFILTERS_KERNELS=plain swift test $(TESTS) --skip-build --filter 'InferenceTests|GoldenTests' && \
	  swift test $(TESTS) --skip-build && \
	  { scripts/cluster/test-slurm "$$QFILTERS_BINARY" "$$cache/SmolLM2-135M-Instruct.Q4_1.gguf" \
	    fixtures/models/tiny-llama-f32.gguf "$$cache/essays/worked.txt" || [ $$? -eq 77 ]; } && \
	  { scripts/test-install "$$cache" || [ $$? -eq 77 ]; }
	Fuzzing/run $(FUZZ_RUNS) 1

# The inner loops against thresholds, then everything against what people use today, on the same model
# and text. Nothing else should run meanwhile.
bench: build
	swift run -c release --package-path Benchmarks kernels; loops=$$?; Benchmarks/run.py && exit $$loops

# New inputs every time, where `make test` begins with a fixed seed.
fuzz:
	scripts/setup
	Fuzzing/run $(FUZZ_RUNS)

lint:
	swift format lint --strict --recursive Package.swift Sources Tests $(NESTED)

format:
	swift format --in-place --recursive Package.swift Sources Tests $(NESTED)

clean:
	rm -rf .build .build-tests .build-fuzz .build-python
