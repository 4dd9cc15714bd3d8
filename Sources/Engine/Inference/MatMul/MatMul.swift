import CInferenceKernels
import ModelFiles

/// How a forward pass multiplies activations by weights.
protocol MatMul: Sendable {
  /// Whether inputs have to be rounded to bfloat16 too.
  var takesRounded: Bool { get }

  /// targets[m] = x · Wₘᵀ for each matrix of the group and the first `count` rows.
  func project(_ x: Activations, _ weights: WeightGroup, count: Int, into targets: [Matrix])

  /// target += x · Wᵀ for the first `count` rows; the group has one matrix.
  func project(_ x: Activations, _ weights: WeightGroup, count: Int, addingTo target: Matrix)

  /// target = activation(x · gateᵀ) · (x · upᵀ) for the first `count` rows; the group has those
  /// two.
  func gate(
    _ x: Activations, _ weights: WeightGroup,
    _ activation: ModelConfig.Activation, count: Int, into target: Activations)
}

extension Kernels {
  /// gate = activation(gate) · up, element by element.
  @unsafe func gate(
    _ activation: ModelConfig.Activation, _ gate: UnsafeMutablePointer<Float>,
    _ up: UnsafePointer<Float>, count: Int
  ) {
    switch activation {
    case .silu: unsafe table.pointee.swiglu(gate, up, count)
    case .geluTanh: unsafe table.pointee.geglu(gate, up, count)
    }
  }
}
