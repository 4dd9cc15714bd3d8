public import ByteIO

/// A valid model file needs something that this version does not know.
public struct UnsupportedModel: CategorisedError, Sendable {
  /// The model file.
  public let path: String
  /// The unknown part, by name: "architecture mamba", "tensor type Q5_0 of blk.0.ffn_up.weight".
  public let what: String
  /// The known parts instead.
  public let supported: [String]

  /// No other category fits.
  public var category: FailureCategory { .other }

  /// Names what a model file needs, and what is known instead.
  package init(path: String, what: String, supported: [String]) {
    (self.path, self.what, self.supported) = (path, what, supported)
  }

  /// One sentence for the person who chose the model.
  public var description: String {
    "\(path): \(what) is not supported; supported: \(supported.joined(separator: ", "))"
  }
}
