import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import QFilters
import Reports
import Workflows

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a filter bank in the hub's layout, or a snapshot's cache for other engines.",
    discussion: """
      A filter bank becomes a folder with config.json and model.safetensors, as the paper's \
      authors publish Q-Filters and kvpress loads them, with the hub's sign. A model card, \
      README.md, has the model's identity, the filters' origin, and lines of Python that load the \
      upload in kvpress. A card that somebody edited stays as it is, unless --force is given. \
      That layout has no filters of query heads.

      A snapshot becomes one file, of the format that --format names. safetensors: its tensors \
      are tokens and, for each layer and KV head, layer0.head0.positions, .keys and .values, in \
      order of position. In a chain, that is the cache of all snapshots. llama.cpp: a sequence, \
      which llama_state_seq_load_file loads into a context with flash attention and the same type \
      of cache. mlx: a prompt cache of mlx-lm. The formats llama.cpp and mlx hold the whole \
      cache and need --model.
      """)

  @Argument(
    help: "Filter bank (.qfilt) or snapshot (.kvsnap): a file or an https:// address.",
    completion: .file(extensions: ["qfilt", "kvsnap"]))
  var file: String
  @Argument(help: "Folder to write into, or the file.", completion: .tensors)
  var out: String
  @Option(
    help: """
      With a snapshot: format of the file: safetensors, llama.cpp or mlx. Default: safetensors.
      """, completion: .list(CacheFormat.allCases.map(\.rawValue)))
  var format: CacheFormat?
  @Option(
    help: """
      With safetensors: compression ×N, only the best 1/N of the pairs. Default: all. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @Flag(help: "With a snapshot: the whole cache, which is the default.")
  var decompressed = false
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var card: CardOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  enum CacheFormat: String, ExpressibleByArgument, CaseIterable {
    case safetensors
    case llama = "llama.cpp"
    case mlx
  }

  private struct FilterReport: Encodable {
    let layers, kvHeads, headLength: Int
    let card: FilterExchange.Card
  }

  private struct SnapshotReport: Encodable {
    let bytes: UInt64
  }

  func validate() throws {
    try Compression.validate(compression)
    guard compression == nil || !decompressed else {
      throw ValidationError("Give one of --compression and --decompressed.")
    }
  }

  func run() throws {
    guard try ContainerReader(path: file).header.kind == .snapshot else {
      return try exportFilters()
    }
    let bytes: UInt64
    switch format ?? .safetensors {
    case .safetensors: bytes = try exportTensors()
    case .llama: bytes = try exportCache(for: .llama, as: .llamaState)
    case .mlx: bytes = try exportCache(for: .mlx, as: .mlxCache)
    }
    if report.json { return try Terminal.json(SnapshotReport(bytes: bytes)) }
    Terminal.line("\(out): \(Format.bytes(bytes))")
  }

  private func exportTensors() throws -> UInt64 {
    guard !card.isGiven else {
      throw ValidationError(
        "--base-model, --license, --corpus, --repository and --model are for filter banks, "
          + "and --model for other engines.")
    }
    guard out.hasSuffix(".safetensors") else {
      throw ValidationError("A snapshot is exported to a file that ends in .safetensors.")
    }
    try force.check(out, as: .cacheTensors)
    ProgressBar.begin("export \(Folder.name(of: file))")
    return try SnapshotExport.run(
      snapshot: file, with: try companions.companions, compression: compression, out: out)
  }

  private func exportCache(
    for engine: EngineExport.Engine, as kind: OutputFile.Kind
  ) throws -> UInt64 {
    guard card.facts == CardFacts(), compression == nil else {
      throw ValidationError(
        "Another engine takes the whole cache, and no option of filter banks but --model.")
    }
    guard engine != .mlx || out.hasSuffix(".safetensors") else {
      throw ValidationError("mlx-lm reads a file that ends in .safetensors.")
    }
    try force.check(out, as: kind, reading: [file])
    guard let model = try card.loadModel() else {
      throw ValidationError("Another engine's file needs the snapshot's model; give --model.")
    }
    ProgressBar.begin("export \(Folder.name(of: file))")
    return try EngineExport.run(
      snapshot: file, with: try companions.companions, for: engine, model, out: out)
  }

  private func exportFilters() throws {
    guard format == nil else {
      throw ValidationError("--format is for snapshots.")
    }
    guard compression == nil, !decompressed, try companions.companions.isEmpty else {
      throw ValidationError("--compression, --decompressed and --parent are for snapshots.")
    }
    let endings = [".safetensors", ".qfilt", ".kvsnap", ".gguf"]
    if let ending = endings.first(where: out.hasSuffix) {
      throw ValidationError("A filter bank is exported to a folder; name one without \(ending).")
    }
    try force.checkHubFolder(out)
    let export = try FilterExchange.exportHub(
      file, folder: out, facts: card.facts, model: try card.loadModel(),
      replacesAnything: force.replacesAnything)
    let shape = export.shape
    if report.json {
      try Terminal.json(
        FilterReport(
          layers: shape.layers, kvHeads: shape.kvHeads, headLength: shape.headLength,
          card: export.card))
    } else {
      Terminal.line("\(out): Q-Filters of \(shape)")
    }
    card.advise(export, folder: out)
  }
}
