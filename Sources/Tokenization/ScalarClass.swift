/// The four classes of scalars that the pre-tokenisers' patterns tell apart, by Unicode 16.
///
/// The toolchain's tables may be newer; scalars that they added are `other`, so that a text has the
/// same tokens whoever built the program. The tokenizers library 0.23 classes every scalar alike,
/// but for 13 numbers of Unicode 17 that its `Digits` knows already and its patterns do not.
enum ScalarClass {
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s`, which is Unicode's White_Space
  case space
  /// Everything else, bytes that are no UTF-8 included.
  case other

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
    default: .other
    }
  }

  private static func beyondASCII(_ scalar: Unicode.Scalar) -> ScalarClass {
    let properties = scalar.properties
    guard let age = properties.age, age.major <= newestUnicode else { return .other }
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: properties.isWhitespace ? .space : .other
    }
  }

  private static let newestUnicode = 16
}
