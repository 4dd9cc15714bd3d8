import CacheFormat
import QFilters
import Testing

@testable import Workflows

@Suite("The model card of exported filters")
struct ModelCardTests {
  private static func digest(_ byte: UInt8) -> Digest {
    Digest([UInt8](repeating: byte, count: 32))
  }

  private func bank(weights: UInt8 = 1, corpus: UInt8 = 5) -> FilterBank {
    var sequences = SequenceSet(corpus: Self.digest(corpus), count: 3, length: 64)
    (0..<3).forEach { sequences.insert($0) }
    return FilterBank(
      identity: Identity(
        weights: Self.digest(weights), architecture: Self.digest(2), rope: Self.digest(3),
        tokenizer: Self.digest(4)),
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 2), filters: [0.5, 1],
      sequences: sequences, provenance: #"{"tool":"test"}"#)
  }

  private let facts = CardFacts(
    baseModel: "owner/model", license: "apache-2.0", corpus: #"Essays, "short" \ long"#,
    repository: "me/model_qfilt")

  @Test("the front matter has what is known, and nothing else")
  func frontMatter() {
    let bare = ModelCard(bank(), CardFacts()).text
    #expect(bare.hasPrefix("---\nlibrary_name: kvpress\ntags:\n- q-filters\n"))
    let full = ModelCard(bank(), facts).text
    #expect(
      full.hasPrefix(
        """
        ---
        library_name: kvpress
        license: apache-2.0
        base_model: owner/model
        calibration_text: "Essays, \\"short\\" \\\\ long"
        tags:
        """))
    #expect(full.contains("3 sequences of 64 tokens of Essays, \"short\" \\\\ long. SHA-256"))
    let dataset = ModelCard(bank(), CardFacts(license: "a: b", corpus: "owner/text")).text
    #expect(dataset.contains("license: \"a: b\"\ndatasets:\n- owner/text\ntags:"))
    #expect(dataset.contains("(https://huggingface.co/datasets/owner/text)"))
  }

  @Test("a page is known as unedited until a byte of it changes")
  func seal() {
    let text = ModelCard(bank(), facts).text
    #expect(ModelCard.isUnedited(text))
    for other in [
      text + "\n", "\n" + text, text.replacing("apache-2.0", with: "mit"), "", "# My page\n",
      String(text.dropLast()), text.replacing("\n", with: "\r\n"),
    ] {
      #expect(!ModelCard.isUnedited(other))
    }
    #expect(ModelCard.names(bank(), in: text))
    let other = FilterBank(
      identity: bank().identity, shape: bank().shape, filters: [1, 1], provenance: "{}")
    #expect(!ModelCard.names(other, in: text))
  }

  @Test("a new page keeps what the old one says, as far as it is about the same things")
  func kept() {
    let text = ModelCard(bank(), facts).text
    #expect(ModelCard.facts(in: text, about: bank()) == facts)
    #expect(
      ModelCard.facts(in: text, about: bank(weights: 9))
        == CardFacts(corpus: facts.corpus, repository: facts.repository))
    #expect(ModelCard.facts(in: text, about: bank(corpus: 9)).corpus == nil)
    let dataset = CardFacts(corpus: "owner/text", repository: "folder")
    #expect(
      ModelCard.facts(in: ModelCard(bank(), dataset).text, about: bank())
        == CardFacts(corpus: "owner/text"))
  }
}
