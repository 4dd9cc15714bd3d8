import COpenBLAS
import Glibc
import Inference
import Testing

@Suite("OpenBLAS")
struct BLASTests {
  @Test("runs on the kernels that the processor asks for, or those that the environment names")
  func core() throws {
    let named = unsafe getenv("OPENBLAS_CORETYPE").map { unsafe String(cString: $0) }
    let preferred = unsafe openblas_preferred_core().map { unsafe String(cString: $0) }
    if let wanted = named ?? preferred {
      #expect(Runtime.kernels.blas.lowercased() == wanted.lowercased())
    }
    #expect(Runtime.kernels.blas != "none")
  }
}
