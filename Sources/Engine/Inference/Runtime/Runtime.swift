import CInferenceKernels

/// What the engine runs on in this process.
public enum Runtime {
  /// The kernels in use, for reports: the ISA of the engine's own, and OpenBLAS's name for its own.
  public static var kernels: (isa: String, blas: String) {
    (Kernels.isa, BLAS.coreName ?? "none")
  }

  /// The names of the ISAs that this processor runs, `plain` first.
  package static var availableISAs: [String] { Kernels.availableISAs }

  /// How many threads do the work, for reports.
  public static var threads: Int { Parallel.workers }

  /// For a program's start: rejects a name in `QFILTERS_KERNELS` that means nothing here. Libraries
  /// run the widest kernels then; `Engine` makes the same check.
  ///
  /// - Throws: `EngineError.unknownKernels`.
  public static func checkEnvironment() throws(EngineError) { try Kernels.checkEnvironment() }

  /// For a program's start: limits the process to as many heaps as threads. How much freed memory
  /// it keeps then does not depend on which thread freed it.
  public static func limitHeaps() { ck_limit_heaps(CInt(Parallel.workers)) }
}
