import CacheFormat
import FoundationEssentials
import Inference
import ModelFiles
public import QFilters

/// What results were measured with.
public struct ResultOrigin: Codable, Sendable, Hashable {
  /// This program and its version.
  public let tool: String
  /// The model's name.
  public let model: String
  /// The digests that tie the results to the model.
  public let weights, architecture, rope, tokenizer: String
  /// The filter bank's digest; nil if no method needed one yet.
  public private(set) var filters: String?
  /// The kernels in use; results of others differ in their last digits.
  public let kernels: String
  /// The kernels of OpenBLAS in use.
  public let blas: String
  /// Where the runs were, each once.
  public private(set) var machines: [Machine]

  /// A machine, as far as results show it.
  public struct Machine: Codable, Sendable, Hashable {
    /// The processor's name, as the system gives it.
    public let processor: String
    /// How many cores were used.
    public let cores: Int
  }

  /// This program, model and machine.
  public init(_ model: LoadedModel, _ bank: FilterBank?) {
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

  /// Which digests differ, by name. Where either needed no filter bank, there is none that differs.
  public func identityDifferences(from other: ResultOrigin) -> [String] {
    let isOtherBank = filters != nil && other.filters != nil && filters != other.filters
    return [
      ("weights", weights != other.weights), ("architecture", architecture != other.architecture),
      ("RoPE parameters", rope != other.rope), ("tokenizer", tokenizer != other.tokenizer),
      ("filter bank", isOtherBank),
    ].filter(\.1).map(\.0)
  }

  /// What else figures depend on, by name, where it differs.
  func programDifferences(from other: ResultOrigin) -> [String] {
    [
      ("program", tool != other.tool), ("kernels", kernels != other.kernels),
      ("kernels of OpenBLAS", blas != other.blas),
    ].filter(\.1).map(\.0)
  }

  /// The same with the bank and the machine of a run that goes on.
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
