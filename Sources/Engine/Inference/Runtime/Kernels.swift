import CKernels
import Glibc

/// The inner loops in C, on the widest path that this processor runs.
///
/// The environment variable `QFILTERS_KERNELS` (`plain`, `avx2`, `avx512`, `avx512bf16`) chooses another path, so
/// that each can be tested on one machine.
@safe struct Kernels: @unchecked Sendable {
  let table: UnsafePointer<ck_kernels>

  /// The path in use.
  static let current = named(environment) ?? widest

  /// The path's name.
  var name: String { unsafe String(cString: table.pointee.name) }

  /// All paths of this processor.
  static var all: [Kernels] {
    (0..<8).compactMap { index in unsafe ck_path(index).map { unsafe Kernels(table: $0) } }
  }

  /// The path of that name, if this processor has it.
  static func named(_ name: String?) -> Kernels? { all.first { $0.name == name } }

  /// Refuses a name in the environment that means nothing on this processor, rather than run others.
  static func checkEnvironment() throws(EngineError) {
    guard let name = environment, named(name) == nil else { return }
    throw .unknownKernels(name: name, available: all.map(\.name))
  }

  /// Whether every number is finite and at most `limit` in magnitude.
  @unsafe func isWithin(_ numbers: UnsafePointer<Float>, _ count: Int, limit: Float) -> Bool {
    unsafe table.pointee.is_within(numbers, count, limit) != 0
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

  private static var widest: Kernels { all[all.count - 1] }

  private static var environment: String? {
    unsafe getenv("QFILTERS_KERNELS").map { unsafe String(cString: $0) }
  }
}
