import CCodecKernels
import CISA
import CacheFormat

/// The inner loops of quantised codecs in C, for the ISA of this process: the widest that the
/// processor runs, or the one that the environment variable `QFILTERS_KERNELS` names.
///
/// All ISAs give the same bits, so a library does not fail for a name that means nothing here: the
/// widest then runs. The command line rejects such a name.
@safe struct CodecKernels: @unchecked Sendable {
  static let current = CodecKernels()

  let table: UnsafePointer<ck_codec_kernels>

  private init() { unsafe table = ck_codec_kernels_of(ck_isa_current()) }

  /// Decodes elements of a cache to floats.
  @unsafe func toFloat(
    _ source: UnsafeRawPointer, _ element: ElementCodec, _ target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    switch element {
    case .float16: unsafe table.pointee.float_from_f16(source, target, count)
    case .bfloat16: unsafe table.pointee.float_from_bf16(source, target, count)
    default:
      unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * count)
    }
  }

  /// Rounds floats to elements of a cache.
  @unsafe func fromFloat(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt8>, _ element: ElementCodec,
    _ count: Int
  ) {
    let halves = unsafe UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self)
    switch element {
    case .float16: unsafe table.pointee.f16_from_float(source, halves, count)
    case .bfloat16: unsafe table.pointee.bf16_from_float(source, halves, count)
    default:
      unsafe target.update(
        from: UnsafeRawPointer(source).assumingMemoryBound(to: UInt8.self), count: 4 * count)
    }
  }
}
