.PHONY: build test setup
setup:
	scripts/setup
build: setup
	swift build -c release --product qfilters
test: setup
	swift test
