import CKernels
import CacheFormat
import Glibc

/// The inner loops of quantised codecs, for the widest vectors that this processor has, or as the
/// environment variable `QFILTERS_KERNELS` says.
@safe struct CodecKernels: @unchecked Sendable {
  static let current = CodecKernels()

  let table: UnsafePointer<ck_kernels>

  private init() { unsafe table = ck_path_named(getenv("QFILTERS_KERNELS")) }

  /// Decodes elements of a cache to floats.
  @unsafe func widen(
    _ source: UnsafeRawPointer, _ element: ElementCodec, _ target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    let type =
      switch element {
      case .float16: CK_F16
      case .bfloat16: CK_BF16
      default: CK_F32
      }
    unsafe table.pointee.dequantise(type, source, target, count)
  }

  /// Rounds floats to elements of a cache.
  @unsafe func narrow(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt8>, _ element: ElementCodec,
    _ count: Int
  ) {
    let halves = unsafe UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self)
    switch element {
    case .float16: unsafe table.pointee.narrow(source, halves, count)
    case .bfloat16: unsafe table.pointee.narrow_bf16(source, halves, count)
    default:
      unsafe target.update(
        from: UnsafeRawPointer(source).assumingMemoryBound(to: UInt8.self), count: 4 * count)
    }
  }
}
