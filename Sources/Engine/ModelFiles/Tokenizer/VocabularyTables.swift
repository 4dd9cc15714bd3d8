import ByteIO

/// What a model file says of its tokenizer, as it stands there.
public struct VocabularyTables: Sendable {
  /// The file that they stand in.
  public var path: String
  /// The kind of tokenizer as GGUF spells it: "gpt2", "llama", "t5".
  public var model: String
  /// The pre-tokeniser's name: "smollm"; of SentencePiece's vocabularies, how spaces are marked: "plain".
  public var preTokenizer: String
  /// Each token's spelling in UTF-8.
  public var tokens: [[UInt8]]
  /// Each token's type, numbered as in GGUF: 1 normal, 3 control, …
  public var types: [Int32]
  /// Merge rules in order of rank: two spellings with a space between.
  public var merges: [[UInt8]]
  /// Each token's score, or nothing.
  public var scores: [Float] = []
  /// The token that stands for what the vocabulary cannot say, if there is one.
  public var unknown: Int?
  /// Whether one such token stands for a run of what the vocabulary cannot say.
  public var fusesUnknown = true
  /// Of added tokens by id, where there is anything to say: 1 if spaces before a token belong to it, plus
  /// 2 if those after it do, plus 4 if it is found in the normalised text, plus 8 if it would be, and
  /// nothing normalises.
  public var traits: [Int: UInt8] = [:]
  /// The token before any text, if there is one.
  public var beginOfText: Int?
  /// The token after any text, if there is one.
  public var endOfText: Int?
  /// Further tokens that end an answer; an id that is no token's never comes.
  public var endsOfGeneration: [Int] = []
  /// Whether the model expects `beginOfText` before a prompt; never without one.
  public var addsBeginOfText: Bool
  /// The chat template (Jinja), if there is one.
  public var chatTemplate: String?
}

extension VocabularyTables {
  /// Opens only the tokenizer of a model, whatever architecture that is: a `.gguf` file, or a folder with
  /// `config.json` and `tokenizer.json`.
  ///
  /// - Throws: `SystemError` if a file cannot be read, `MalformedFile` if its bytes break the
  ///   format, `UnsupportedModel` if it needs what this version does not know.
  public init(path: String) throws {
    guard Folder.exists(path) else {
      let file = try GGUFFile(MappedFile(path: path))
      self = try VocabularyTables(
        GGUFMetadata(path: path, values: file.metadata), rows: file.embeddingRows)
      return
    }
    self = try ModelFolder(opening: path).vocabulary()
  }
}
