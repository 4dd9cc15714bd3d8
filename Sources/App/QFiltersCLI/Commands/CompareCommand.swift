import ArgumentParser
import CacheFormat
import QFilters
import Reports

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Show how much two filter banks agree.",
    discussion: """
      The report has the cosine of each KV head's filters, by layer. Filters of query heads are \
      not compared. The banks may be of different weights of one architecture, such as two \
      quantisations; the report says so.
      """)

  @Argument(help: "Filter bank (.qfilt).", completion: .filterBank) var first: String
  @Argument(help: "Another filter bank of the same shape.", completion: .filterBank)
  var second: String
  @OptionGroup var report: ReportOptions

  func run() throws {
    let (a, b) = (try FilterBank(path: first), try FilterBank(path: second))
    guard let comparison = FilterComparison(a, b) else {
      throw IdentityMismatch(path: second, differing: [.architecture])
    }
    let result = ComparisonReport(comparison, isSameModel: a.identity == b.identity)
    if report.json { return try Terminal.json(result) }
    Terminal.line("\(result)")
  }
}
