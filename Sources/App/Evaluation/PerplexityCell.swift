import CacheFormat
import Workflows

extension Perplexity {
  /// Which sequences of a text.
  package struct Text: Sendable {
    /// UTF-8.
    package let bytes: [UInt8]
    /// The number of consecutive sequences.
    let sequences: Int
    /// Tokens in each; a begin-of-text token, where the model adds one, counts.
    package let length: Int

    /// The first `sequences` sequences of `length` tokens.
    package init(_ bytes: [UInt8], sequences: Int, length: Int) {
      (self.bytes, self.sequences, self.length) = (bytes, sequences, length)
    }

    var settings: [String: String] {
      ["text": Digest(of: bytes).description, "tokens in a sequence": "\(length)"]
    }

    /// Token ids, [sequences][length].
    func split(_ model: LoadedModel) throws -> [[Int]] {
      try Sequences.split(bytes, count: sequences, length: length, model: model)
    }
  }

  /// One sequence to score with one method.
  package struct Case: EvaluationCase {
    let method: Method
    let compression: Int
    let sequence: Int
    let tokens: [Int]

    package var subject: [String] { Cell.subject(method.rawValue, compression, sequence) }
  }

  /// One sequence with one method.
  package struct Cell: ResultCell {
    /// The method's name.
    package let method: String
    /// ×N of a compressed prompt; 1 otherwise.
    package let compression: Int
    /// The index of the sequence in the text.
    let sequence: Int
    /// −ln p(token | those before it) of each token that was scored, in nats.
    let losses: [Float]

    /// Method, compression and sequence.
    package var subject: [String] { Self.subject(method, compression, sequence) }

    static func subject(_ method: String, _ compression: Int, _ sequence: Int) -> [String] {
      [method, "\(compression)", "\(sequence)"]
    }

    /// Checks that sequences are of one length, figures finite, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      let isValid = cells.allSatisfy {
        Method(rawValue: $0.method) != nil
          && !$0.losses.isEmpty && $0.losses.count == cells[0].losses.count
          && $0.losses.allSatisfy { $0.isFinite && $0 > -1 }
          && (1...1 << 24).contains($0.compression)
          && (0...1 << 24).contains($0.sequence)
      }
      return isValid
        ? nil : "an unknown method, sequences of different lengths, or a figure outside its range"
    }
  }
}

extension Perplexity.Cell {
  init(_ measured: Perplexity.Case, losses: [Double]) {
    self.init(
      method: measured.method.rawValue, compression: measured.compression,
      sequence: measured.sequence, losses: losses.map { Float($0) })
  }
}
