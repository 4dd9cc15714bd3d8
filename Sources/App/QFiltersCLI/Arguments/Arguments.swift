import ByteIO

/// The command line before it is parsed.
///
/// ```
///  bytes ─▶ UTF-8, or NotUTF8 ─▶ dashed values joined to their options ─▶ the argument parser
///                                                                         └ fails? UsageMistake
/// ```
enum Arguments {
  /// All arguments as text.
  ///
  /// - Throws: `NotUTF8` for the first that is none.
  static func read() throws(NotUTF8) -> [String] {
    joined(try text(ProgramArguments.bytes))
  }

  /// Arguments as text; nothing is put in the place of bytes that are not UTF-8.
  static func text(_ arguments: [[UInt8]]) throws(NotUTF8) -> [String] {
    var texts: [String] = []
    for bytes in arguments {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw NotUTF8(bytes, place: texts.count + 1, after: texts.last)
      }
      texts.append(text)
    }
    return texts
  }

  /// Joins values that begin with a dash to their options, as in `--prompt=- a list item`. What has
  /// a space in it, or is a number, is no option.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      guard argument != "--" else { return result + arguments[index...] }
      if let option = result.last, isOption(option), isDashedValue(argument) {
        result[result.count - 1] = "\(option)=\(argument)"
      } else {
        result.append(argument)
      }
    }
    return result
  }

  /// Whether an argument is the bare name of an option, whose value may follow.
  private static func isOption(_ argument: String) -> Bool {
    argument.hasPrefix("--") && argument.count > 2 && !argument.contains("=")
      && !isDashedValue(argument)
  }

  /// Whether an argument that begins with a dash cannot be an option: its name would have a space
  /// in it, or it is a number.
  private static func isDashedValue(_ argument: String) -> Bool {
    let name = argument.prefix { $0 != "=" }
    return argument.hasPrefix("-")
      && (name.contains(where: \.isWhitespace) || Double(argument) != nil)
  }
}

extension Arguments {
  /// An argument is not UTF-8.
  struct NotUTF8: CategorisedError {
    private let subject: String
    private let bytes: ArraySlice<UInt8>

    /// - Parameters:
    ///   - place: Which argument, from 1 on.
    ///   - previous: The one before it, which may be an option.
    init(_ bytes: [UInt8], place: Int, after previous: String?) {
      let name = bytes.prefix { $0 != UInt8(ascii: "=") }
      if name.count < bytes.count, let option = String(validating: name, as: UTF8.self),
        isOption(option)
      {
        (subject, self.bytes) = ("the value of \(option)", bytes[(name.count + 1)...])
      } else if let previous, isOption(previous) {
        (subject, self.bytes) = ("the value of \(previous)", bytes[...])
      } else {
        (subject, self.bytes) = ("argument \(place)", bytes[...])
      }
    }

    var category: FailureCategory { .usage }

    /// One sentence that says what is wrong and what to do.
    var description: String {
      let (text, valid) = shown
      let short = text.count > Self.longestShown ? text.prefix(Self.longestShown) + "…" : text
      return
        "\(subject) is not UTF-8 at byte \(valid): \(short); rename the file, or convert the text, "
        + "to UTF-8"
    }

    private static let longestShown = 80

    /// The text, in which each byte that is no UTF-8 is written as `\xE9`, and how many bytes are
    /// before the first of them.
    private var shown: (text: String, valid: Int) {
      var (text, rest, valid) = ("", bytes, Int?.none)
      while let first = rest.first {
        var (decoder, iterator) = (UTF8(), rest.makeIterator())
        if case .scalarValue(let scalar) = decoder.decode(&iterator) {
          text.unicodeScalars.append(scalar)
          rest = rest.dropFirst(UTF8.width(scalar))
        } else {
          valid = valid ?? rest.startIndex - bytes.startIndex
          text += #"\x"# + String(first, radix: 16, uppercase: true)
          rest = rest.dropFirst()
        }
      }
      return (text, valid ?? bytes.count)
    }
  }
}
