import CacheFormat
import QFilters

/// The page of Q-Filters in the hub's layout (`README.md`): what they are, how to use them, where
/// they come from.
///
/// The front matter is YAML, as hubs read it.
struct ModelCard {
  private let bank: FilterBank

  /// Describes a filter bank.
  init(_ bank: FilterBank) { self.bank = bank }

  /// UTF-8; equal banks give equal text.
  var text: String {
    """
    ---
    library_name: kvpress
    tags:
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
    from kvpress import QFilterPress

    # Looks for a folder nthngdy/NAME_qfilt, NAME being the last part of the model's path.
    press = QFilterPress(compression_ratio=0.5)
    ```

    ## The model that they belong to

    Other weights need other filters. SHA-256, computed as the
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

  private var origin: String {
    guard let sequences = bank.sequences else {
      return "The filter bank does not say which text they were calibrated on."
    }
    return """
      Calibrated on \(sequences.members.count) sequences of \(sequences.length) tokens. \
      SHA-256 of their ids as
      32-bit integers: `\(sequences.corpus)`.
      """
  }

  private var quality: String {
    guard let heads = bank.quality?.heads, !heads.isEmpty else {
      return "How well they stand for the model's queries is not known."
    }
    let share = heads.reduce(0) { $0 + Double($1.energyShare) } / Double(heads.count)
    let failing = heads.count { !$0.holds }
    return """
      The first direction carries \(Int((share * 100).rounded())) % of the queries' energy \
      in the mean. The method assumes
      that it is also their mean's direction and carries 20 % or more; that fails in \(failing) of
      \(heads.count) query heads.
      """
  }

  /// Text from a file as an indented block, in which no character is markup.
  private static func literal(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { line in
      "    "
        + String(
          String.UnicodeScalarView(
            line.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }
    .joined(separator: "\n")
  }
}
