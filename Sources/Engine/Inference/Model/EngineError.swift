public import ByteIO

/// The engine cannot start or continue.
public enum EngineError: CategorisedError, Sendable {
  /// libopenblas cannot be used; the sentence says why.
  case openBLASMissing(problem: String)
  /// `QFILTERS_KERNELS` names an ISA that this processor does not have.
  case unknownKernels(name: String, available: [String])
  /// The system has no memory left for this process.
  case outOfMemory(bytes: Int)
  /// The forward pass gave a number that is not finite.
  case notFinite
  /// Keys or values of a layer hold a number that is finite, and beyond what the cache's elements
  /// hold.
  case beyondRange(KVCache.DType, layer: Int)

  /// No other category fits.
  public var category: FailureCategory { .other }

  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .openBLASMissing(let problem): problem
    case .unknownKernels(let name, let available):
      "QFILTERS_KERNELS is \(name.debugDescription); this processor has "
        + available.joined(separator: ", ")
    case .outOfMemory(let bytes):
      "the system denied \(bytes) bytes of memory; ask for fewer tokens, or use a larger machine"
    case .notFinite:
      "the model's outputs are not finite numbers; its weights may be damaged"
    case .beyondRange(let dtype, let layer):
      "layer \(layer): a key or a value is beyond ±\(dtype.limitText), the range of \(dtype)"
    }
  }
}
