/// How a tensor's values are stored. Source: the GGUF specification and ggml's block layouts.
public enum TensorType: UInt32, Sendable, CaseIterable {
  /// IEEE 754 binary32.
  case f32 = 0
  /// IEEE 754 binary16.
  case f16 = 1
  /// Blocks of 32 values of 4 bits with one scale.
  case q4_0 = 2
  /// Blocks of 32 values of 4 bits with a scale and a minimum.
  case q4_1 = 3
  /// Blocks of 32 values of 8 bits with one scale.
  case q8_0 = 8
  /// The upper half of an IEEE 754 binary32.
  case bf16 = 30

  /// How many values one block holds.
  public var blockLength: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q4_0, .q4_1, .q8_0: 32
    }
  }

  /// How many bytes one block takes.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q4_0: 18
    case .q4_1: 20
    case .q8_0: 34
    }
  }

  /// The name that model files use, as in "Q4_1".
  public var name: String { "\(self)".uppercased() }

  /// The names of the types that exist in GGUF, supported or not, so that a refusal can name one.
  static func name(ofRawValue raw: UInt32) -> String {
    if let known = TensorType(rawValue: raw) { return known.name }
    let names: [UInt32: String] = [
      6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K",
      15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
      21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
      28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
    return names[raw] ?? "number \(raw)"
  }
}
