import ArgumentParser

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure what a model keeps of a text under compression.",
    discussion: """
      With --out, a folder gets every measurement as it is made. The same command continues a run \
      that was ended. At the end the folder gets tables (CSV), pictures (SVG) and index.html, \
      which shows all evaluations in the folder.
      """,
    subcommands: [
      PerplexityCommand.self, NeedleCommand.self, FidelityCommand.self, SnapshotsCommand.self,
      ReportCommand.self,
    ])
}
