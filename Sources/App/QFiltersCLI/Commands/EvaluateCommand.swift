import ArgumentParser

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a model and what it keeps on a text.",
    discussion: """
      With --out, a folder gets every measurement as it is made. A run that is ended goes on where it was \
      when it is asked for the same again. At the end the folder gets tables (CSV), pictures (SVG) and \
      index.html, which shows all evaluations in the folder.
      """,
    subcommands: [
      PerplexityCommand.self, NeedleCommand.self, FidelityCommand.self, ReportCommand.self,
    ])
}
