import ArgumentParser

/// `--json`, in every command that reports.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object.")
  var json = false
}
