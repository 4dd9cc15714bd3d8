import ArgumentParser
import QFilters

/// `--filters`, in commands that need a filter bank.
struct FiltersOption: ParsableArguments {
  @Option(
    name: .customLong("filters"),
    help: ArgumentHelp("Filter bank of the model (.qfilt).", valueName: "file"),
    completion: .filterBank)
  var path: String

  func load() throws -> FilterBank { try FilterBank(path: path) }
}
