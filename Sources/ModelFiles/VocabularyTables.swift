/// What a model file says of its tokenizer, as it stands there.
public struct VocabularyTables: Sendable {
  /// The file that they stand in.
  public var path: String
  /// The kind of tokenizer as GGUF spells it: "gpt2".
  public var model: String
  /// The pre-tokeniser's name: "smollm".
  public var preTokenizer: String
  /// Each token's spelling in UTF-8.
  public var tokens: [[UInt8]]
  /// Each token's type, numbered as in GGUF: 1 normal, 3 control, …
  public var types: [Int32]
  /// Merge rules in order of rank: two spellings with a space between.
  public var merges: [[UInt8]]
  /// The token before any text, if there is one.
  public var beginOfText: Int?
  /// The token after any text, if there is one.
  public var endOfText: Int?
  /// Whether the model expects `beginOfText` before a prompt.
  public var addsBeginOfText: Bool
  /// The chat template (Jinja), if there is one.
  public var chatTemplate: String?
}
