import CISA
import CInferenceKernels
import Testing

/// An ISA that this processor runs, as a test's argument.
struct ISA: CustomTestStringConvertible, Sendable {
  let isa: ck_isa
  var kernels: ck_inference_kernels { unsafe ck_inference_kernels_of(isa).pointee }
  var testDescription: String { unsafe String(cString: ck_isa_name(isa)) }

  static let all = (0..<UInt32(CK_ISA_COUNT)).map(ck_isa.init(rawValue:))
    .filter { ck_isa_is_available($0) }.map(ISA.init)
}

/// Expects a result within a few roundings of the right one.
func expectClose(_ result: Float, _ expected: Double, scale: Double = 1) {
  #expect(abs(Double(result) - expected) <= 2e-6 * max(1, abs(expected), scale))
}
