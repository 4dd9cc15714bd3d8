import ArgumentParser

/// `--trust`: a snapshot that nothing proves to be the model's.
struct TrustOption: ParsableArguments {
  @Flag(
    help: """
      Continue although nothing proves that the snapshot is of the model. `resume --save` marks \
      the children, and all that continues them.
      """)
  var trust = false
}
