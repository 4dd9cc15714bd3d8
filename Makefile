# `make demo` shows the main job on a real model and a real text; `make test` passes all tests.
# Both set up what is missing first.

.PHONY: bench build check clean demo docs fixtures-archive format fuzz help install libkvsnap lint \
  serve test uninstall wheel

# Where `make install` puts the program, its manual pages and its completions.
PREFIX = /usr/local
DESTDIR =

# Tests are built apart from the program: they need testable modules, which it does without.
TESTS = -c release --scratch-path .build-tests -Xswiftc -enable-testing

NESTED = Fuzzing/Package.swift Fuzzing/Sources Benchmarks/Package.swift Benchmarks/Sources

C_FILES = '*.c' '*.h'

# Where ruff and clang-format are; they are installed first.
LINT = "$$(dirname "$$(scripts/python lint)")"

# How many inputs each reader is fuzzed with.
FUZZ_RUNS = 100000
TEST_FUZZ_RUNS = 50000

help:
	@echo "make demo       Q-Filters of a real model, a long essay's prefill, and its resume at ×1 to ×32"
	@echo "make check      lint, build, and all tests that need no real model (2 minutes after a build)"
	@echo "make test       setup, lint, build, and all tests (about 17 minutes on two cores)"
	@echo "make lint       style, imports, sizes and words of Swift, C, Python and Markdown"
	@echo "make format     the formatters of Swift, C and Python"
	@echo "make build      .build/release/qfilters, which runs without the Swift toolchain"
	@echo "make serve      .build/release/qfilters-serve, too: the server; its libraries take minutes once"
	@echo "make install    the program, its manual and completions below PREFIX (now $(PREFIX))"
	@echo "make uninstall  removal of what make install put there"
	@echo "make fuzz       $(FUZZ_RUNS) hostile inputs for every reader; FUZZ_RUNS=10000000 for a release"
	@echo "make bench      the inner loops, then everything against what people use today"
	@echo "make fixtures-archive   dist/kvsnap-fixtures-VERSION.tar.gz, or -draft.tar.gz: fixtures, specification, readers"
	@echo "make libkvsnap  .build/kvsnap: the C library, its header and kvsnap.pc"
	@echo "make docs       .build/docs: the pages of the Swift library products"
	@echo "make wheel      dist/kvsnap-VERSION-….whl: the Python package, with the library in it"
	@echo "make clean      removal of what was built"

build:
	scripts/setup
	swift build -c release --product qfilters --static-swift-stdlib

serve: build
	swift build -c release --product qfilters-serve --static-swift-stdlib

# With sudo, what the user built is installed: root has no toolchain, and would own what it builds.
install:
	@[ -n "$(SUDO_USER)" ] && [ -x .build/release/qfilters ] || $(MAKE) --no-print-directory build
	scripts/install "$(DESTDIR)$(PREFIX)"

uninstall:
	scripts/install --remove "$(DESTDIR)$(PREFIX)"

demo: build
	cache="$$(scripts/fetch.py)" && QFILTERS_CACHE="$$cache" scripts/demo.py

# Tests of real models see QFILTERS_QUICK and are skipped. Nothing is fetched but packages.
check: lint
	swift build $(TESTS) --build-tests
	QFILTERS_PYTHON="$$(scripts/python)" scripts/quick-tests $(TESTS) --skip-build
	scripts/test-serve .build-tests/release/qfilters-serve

# Everything runs on the processor's widest kernels, and what depends on kernels runs again on the
# portable ones.
test: lint
	scripts/setup --for-tests
	scripts/test-file-types || [ $$? -eq 77 ]
	python="$$(scripts/python)" && "$$python" spec/run_fixtures.py --only chain-keeps -- "$$python" spec/reader.py
	swift build $(TESTS) --build-tests
	cache="$$(scripts/fetch.py --for-tests)" && \
	  export QFILTERS_CACHE="$$cache" QFILTERS_BINARY="$$PWD/.build-tests/release/qfilters" && \
	  QFILTERS_PYTHON="$$(scripts/python)" && export QFILTERS_PYTHON && \
	  QFILTERS_KERNELS=plain swift test $(TESTS) --skip-build --filter 'InferenceTests|GoldenTests' && \
	  swift test $(TESTS) --skip-build && \
	  for kind in generated mutated; do "$$QFILTERS_PYTHON" Fuzzing/agree.py $$kind 600 || exit; done && \
	  { scripts/cluster/test-slurm "$$QFILTERS_BINARY" "$$cache/SmolLM2-135M-Instruct.Q4_1.gguf" \
	    fixtures/models/tiny-llama-f32.gguf "$$cache/essays/worked.txt" || [ $$? -eq 77 ]; } && \
	  { scripts/test-remote "$$QFILTERS_BINARY" "$$cache" || [ $$? -eq 77 ]; } && \
	  scripts/test-serve .build-tests/release/qfilters-serve "$$cache" && \
	  { scripts/test-page .build-tests/release/qfilters-serve \
	    "$$cache/SmolLM2-135M-Instruct.Q4_1.gguf" || [ $$? -eq 77 ]; } && \
	  { scripts/test-install "$$cache" || [ $$? -eq 77 ]; }
	scripts/test-libkvsnap
	Fuzzing/run $(TEST_FUZZ_RUNS) 1

# The inner loops against thresholds, then everything against what people use today, on the same model
# and text. Nothing else should run meanwhile.
bench: build
	swift run -c release --package-path Benchmarks kernels; loops=$$?; Benchmarks/run.py && exit $$loops

# New inputs every time, where `make test` begins with a fixed seed.
fuzz:
	scripts/setup
	Fuzzing/run $(FUZZ_RUNS)

libkvsnap: setup
	scripts/libkvsnap "$(PREFIX)"

docs: setup
	scripts/docs

wheel: setup
	scripts/wheel

# The version is the one at the top of spec/format.md. Equal files give equal bytes.
fixtures-archive:
	scripts/archive_fixtures.py "$$(scripts/lint/check_frozen.py --print-version)"

# Python makes its environments with a package that a bare Debian lacks.
lint: setup lint-swift lint-c lint-python
	cd scripts/lint && python3 -B -m unittest discover --quiet
	scripts/lint/check_api.py
	scripts/lint/check_articles.py
	scripts/lint/check_frozen.py
	scripts/lint/check_imports.py
	scripts/lint/check_sizes.py
	scripts/lint/check_words.py

.PHONY: setup lint-swift lint-c lint-python
setup:
	scripts/setup

lint-swift:
	swift format lint --strict --recursive Package.swift Sources Tests $(NESTED)

lint-c:
	$(LINT)/clang-format --dry-run --Werror $$(git ls-files $(C_FILES))

lint-python:
	$(LINT)/ruff check --quiet
	$(LINT)/ruff format --check --quiet

format:
	swift format --in-place --recursive Package.swift Sources Tests $(NESTED)
	$(LINT)/clang-format -i $$(git ls-files $(C_FILES))
	$(LINT)/ruff check --quiet --fix-only
	$(LINT)/ruff format --quiet

clean:
	rm -rf .build .build-tests .build-fuzz .build-python dist
