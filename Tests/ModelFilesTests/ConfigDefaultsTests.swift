import Foundation
import TestSupport
import Testing

@testable import ModelFiles

/// Absent keys of a configuration, and RoPE's scalings, compared with transformers
/// (`config_defaults.py`).
@Suite("A configuration with absent keys")
struct ConfigDefaultsTests {
  struct Kind: Decodable, Sendable, CustomTestStringConvertible {
    struct Change: Decodable, Sendable {
      let key, form: String
      let model: String?
    }

    let model_type, config, model: String
    let changes: [Change]
    var testDescription: String { model_type }
  }

  private static func kinds() throws -> [Kind] { try Fixtures.json("models/config-defaults.json") }

  @Test(
    "an absent or null key means what it means in transformers", arguments: try kinds())
  func defaults(kind: Kind) throws {
    let base = try object(kind.model)
    let config = try object(kind.config)
    #expect(try described(config, kind) == base as NSDictionary)
    for change in kind.changes {
      var changed = config
      changed[change.key] = change.form == "null" ? NSNull() : nil
      let name = "\(kind.model_type) \(change.key) \(change.form)"
      guard let model = change.model else {
        #expect(throws: (any Error).self, "\(name)") { try described(changed, kind) }
        continue
      }
      let expected = base.merging(try object(model)) { $1 }
      #expect(try described(changed, kind) == expected as NSDictionary, "\(name)")
    }
  }

  struct Scaling: Decodable, Sendable, CustomTestStringConvertible {
    let config: String
    let magnitude: Double
    let inverse: [Double]
    var testDescription: String { config }
  }

  private static func scalings() throws -> [Scaling] {
    try Fixtures.json("models/config-rope.json")
  }

  @Test("RoPE turns as in transformers, with every kind of scaling", arguments: try scalings())
  func scaling(scaling: Scaling) throws {
    var config = try object(scaling.config)
    config["model_type"] = "qwen3"
    let rope = try transformers(config).model().rope
    #expect(abs(Double(rope.attentionFactor) - scaling.magnitude) < 1e-6)
    let inverse = Self.inverse(rope)
    #expect(inverse.count == scaling.inverse.count)
    for (ours, theirs) in zip(inverse, scaling.inverse) {
      #expect(abs(ours - theirs) < 2e-6 * theirs, "\(ours), \(theirs)")
    }
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func transformers(_ config: [String: Any]) throws -> TransformersConfig {
    let bytes = Array(try JSONSerialization.data(withJSONObject: config))
    return try TransformersConfig(
      JSONObject(
        JSONParser.parse(bytes, path: "config.json", section: "config"), "config.json", "config"))
  }

  /// The model of a configuration in the terms of the reference, with its number of digits.
  private func described(_ config: [String: Any], _ kind: Kind) throws -> NSDictionary {
    var config = config
    config["model_type"] = kind.model_type
    let file = try transformers(config)
    let model = try file.model()
    let slides = (0..<model.layers).filter { model.window(ofLayer: $0) != nil }
    let windows = slides.first.map { [slides.count, $0, model.window(ofLayer: $0) ?? 0] }
    var described: [String: Any] = [
      "layers": model.layers, "hidden": model.embeddingLength,
      "feedForward": model.feedForwardLength, "heads": model.queryHeads, "kvHeads": model.kvHeads,
      "headDim": model.keyLength, "vocabulary": model.vocabularySize,
      "context": model.contextLength, "epsilon": Self.rounded(model.normEpsilon),
      "tied": try file.isTied(), "windows": windows ?? [],
      "scale": Self.rounded(model.attentionScale ?? 1 / Float(model.keyLength).squareRoot()),
      "attentionCap": model.attentionSoftcap.map { $0 as Any } ?? NSNull(),
      "logitCap": model.logitSoftcap.map { $0 as Any } ?? NSNull(),
      "rope": Self.short(model.rope), "magnitude": Self.rounded(model.rope.attentionFactor),
    ]
    if kind.model_type == "gemma3_text" {
      described["localRope"] = Self.short(model.localRope ?? model.rope)
    }
    return described as NSDictionary
  }

  private static func short(_ rope: RoPE) -> [Double] {
    [Double(rope.pairs)] + inverse(rope).prefix(4).map { rounded(Float($0)) }
  }

  /// The angle by which each pair turns from one position to the next, in short sequences.
  private static func inverse(_ rope: RoPE) -> [Double] {
    let factors: [Float] =
      switch rope.scaling {
      case .fixed(let factors): factors
      case .byLength(let short, _, _): short
      case .none, .dynamic: [Float](repeating: 1, count: rope.pairs)
      }
    return factors.enumerated().map { pair, factor in
      pow(rope.base, -2 * Double(pair) / Double(rope.dimensions)) / Double(factor)
    }
  }

  /// Rounded to five digits, as in the reference.
  private static func rounded(_ value: Float) -> Double {
    Double(String(format: "%.5g", value)) ?? .nan
  }
}
