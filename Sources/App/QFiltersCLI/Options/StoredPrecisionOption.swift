import ArgumentParser
import CacheCodec

/// How a snapshot stores keys and values.
struct StoredPrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Types in which keys and values are stored: terms [keys=|values=][N:]f16|bf16|f32|int8|int4, \
      separated by commas. Examples: int8; keys=int8,values=int4; 8:f16,int4 (f16 for what ×8 \
      keeps, int4 for the rest). N is one of \(Self.ratios). At most one of f16, bf16 and f32. \
      Default: f16, or what the snapshot has.
      """, valueName: "terms"), completion: .list(Self.usual),
    transform: Self.parse)
  var precision: Precision?

  /// Values that a shell offers.
  private static let usual = ["f16", "bf16", "f32", "int8", "int4", "8:int8,int4"]

  private static let ratios = Precision.ratios.map(String.init).joined(separator: ", ")

  private static func parse(_ text: String) throws -> Precision {
    do {
      return try Precision(text)
    } catch {
      throw ValidationError("\(error).")
    }
  }
}
