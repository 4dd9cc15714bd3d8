import CacheFormat
import QFilters

/// The page of Q-Filters in the hub's layout (`README.md`): what they are, how to use them, where
/// they come from.
///
/// The front matter is YAML, as hubs read it. The last line has the digest of all before it, so
/// that a page that somebody edited is known.
struct ModelCard {
  private let bank: FilterBank
  private let facts: CardFacts

  /// Describes a filter bank.
  ///
  /// - Parameter facts: What the bank does not say; `repository` names the upload for the snippet.
  init(_ bank: FilterBank, _ facts: CardFacts) { (self.bank, self.facts) = (bank, facts) }

  /// UTF-8; equal banks and facts give equal text.
  var text: String { Self.sealed(page) }

  private var page: String {
    """
    ---
    library_name: kvpress
    \(frontMatter)tags:
    - q-filters
    - kv-cache-compression
    ---

    # Q-Filters

    One direction for each of \(bank.shape) elements, for compressing the KV
    cache ([arXiv 2503.02812](https://arxiv.org/abs/2503.02812)). `model.safetensors` \
    holds the tensor
    `q_filters`, [layers, KV heads, head dimension]. It is the negated filter: a pair's score is
    −⟨q_filter, key after RoPE⟩, and the pairs with the lowest scores go first.

    ```python
    \(snippet)
    ```

    ## The model that they belong to

    \(model)Other weights need other filters. SHA-256, computed as the
    specification of the filter bank's format says:

    | of | digest |
    | --- | --- |
    | weights | `\(bank.identity.weights)` |
    | architecture | `\(bank.identity.architecture)` |
    | RoPE | `\(bank.identity.rope)` |
    | tokenizer | `\(bank.identity.tokenizer)` |
    | filter bank | `\(bank.digest)` |

    ## Where they come from

    \(origin)

    \(quality)

    What the filter bank says of its origin:

    \(Self.literal(bank.provenance))
    """ + "\n"
  }

  private var frontMatter: String {
    var lines = ""
    if let license = facts.license { lines += "license: \(Self.yaml(license))\n" }
    if let model = facts.baseModel { lines += "base_model: \(Self.yaml(model))\n" }
    if let corpus = facts.corpus {
      lines +=
        CardFacts.isRepository(corpus)
        ? "datasets:\n- \(corpus)\n" : "calibration_text: \(Self.quoted(corpus))\n"
    }
    return lines
  }

  /// kvpress' own press looks only for uploads of the paper's authors, by the model's name.
  private var snippet: String {
    """
    from kvpress import QFilterPress
    from kvpress.presses.qfilter_press import QFilters

    UPLOAD = \(Self.quoted(facts.repository ?? "."))\(
      facts.repository.map(CardFacts.isRepository) == true
        ? "" : "  # the folder, or the name of its repository on the hub")


    class UploadPress(QFilterPress):
        # QFilterPress itself loads uploads of the paper's authors alone.
        def post_init_from_model(self, model):
            self.q_filters = QFilters.from_pretrained(UPLOAD).q_filters.to(model.dtype)


    press = UploadPress(compression_ratio=0.5)  # use it as any press: with press(model): ...
    """
  }

  private var model: String {
    guard let model = facts.baseModel else { return "" }
    return "[\(model)](https://huggingface.co/\(model)). "
  }

  private var origin: String {
    let corpus = facts.corpus.map {
      let name = Markdown.plain($0)
      return CardFacts.isRepository($0)
        ? " of [\(name)](https://huggingface.co/datasets/\($0))" : " of \(name)"
    }
    guard let sequences = bank.sequences else {
      let text = corpus.map { "Calibrated on text\($0)." }
      return text ?? "The filter bank does not say which text they were calibrated on."
    }
    return """
      Calibrated on \(sequences.members.count) sequences of \(sequences.length) tokens\
      \(corpus ?? ""). SHA-256 of their ids as
      32-bit integers: `\(sequences.corpus)`.
      """
  }

  private var quality: String {
    guard let quality = bank.quality, !quality.heads.isEmpty else {
      return "How well they represent the model's queries is not known."
    }
    let heads = quality.heads
    let share = heads.reduce(0) { $0 + Double($1.energyShare) } / Double(heads.count)
    return """
      The first direction carries \(Int((share * 100).rounded())) % of the queries' energy \
      in the mean. The method assumes
      that it is also their mean's direction and carries 20 % or more; that fails in \
      \(heads.count - quality.holdingHeads) of
      \(heads.count) query heads.
      """
  }

  /// Text from a file as an indented block, in which no character is markup.
  private static func literal(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { "    " + Markdown.withoutControls(String($0)) }
      .joined(separator: "\n")
  }

  /// Text as a string literal of Python, and as a scalar of YAML.
  private static func quoted(_ text: String) -> String {
    let text = Markdown.withoutControls(text)
      .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(text)\""
  }

  private static func yaml(_ text: String) -> String {
    text.wholeMatch(of: /[A-Za-z][\w.+\/-]*/) != nil ? text : quoted(text)
  }
}

/// The seal of a page that nobody edited.
extension ModelCard {
  private static let (sealBegin, sealEnd) = (
    "\n<!-- qfilters wrote this page, and replaces it unless it was edited: ", " -->\n"
  )

  private static func sealed(_ page: String) -> String {
    page + sealBegin + Digest(of: Array(page.utf8)).description + sealEnd
  }

  /// Whether a page is as this program wrote it, for whatever filter bank.
  static func isUnedited(_ text: String) -> Bool {
    guard let seal = text.ranges(of: sealBegin).last else { return false }
    let page = String(text[..<seal.lowerBound])
    return text == sealed(page)
  }

  /// Whether a page names this filter bank.
  static func names(_ bank: FilterBank, in text: String) -> Bool {
    text.contains(bank.digest.description)
  }

  /// What a page that nobody edited says of a filter bank beyond the bank itself: the licence and
  /// the model if the weights are the same, the calibration text if its tokens are.
  static func facts(in text: String, about bank: FilterBank) -> CardFacts {
    var facts = CardFacts()
    func value(_ beginning: String) -> String? {
      let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(beginning) }
      return line.map { unquoted(String($0.dropFirst(beginning.count))) }
    }
    if text.contains(bank.identity.weights.description) {
      (facts.license, facts.baseModel) = (value("license: "), value("base_model: "))
    }
    if let digest = bank.sequences?.corpus.description, text.contains(digest) {
      let dataset = text.contains("\ndatasets:\n- ") ? value("- ") : nil
      facts.corpus = dataset ?? value("calibration_text: ")
    }
    facts.repository = value("UPLOAD = ").flatMap { CardFacts.isRepository($0) ? $0 : nil }
    return facts
  }

  /// What `quoted` was given.
  private static func unquoted(_ text: String) -> String {
    guard text.count > 1, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
    let inner = text.dropFirst().dropLast()
    return inner.split(separator: "\\\\", omittingEmptySubsequences: false)
      .map { $0.replacing("\\\"", with: "\"") }.joined(separator: "\\")
  }
}
