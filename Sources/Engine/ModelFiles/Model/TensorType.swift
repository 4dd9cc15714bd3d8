/// How a tensor's values are stored. Source: the GGUF specification and ggml's block layouts.
///
/// The specification of the format says which value the bits of a block mean, and how it is rounded
/// (section 3.1).
public enum TensorType: UInt32, Sendable, CaseIterable {
  /// IEEE 754 binary32.
  case f32 = 0
  /// IEEE 754 binary16.
  case f16 = 1
  /// Blocks of 32 values of 4 bits with one scale.
  case q4_0 = 2
  /// Blocks of 32 values of 4 bits with a scale and a minimum.
  case q4_1 = 3
  /// Blocks of 32 values of 5 bits with one scale.
  case q5_0 = 6
  /// Blocks of 32 values of 5 bits with a scale and a minimum.
  case q5_1 = 7
  /// Blocks of 32 values of 8 bits with one scale.
  case q8_0 = 8
  /// Blocks of 256 values of 2 bits; each 16 have a scale and a minimum of 4 bits.
  case q2_k = 10
  /// Blocks of 256 values of 3 bits; each 16 have a scale of 6 bits.
  case q3_k = 11
  /// Blocks of 256 values of 4 bits; each 32 have a scale and a minimum of 6 bits.
  case q4_k = 12
  /// Blocks of 256 values of 5 bits; each 32 have a scale and a minimum of 6 bits.
  case q5_k = 13
  /// Blocks of 256 values of 6 bits; each 16 have a scale of 8 bits.
  case q6_k = 14
  /// Blocks of 32 values, each one of 16 unevenly spaced ones, with one scale.
  case iq4_nl = 20
  /// The upper half of an IEEE 754 binary32.
  case bf16 = 30

  /// How many values one block holds.
  public var blockLength: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_nl: 32
    case .q2_k, .q3_k, .q4_k, .q5_k, .q6_k: 256
    }
  }

  /// How many bytes one block takes.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q4_0, .iq4_nl: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q2_k: 84
    case .q3_k: 110
    case .q4_k: 144
    case .q5_k: 176
    case .q6_k: 210
    }
  }

  /// The name that model files use, as in "Q4_1".
  public var name: String { "\(self)".uppercased() }

  /// The names of all types of GGUF, supported or not, for errors.
  static func name(ofRawValue raw: UInt32) -> String {
    if let known = TensorType(rawValue: raw) { return known.name }
    let names: [UInt32: String] = [
      9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
      22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
      28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
    return names[raw] ?? "number \(raw)"
  }
}
