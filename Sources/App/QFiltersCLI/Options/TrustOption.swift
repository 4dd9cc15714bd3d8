import ArgumentParser

/// `--trust`: a snapshot that nothing proves to be the model's.
struct TrustOption: ParsableArguments {
  @Flag(
    help: """
      Continue although nothing proves that the snapshot is of the model. Its children say so for \
      ever after.
      """)
  var trust = false
}
