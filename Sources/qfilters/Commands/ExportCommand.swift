import ArgumentParser
import CacheFormat
import QFilters
import Workflows

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a filter bank in the hub's layout, or a snapshot's cache as safetensors.",
    discussion: """
      Of a filter bank: config.json and model.safetensors in a folder, as the paper's authors publish \
      Q-Filters and kvpress loads them, with the hub's sign, and a model card, README.md, with the model's \
      identity and the filters' origin; that layout has no filters of query heads. Of a snapshot: one safetensors file with the tensors tokens and, \
      for each layer and KV head, layer0.head0.positions, .keys and .values, in order of position; \
      of one that goes on from others, the cache of all of them.
      """)

  @Argument(help: "The filter bank (.qfilt) or snapshot (.kvsnap).") var file: String
  @Argument(help: "The folder to write into, or the file (.safetensors).") var out: String
  @Option(help: "Of a snapshot: only the best 1/N of the pairs.") var compression: Int?
  @Flag(help: "Of a snapshot: the whole cache; so it is without --compression, too.")
  var decompressed = false
  @OptionGroup var parents: ParentOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct FilterReport: Encodable {
    let layers, kvHeads, headLength: Int
  }

  private struct SnapshotReport: Encodable {
    let bytes: UInt64
  }

  func validate() throws {
    try validateCompression(compression)
    guard compression == nil || !decompressed else {
      throw ValidationError("Give one of --compression and --decompressed.")
    }
  }

  func run() throws {
    guard try ContainerReader(path: file).header.kind == .snapshot else {
      return try exportFilters()
    }
    guard out.hasSuffix(".safetensors") else {
      throw ValidationError("A snapshot is exported to a file that ends in .safetensors.")
    }
    try force.check(out, as: .cacheTensors)
    let bytes = try SnapshotExport.run(
      snapshot: file, parents: parents.files, compression: compression, out: out)
    if report.json { return try Terminal.json(SnapshotReport(bytes: bytes)) }
    Terminal.line("\(out): \(Format.bytes(bytes))")
  }

  private func exportFilters() throws {
    guard compression == nil, !decompressed, parents.files.isEmpty else {
      throw ValidationError("--compression, --decompressed and --parent are for snapshots.")
    }
    let endings = [".safetensors", ".qfilt", ".kvsnap", ".gguf"]
    if let ending = endings.first(where: out.hasSuffix) {
      throw ValidationError("A filter bank is exported to a folder; name one without \(ending).")
    }
    if !force.force { try OutputFile.checkHubFolder(out) }
    let shape = try FilterExchange.exportHub(file, folder: out)
    if report.json {
      return try Terminal.json(
        FilterReport(
          layers: shape.layers, kvHeads: shape.kvHeads, headLength: shape.headLength))
    }
    Terminal.line("\(out): Q-Filters of \(shape)")
  }
}
