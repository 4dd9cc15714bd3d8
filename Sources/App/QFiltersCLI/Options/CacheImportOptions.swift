import ArgumentParser
import CacheCodec
import QFilters
import Workflows

/// How another engine's cache becomes a snapshot.
struct CacheImportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "List of the token ids in JSON, for a file that has none.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var tokens: String?
  @Option(
    help: ArgumentHelp(
      "UTF-8 file with the text, for a file without token ids; - for standard input.",
      valueName: "file"), completion: .text)
  var text: String?
  @OptionGroup var method: ImportMethodOptions
  @Option(
    help: """
      Compression ×N: only the best 1/N of the pairs are stored. Default: all. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @OptionGroup var precision: ImportedPrecisionOption
  @OptionGroup var retention: RetentionOptions
  @OptionGroup var encryption: EncryptionOptions

  func validate() throws {
    try Compression.validate(compression)
    try retention.check(ranksByFilters: method.isFilters)
    guard tokens == nil || text == nil else {
      throw ValidationError("Give one of --tokens and --text.")
    }
    guard precision.precision?.transform == nil else {
      throw ValidationError(
        "import takes no transform; recompress codes the snapshot by one afterwards.")
    }
  }

  /// Whether any of them is given.
  var isGiven: Bool {
    tokens != nil || text != nil || method.method != nil || method.source.filters != nil
      || method.source.rankingSeed != nil || compression != nil || precision.precision != nil
      || !retention.given.isEmpty || !encryption.files.isEmpty || encryption.passphrase
  }

  func ranking() throws -> ScorerSource {
    guard let ranking = try method.load() else {
      throw ValidationError(
        "Give the model's filter bank with --filters, or a --method without one, such as k-norm.")
    }
    return ranking
  }

  func given() throws -> SuppliedTokens? {
    try text.map { .text(try TextFile.read($0)) } ?? tokens.map { .ids(path: $0) }
  }

  func options() throws -> NewSnapshot.Options {
    var options = NewSnapshot.Options()
    options.compression = compression ?? 1
    options.retention = retention.retention
    options.secrets = try encryption.secrets
    return options
  }
}
