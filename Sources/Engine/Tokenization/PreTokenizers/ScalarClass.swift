/// The classes of scalars that the pre-tokenisers' patterns tell apart, by Unicode 16.
///
/// The toolchain's tables may be newer. The scalars that they add are `other`, so that a text has
/// the same tokens whatever built the program. The tokenizers library 0.23 agrees on every scalar
/// except 13 numbers of Unicode 17, which its `Digits` knows and its patterns do not.
enum ScalarClass {
  /// `\p{L}`
  case letter
  /// `\p{M}`
  case mark
  /// `\p{N}`
  case number
  /// `\p{P}`
  case punctuation
  /// `\p{S}`
  case symbol
  /// `\s`, which is Unicode's White_Space
  case space
  /// Everything else, bytes that are no UTF-8 included.
  case other

  /// Whether this is `[^\s\p{L}\p{N}]`.
  var isOther: Bool {
    switch self {
    case .letter, .number, .space: false
    case .mark, .punctuation, .symbol, .other: true
    }
  }

  /// The class of a scalar; nil stands for bytes that are no UTF-8.
  init(_ scalar: Unicode.Scalar?) {
    guard let scalar else {
      self = .other
      return
    }
    self = scalar.isASCII ? Self.ascii(scalar.value) : Self.beyondASCII(scalar)
  }

  private static func ascii(_ value: UInt32) -> ScalarClass {
    switch value {
    case 0x61...0x7A, 0x41...0x5A: .letter
    case 0x20, 0x09...0x0D: .space
    case 0x30...0x39: .number
    case 0x24, 0x2B, 0x3C...0x3E, 0x5E, 0x60, 0x7C, 0x7E: .symbol
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x5F, 0x7B...0x7D: .punctuation
    default: .other
    }
  }

  private static func beyondASCII(_ scalar: Unicode.Scalar) -> ScalarClass {
    let properties = scalar.properties
    guard let age = properties.age, age.major <= newestUnicode else { return .other }
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      .letter
    case .nonspacingMark, .spacingMark, .enclosingMark: .mark
    case .decimalNumber, .letterNumber, .otherNumber: .number
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      .punctuation
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
    default: properties.isWhitespace ? .space : .other
    }
  }

  private static let newestUnicode = 16
}
