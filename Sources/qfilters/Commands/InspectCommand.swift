import ArgumentParser
import CacheCodec
import CacheFormat
import QFilters
import Workflows

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a snapshot, filter bank or statistics file holds.")

  @Argument(help: "The file (.kvsnap, .qfilt or .qstat).") var file: String
  @OptionGroup var report: ReportOptions

  func run() throws {
    let container = try ContainerReader(path: file)
    switch container.header.kind {
    case .snapshot: try show(SnapshotReport(try SnapshotReader(path: file)))
    case .filterBank: try show(FilterBankReport(try FilterBank(path: file)))
    case .statistics: try show(StatisticsReport(try StatisticsFile(path: file)))
    }
  }

  private func show(_ value: some Encodable & CustomStringConvertible) throws {
    if report.json { return try Terminal.json(value) }
    Terminal.line("\(value)")
  }
}

/// What a snapshot holds.
private struct SnapshotReport: Encodable, CustomStringConvertible {
  struct Tier: Encodable {
    let compression: Int
    let pairs: Int
    let prefixBytes: UInt64
  }

  let kind = "snapshot"
  let tokens, layers, kvHeads, keyLength, valueLength: Int
  let precision, promptForm, scorer: String
  let sinks, window: Int
  let bytes: UInt64
  let cacheBytes: Int
  let identity: [String: String]
  let tiers: [Tier]
  let provenance: String

  init(_ reader: SnapshotReader) throws {
    let (metadata, context) = (reader.metadata, reader.metadata.context)
    let table = metadata.tiers
    tokens = context.tokens
    (layers, kvHeads) = (context.layers, context.kvHeads)
    (keyLength, valueLength) = (context.keyLength, context.valueLength)
    precision = context.keyCodec == .float16 ? "f16" : "f32"
    promptForm = context.promptForm == .plain ? "plain text" : "open user turn"
    scorer = "q-filters"
    (sinks, window) = (table.sinks, table.window)
    bytes = reader.fileSize
    cacheBytes =
      tokens * layers * kvHeads
      * (keyLength * context.keyCodec.width + valueLength * context.valueCodec.width)
    identity = metadata.identity.named.merging(["filters": metadata.filterDigest.description]) {
      first, _ in first
    }
    tiers = try table.ratios.enumerated().map { tier, ratio in
      let pairs = (0..<context.layers).reduce(0) { $0 + table.pairs(tier: tier, layer: $1) }
      return Tier(
        compression: ratio, pairs: pairs, prefixBytes: try reader.prefixLength(ratio: ratio))
    }
    provenance = metadata.provenance
  }

  var description: String {
    let lines = tiers.map { tier in
      "  ×\(tier.compression)  \(tier.pairs) pairs more, \(Format.bytes(tier.prefixBytes)) to read"
    }
    let share =
      cacheBytes > 0 ? " (\(Format.fixed(Double(bytes) / Double(cacheBytes), 3)) of the cache)" : ""
    return """
      snapshot of \(tokens) tokens, \(promptForm)
      cache       \(layers) layers × \(kvHeads) KV heads × (\(keyLength) + \(valueLength)), \(precision), \(Format.bytes(cacheBytes))
      file        \(Format.bytes(bytes))\(share)
      ranking     \(scorer), \(sinks) sinks, window of \(window)
      tiers
      \(lines.joined(separator: "\n"))
      \(identity.lines)
      provenance  \(Format.printable(provenance))
      """
  }
}

/// What a filter bank holds.
private struct FilterBankReport: Encodable, CustomStringConvertible {
  let kind = "filter bank"
  let layers, kvHeads, headLength: Int
  let identity: [String: String]
  let provenance: String
  private let shape: String

  init(_ bank: FilterBank) throws {
    (layers, kvHeads) = (bank.shape.layers, bank.shape.kvHeads)
    headLength = bank.shape.headLength
    identity = bank.identity.named.merging(["filters": bank.digest.description]) { first, _ in first
    }
    provenance = bank.provenance
    shape = bank.shape.description
  }

  var description: String {
    """
    filter bank of \(shape)
    \(identity.lines)
    provenance  \(Format.printable(provenance))
    """
  }
}

/// What calibration statistics hold.
private struct StatisticsReport: Encodable, CustomStringConvertible {
  let kind = "statistics"
  let tokens, layers, queryHeads, kvHeads, headLength: Int
  let identity: [String: String]
  let provenance: String

  init(_ file: StatisticsFile) {
    let statistics = file.statistics
    (tokens, queryHeads) = (statistics.tokens, statistics.queryHeads)
    (layers, kvHeads) = (statistics.shape.layers, statistics.shape.kvHeads)
    headLength = statistics.shape.headLength
    identity = file.identity.named
    provenance = file.provenance
  }

  var description: String {
    """
    statistics of \(tokens) tokens, \(layers) layers × \(queryHeads) query heads (\(kvHeads) KV heads) × \(headLength)
    \(identity.lines)
    provenance  \(Format.printable(provenance))
    """
  }
}

extension Identity {
  fileprivate var named: [String: String] {
    [
      "weights": weights.description, "architecture": architecture.description,
      "rope": rope.description, "tokenizer": tokenizer.description,
    ]
  }
}

extension [String: String] {
  fileprivate var lines: String {
    sorted { $0.key < $1.key }
      .map { $0.key + String(repeating: " ", count: Swift.max(1, 12 - $0.key.count)) + $0.value }
      .joined(separator: "\n")
  }
}
