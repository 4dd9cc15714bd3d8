import ArgumentParser
import CacheFormat

/// `--trust`: a snapshot that nothing proves to be the model's.
struct TrustOption: ParsableArguments {
  @Flag(
    help: """
      Continue although nothing proves that the snapshot is of the model. `resume --save` marks \
      the children, and all that continues them.
      """)
  var trust = false

  /// Says so if nothing proves that all pairs of a snapshot are the model's.
  static func advise(_ snapshot: String, _ proof: SnapshotIdentity.Proof, isTrusted: Bool) {
    guard isTrusted || proof == .trust else { return }
    Terminal.advise("nothing proves that all pairs of \(snapshot) are of this model")
  }
}
