import ArgumentParser
import Tokenization
import Workflows

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Print the token ids of a text.",
    discussion: "No special tokens are added, and those written in the text are not parsed.")

  @OptionGroup var model: ModelOption
  @Option(help: "UTF-8 text; - for standard input.", completion: .text) var file: String
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable { let ids: [Int] }

  func run() throws {
    let text = try TextFile.read(file)
    let ids = try LoadedModel.loadTokenizer(path: model.path).encode(text, parsingSpecials: false)
    if report.json { return try Terminal.json(Report(ids: ids)) }
    Terminal.line(ids.map(String.init).joined(separator: " "))
  }
}
