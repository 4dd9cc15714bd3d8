import ArgumentParser
import QFilters
import Reports
import Workflows

/// Prints a line for each model of a zoo.
struct ZooPrinter: Sendable {
  let isDryRun: Bool
  /// Whether only notes are printed.
  let isSilent: Bool

  /// A model that is done. A dry run prints all at its end, in order.
  func show(_ result: Zoo.Result) {
    guard !isSilent, !isDryRun else { return }
    line(result)
  }

  private func line(_ result: Zoo.Result) {
    switch result.outcome {
    case .computed: line(result.bank, "computed")
    case .upToDate: line(result.bank, "up to date")
    case .wouldBeComputed: line(result.bank, "would be computed: \(result.reason ?? "")")
    case .failed where isDryRun:
      let problem = result.error.map { Advice.sentence($0, of: ZooCommand.self) }
      line(result.bank, "would fail: \(problem ?? "")")
    case .failed: break
    }
  }

  /// What was left out: in a dry run all of it, otherwise what seems to be a model and is none.
  func finish(_ summary: Zoo.Summary) {
    guard isDryRun else {
      for file in summary.passedOver {
        Terminal.advise("\(Self.shown(file.path)): passed over: \(file.reason)")
      }
      return
    }
    summary.results.forEach(line)
    for model in summary.skipped { line(model.path, "left out: \(model.reason)") }
    for file in summary.passedOver + summary.others {
      line(file.path, "passed over: \(file.reason)")
    }
    let count = summary.results.count { $0.outcome == .wouldBeComputed }
    let all = summary.results.count + summary.skipped.count
    Terminal.line("\(count) of \(Format.count(all, "model")) would be computed")
  }

  private func line(_ path: String, _ text: String) {
    Terminal.line(Format.printable("\(Self.shown(path)): \(text)"))
  }

  private static func shown(_ path: String) -> String { path.isEmpty ? "." : path }
}

/// What a run on a zoo did, as JSON and as an exit code.
struct ZooReport: Encodable {
  private struct Model: Encodable {
    let model: String
    let outcome: Zoo.Outcome
    let bank, reason, problem: String?
    /// In how many query heads the method's assumption holds, in how many it fails, and the share
    /// in which it holds.
    let holdingHeads, failingHeads: Int?
    let quality: Double?
    let isBelowQuality: Bool?
  }

  private let dryRun: Bool
  private let models: [Model]
  private let skipped, passedOver: [Zoo.Skipped]
  private let least: Double?

  private enum CodingKeys: CodingKey { case dryRun, models, skipped, passedOver }

  /// - Parameter least: What `--require-quality` asks for.
  init(_ summary: Zoo.Summary, isDryRun: Bool, least: Double?) {
    (dryRun, self.least) = (isDryRun, least)
    models = summary.results.map { result in
      Model(
        model: result.model, outcome: result.outcome,
        bank: result.outcome == .failed ? nil : result.bank, reason: result.reason,
        problem: result.error.map { Advice.sentence($0, of: ZooCommand.self) },
        holdingHeads: result.quality?.holdingHeads,
        failingHeads: result.quality.map { $0.heads.count - $0.holdingHeads },
        quality: result.quality?.holdingShare,
        isBelowQuality: least.flatMap { least in result.quality.map { $0.holdingShare < least } })
    }
    skipped = summary.skipped
    passedOver = summary.passedOver + summary.others
  }

  private var failures: [Model] { models.filter { $0.outcome == .failed } }
  private var poor: [Model] { models.filter { $0.isBelowQuality == true } }

  /// A sentence for each model that failed or whose filter bank is not good enough.
  ///
  /// - Parameter isList: Whether failures were printed in a list.
  func sayProblems(isList: Bool) {
    for model in isList ? [] : failures {
      Terminal.error(Format.printable("qfilters: \(model.model): \(model.problem ?? "failed")"))
    }
    for model in poor {
      let holding = model.holdingHeads ?? 0
      let (heads, share) = (holding + (model.failingHeads ?? 0), model.quality ?? 0)
      Terminal.error(
        Format.printable(
          "qfilters: \(model.bank ?? ""): the assumption of Q-Filters holds in \(holding) of "
            + "\(heads) query heads (\(Format.fixed(share, 3))), "
            + "below --require-quality \(least ?? 0)"))
    }
  }

  /// Nil if nothing is wrong.
  var exitCode: ExitCode? {
    if !failures.isEmpty { return .failure }
    return poor.isEmpty ? nil : ExitCode(Failure.belowQuality)
  }
}
