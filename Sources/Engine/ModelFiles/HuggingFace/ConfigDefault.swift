/// transformers' default for a key that `config.json` lacks, and whether the key may be null.
///
/// The tables of the architectures are those of transformers' configuration classes; a test
/// compares them.
enum ConfigDefault: Sendable {
  /// This value. transformers rejects null.
  case value(JSONValue)
  /// This value. null means that there is none.
  case orNull(JSONValue)

  /// The value itself.
  var value: JSONValue {
    switch self {
    case .value(let value), .orNull(let value): value
    }
  }

  /// What most architectures have in common.
  static let common: [String: ConfigDefault] = [
    "hidden_size": .value(4096), "intermediate_size": .value(11_008),
    "num_hidden_layers": .value(32), "num_attention_heads": .value(32),
    "num_key_value_heads": .orNull(nil), "head_dim": .orNull(nil),
    "max_position_embeddings": .value(2048), "rms_norm_eps": .value(1e-6),
    "hidden_act": .value("silu"), "tie_word_embeddings": .value(false),
  ]

  /// What Qwen 2 and 3 have in common.
  static let qwen: [String: ConfigDefault] = [
    "vocab_size": .value(151_936), "intermediate_size": .value(22_016),
    "num_key_value_heads": .orNull(32), "max_position_embeddings": .value(32_768),
    "use_sliding_window": .value(false), "sliding_window": .orNull(4096),
    "max_window_layers": .value(28),
  ]

  /// What Gemma 2 and 3 have in common.
  static let gemma: [String: ConfigDefault] = [
    "hidden_size": .value(2304), "intermediate_size": .value(9216),
    "num_hidden_layers": .value(26), "num_attention_heads": .value(8),
    "num_key_value_heads": .value(4), "head_dim": .value(256),
    "hidden_activation": .value("gelu_pytorch_tanh"), "tie_word_embeddings": .value(true),
    "query_pre_attn_scalar": .value(256), "sliding_window": .orNull(4096),
  ]
}

extension [String: ConfigDefault] {
  /// These defaults, with others in place of some.
  func with(_ others: [String: ConfigDefault]) -> Self { merging(others) { $1 } }
}

extension JSONValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral
{
  init(integerLiteral value: Int) { self = .number("\(value)") }
  init(floatLiteral value: Double) { self = .number("\(value)") }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(stringLiteral value: String) { self = .text(Array(value.utf8)) }
  init(nilLiteral: ()) { self = .null }
}
