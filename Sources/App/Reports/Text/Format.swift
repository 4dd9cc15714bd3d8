/// Figures for people.
package enum Format {
  /// As in "12.3 MB".
  package static func bytes(_ count: some BinaryInteger) -> String {
    let value = Double(count)
    return switch value {
    case ..<1e4: "\(count) B"
    case ..<1e7: "\(fixed(value / 1e3, 1)) kB"
    case ..<1e10: "\(fixed(value / 1e6, 1)) MB"
    default: "\(fixed(value / 1e9, 2)) GB"
    }
  }

  /// As in "0.123 s".
  package static func seconds(_ value: Double) -> String { "\(fixed(value, value < 10 ? 3 : 1)) s" }

  /// As in "12 min 3 s".
  static func duration(_ value: Double) -> String {
    value < 60 ? seconds(value) : wholeDuration(value)
  }

  /// A duration to whole seconds.
  package static func wholeDuration(_ value: Double) -> String {
    guard value < 1e9 else { return seconds(value) }
    let whole = Int(value.rounded())
    guard whole >= 60 else { return "\(whole) s" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0 ? "\(hours) h \(minutes) min" : "\(minutes) min \(whole % 60) s"
  }

  /// Text from a file. Characters that could steer a terminal are escaped.
  package static func printable(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      // Besides control characters, those that turn the direction of text or break its lines.
      let isHidden = [.control, .format, .lineSeparator, .paragraphSeparator].contains(
        scalar.properties.generalCategory)
      result += isHidden ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }

  /// Text filled up with spaces to a width, on the left if the width is negative.
  package static func padded(_ text: String, to width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - columns(text)))
    return width < 0 ? spaces + text : text + spaces
  }

  /// A number with that many decimals.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let rounded = Int((abs(value) * Double(scale)).rounded())
    let fraction = String(rounded % scale + scale).dropFirst()
    return (value < 0 && rounded > 0 ? "-" : "") + "\(rounded / scale)"
      + (decimals > 0 ? "." + fraction : "")
  }
}
