import Evaluation
import Workflows

/// A colour for each method, the same in every drawing.
enum MethodColour {
  /// The class of a method's lines and names.
  static func name(_ method: String) -> String {
    Self.all.contains { $0.method == method } ? "m-\(method)" : "m-other"
  }

  private static let all: [(method: String, light: String, dark: String)] = [
    ("full", "#44525f", "#a9b6c2"), ("q-filters", "#1f5fae", "#5b9dd6"),
    ("snapkv", "#1e7f4d", "#5fc08a"), ("streaming-llm", "#b85a12", "#eb9a52"),
    ("recall", "#b3261e", "#f08379"), ("k-norm", "#7a4fa3", "#b894de"),
    ("expected-attention", "#8a6d00", "#d6b640"), ("keydiff", "#a83279", "#e58abf"),
    ("random", "#7b858e", "#7d8993"), ("other", "#16202b", "#eef3f7"),
  ]

  static func css(_ isDark: Bool) -> String {
    all.map { method, light, dark in
      let colour = isDark ? dark : light
      return ".line.m-\(method) { stroke: \(colour); } "
        + ".dot.m-\(method), .label.m-\(method) { fill: \(colour); }"
    }.joined(separator: "\n")
  }
}
