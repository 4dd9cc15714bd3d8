import ByteIO
import CacheFormat
import FoundationEssentials
import Inference
import ModelFiles
package import QFilters
package import Workflows

/// What results were measured with.
package struct ResultOrigin: Codable, Sendable, Hashable {
  /// This program and its version.
  package let tool: String
  /// The model's name.
  package let model: String
  /// The digests that tie the results to the model.
  package let weights, architecture, rope, tokenizer: String
  /// The filter bank's digest; nil as long as no method needed one.
  package private(set) var filters: String?
  /// The kernels in use. Results of other kernels differ in their last digits.
  package let kernels: String
  /// The kernels of OpenBLAS in use.
  package let blas: String
  /// The machines of all runs, each once.
  package private(set) var machines: [Machine]

  /// A machine, as far as results show it.
  package struct Machine: Codable, Sendable, Hashable {
    /// The processor's name, as the system gives it.
    package let processor: String
    /// How many cores were used.
    package let cores: Int
  }

  /// This program, model and machine.
  package init(_ model: LoadedModel, _ bank: FilterBank?) {
    tool = "qfilters \(Version.current)"
    self.model = model.file.name
    weights = model.identity.weights.description
    architecture = model.identity.architecture.description
    rope = model.identity.rope.description
    tokenizer = model.identity.tokenizer.description
    filters = bank?.digest.description
    (kernels, blas) = Runtime.kernels
    machines = [
      Machine(processor: Self.processorName ?? "unknown processor", cores: Runtime.threads)
    ]
  }

  private static var processorName: String? {
    guard let data = try? Data(contentsOf: URL(filePath: "/proc/cpuinfo")) else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return name.map { $0.trimming { $0.isWhitespace } }
  }

  /// Which digests differ, by name. The filter bank counts only where both have one.
  package func identityDifferences(from other: ResultOrigin) -> [String] {
    let isOtherBank = filters != nil && other.filters != nil && filters != other.filters
    return [
      ("weights", weights != other.weights), ("architecture", architecture != other.architecture),
      ("RoPE parameters", rope != other.rope), ("tokenizer", tokenizer != other.tokenizer),
      ("filter bank", isOtherBank),
    ].filter(\.1).map(\.0)
  }

  /// What differs of the other things that figures depend on, by name.
  func programDifferences(from other: ResultOrigin) -> [String] {
    [
      ("program", tool != other.tool), ("kernels", kernels != other.kernels),
      ("kernels of OpenBLAS", blas != other.blas),
    ].filter(\.1).map(\.0)
  }

  /// This origin with the bank and the machine of a run that continues.
  func joined(by other: ResultOrigin) -> ResultOrigin {
    var joined = self
    joined.filters = filters ?? other.filters
    joined.machines += other.machines.filter { !machines.contains($0) }
    return joined
  }
}

extension Substring {
  fileprivate func trimming(_ isDropped: (Character) -> Bool) -> String {
    String(drop(while: isDropped).reversed().drop(while: isDropped).reversed())
  }
}
