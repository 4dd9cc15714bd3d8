/// A tokenizer as a model file describes it: nothing is checked here.
///
/// ModelFiles reads it; `Tokenizer.init` checks it and builds what encoding needs.
public struct Vocabulary: Sendable {
  /// The file that it was read from, for errors; empty if it was read from none.
  public var path = ""
  /// How text becomes tokens (GGUF: `tokenizer.ggml.model`), such as "gpt2"; see `Kind`.
  public var model: String
  /// How text is cut into words first (GGUF: `tokenizer.ggml.pre`), such as "smollm". For
  /// SentencePiece's vocabularies, how spaces are marked: "plain", "prepended", "first", "always",
  /// or one of these with "-words" if words end where the next mark starts.
  public var preTokenizer: String
  /// The spelling of each token in UTF-8, by id. Byte-level BPE spells bytes in its printable
  /// alphabet ("Ġthe" is " the"), except in control and user-defined tokens.
  public var tokens: [[UInt8]]
  /// The type of each token, by id; see `TokenType`.
  public var types: [Int32]
  /// The merges, best first, each as "left right" in UTF-8.
  public var merges: [[UInt8]]
  /// The score of each token, by id, or nothing. SentencePiece's unigrams need scores. Its
  /// byte-pair encodings may have scores instead of merges, which follow from them.
  public var scores: [Float] = []
  /// The id of the unknown token, which stands for text without a token.
  public var unknown: Int?
  /// Whether a run of text without a token is one unknown token.
  public var fusesUnknown = true
  /// How added tokens are found, by id, where that is special.
  public var traits: [Int: Traits] = [:]
  /// The id of the token that begins a text.
  public var beginOfText: Int?
  /// The id of the token that ends a text.
  public var endOfText: Int?
  /// The ids of further tokens that end an answer; ids outside the vocabulary are allowed.
  public var endsOfGeneration: [Int] = []
  /// Whether the model expects the begin-of-text token before every text.
  public var addsBeginOfText: Bool
  /// The template that turns a conversation into text, in Jinja.
  public var chatTemplate: String?

  /// Takes the parts that every vocabulary has; the others are set afterwards.
  public init(
    model: String, preTokenizer: String, tokens: [[UInt8]], types: [Int32], merges: [[UInt8]],
    beginOfText: Int? = nil, endOfText: Int? = nil, addsBeginOfText: Bool = false,
    chatTemplate: String? = nil
  ) {
    self.model = model
    self.preTokenizer = preTokenizer
    self.tokens = tokens
    self.types = types
    self.merges = merges
    self.beginOfText = beginOfText
    self.endOfText = endOfText
    self.addsBeginOfText = addsBeginOfText
    self.chatTemplate = chatTemplate
  }

  /// The supported kinds of tokenizer, by their names in GGUF.
  public enum Kind: String, CaseIterable, Sendable {
    /// Byte-pair encoding over the bytes of UTF-8, as GPT-2 introduced it.
    case byteLevelBPE = "gpt2"
    /// SentencePiece's byte-pair encoding over scalars.
    case sentencePieceBPE = "llama"
    /// SentencePiece's unigram model.
    case unigram = "t5"
  }

  /// How an added token is found, where its spelling alone does not say that.
  public struct Traits: OptionSet, Hashable, Sendable {
    /// The bits in canonical bytes, and `isFoundLater`.
    public let rawValue: UInt8

    /// Takes the bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Spaces before it belong to it.
    public static let takesSpacesBefore = Traits(rawValue: 1)
    /// Spaces after it belong to it.
    public static let takesSpacesAfter = Traits(rawValue: 2)
    /// It is found in the normalised text, in its own normalised spelling.
    public static let isNormalized = Traits(rawValue: 4)
    /// It is found after the tokens without this trait, since nothing normalises text. This matters
    /// only where two tokens overlap, and is no part of canonical bytes.
    public static let isFoundLater = Traits(rawValue: 8)
  }

  /// What a token stands for; the raw values are those of GGUF's `tokenizer.ggml.token_type`.
  public enum TokenType: Int32, CaseIterable, Sendable {
    /// A piece of text.
    case normal = 1
    /// Stands for text without a token.
    case unknown = 2
    /// Steers the model and is no part of the text, such as `<|im_start|>`.
    case control = 3
    /// A piece of text that was added by hand and is never cut.
    case userDefined = 4
    /// Fills a gap between ids.
    case unused = 5
    /// One byte, in vocabularies of SentencePiece.
    case byte = 6

    /// Whether such a token is found in text by its name; the others are made of text.
    var isAdded: Bool {
      switch self {
      case .control, .unknown, .userDefined: true
      case .normal, .unused, .byte: false
      }
    }
  }
}
