import CISA
import CInferenceKernels

/// The engine's inner loops in C, for the ISA of this process: the widest that the processor runs,
/// or the one that the environment variable `QFILTERS_KERNELS` names (`plain`, `avx2`, `avx512`,
/// `avx512bf16`), so that each can be tested on one machine.
@safe struct Kernels: @unchecked Sendable {
  let table: UnsafePointer<ck_inference_kernels>

  static let current = Kernels()

  private init() { unsafe table = ck_inference_kernels_of(ck_isa_current()) }

  /// The name of the ISA in use.
  static var isa: String { unsafe String(cString: ck_isa_name(ck_isa_current())) }

  /// - Throws: `EngineError.unknownKernels` if `QFILTERS_KERNELS` names an ISA that this processor
  ///   does not have.
  static func checkEnvironment() throws(EngineError) {
    guard let name = unsafe ck_isa_rejected_name() else { return }
    throw .unknownKernels(name: unsafe String(cString: name), available: availableISAs)
  }

  /// The names of the ISAs that this processor runs, `plain` first.
  static var availableISAs: [String] {
    (0..<UInt32(CK_ISA_COUNT)).map(ck_isa.init(rawValue:)).filter { ck_isa_is_available($0) }
      .map { unsafe String(cString: ck_isa_name($0)) }
  }

  /// Whether every number is finite and at most `limit` in magnitude.
  @unsafe func isWithin(_ numbers: UnsafePointer<Float>, _ count: Int, limit: Float) -> Bool {
    unsafe table.pointee.is_within(numbers, count, limit) != 0
  }

  /// y[r] = ⟨rows[r], x⟩
  @unsafe func dot(_ call: ck_dot) {
    unsafe withUnsafePointer(to: call) { unsafe table.pointee.dot($0) }
  }

  /// Some rows as floats, [rows × length].
  func decode(_ rows: ck_rows, _ range: Range<Int>, length: Int) -> [Float] {
    let stride = (length + 15) / 16 * 16
    var floats = [Float](repeating: 0, count: range.count * stride)
    unsafe withUnsafePointer(to: rows) {
      unsafe table.pointee.decode_rows($0, range.lowerBound, range.count, length, &floats)
    }
    guard stride != length else { return floats }
    return (0..<range.count).flatMap { floats[$0 * stride..<$0 * stride + length] }
  }
}
