import ArgumentParser
import Inference

/// How a cache holds keys and values.
struct PrecisionOption: ParsableArguments {
  enum Precision: String, ExpressibleByArgument, CaseIterable { case f16, bf16, f32 }

  @Option(help: "Type in which keys and values are held: f16, bf16 or f32.")
  var precision = Precision.f16

  var element: KVCache.DType {
    switch precision {
    case .f16: .f16
    case .bf16: .bf16
    case .f32: .f32
    }
  }
}
