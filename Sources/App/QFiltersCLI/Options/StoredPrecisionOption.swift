import ArgumentParser
import CacheCodec

/// How the snapshot of a text stores keys and values.
struct StoredPrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("\(Precision.help) Default: f16.", valueName: "terms"),
    completion: .list(Precision.usual), transform: Precision.parse)
  var precision: Precision?
}

/// How the snapshot of another engine's cache stores keys and values.
struct ImportedPrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "\(Precision.terms) Default: the type that the file has.", valueName: "terms"),
    completion: .list(Precision.usual.filter { !$0.hasPrefix("transform") }),
    transform: Precision.parse)
  var precision: Precision?
}

/// How a snapshot that is made from another one stores keys and values.
struct NewPrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "\(Precision.help) Default: what the snapshot has.", valueName: "terms"),
    completion: .list(Precision.usual), transform: Precision.parse)
  var precision: Precision?
}

extension Precision {
  fileprivate static let terms = """
    Types in which keys and values are stored: terms [keys=|values=][N:]f16|bf16|f32|int8|int4, \
    separated by commas. Examples: int8; keys=int8,values=int4; 8:f16,int4 (f16 for what ×8 \
    keeps, int4 for the rest). N is one of \(ratios.map(String.init).joined(separator: ", ")). At \
    most one of f16, bf16 and f32.
    """

  fileprivate static let help =
    terms + """
       Or transform[:high|medium|low]: a whole cache, coded by a \
      transform, in high quality unless another is named. A reader needs the transform, too.
      """

  /// Values that a shell offers.
  fileprivate static let usual = [
    "f16", "bf16", "f32", "int8", "int4", "8:int8,int4", "transform", "transform:medium",
    "transform:low",
  ]

  fileprivate static func parse(_ text: String) throws -> Precision {
    do {
      return try Precision(text)
    } catch {
      throw ValidationError("\(error).")
    }
  }
}
