/// The fields of a JSON object in a request. A field that is null counts as absent.
struct RequestFields {
  private let container: KeyedDecodingContainer<Key>
  /// The name of the object itself, for messages; empty for the whole request.
  private let prefix: String

  /// - Throws: `ServeError` if it is no object.
  init(_ decoder: any Decoder, prefix: String = "") throws {
    do { container = try decoder.container(keyedBy: Key.self) } catch {
      throw ServeError.invalid(prefix.isEmpty ? nil : prefix, "a JSON object is needed")
    }
    self.prefix = prefix
  }

  /// A field; nil if it is absent.
  ///
  /// - Parameter what: What its value must be, as in "a number".
  /// - Throws: `ServeError`.
  func value<T: Decodable>(_ name: String, _ type: T.Type, _ what: String) throws -> T? {
    do {
      return try container.decodeIfPresent(T.self, forKey: Key(stringLiteral: name))
    } catch let error as ServeError {
      throw error
    } catch { throw ServeError.invalid(prefix + name, "\(prefix + name) must be \(what)") }
  }

  /// A field that must be there.
  ///
  /// - Throws: `ServeError`.
  func needed<T: Decodable>(_ name: String, _ type: T.Type, _ what: String) throws -> T {
    guard let value = try value(name, type, what) else {
      throw ServeError.invalid(
        prefix + name, "\(prefix + name) is missing", code: "missing_required_parameter")
    }
    return value
  }

  /// A whole number within bounds; nil if it is absent.
  ///
  /// - Throws: `ServeError`.
  func integer(_ name: String, _ bounds: ClosedRange<Int>) throws -> Int? {
    let what = "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
    return try bounded(name, bounds, what)
  }

  /// A number within bounds; nil if it is absent.
  ///
  /// - Throws: `ServeError`.
  func number(_ name: String, _ bounds: ClosedRange<Double>) throws -> Float? {
    let what = "a number from \(bounds.lowerBound) to \(bounds.upperBound)"
    return try bounded(name, bounds, what).map { Float($0) }
  }

  private func bounded<T: Comparable & Decodable>(
    _ name: String, _ bounds: ClosedRange<T>, _ what: String
  ) throws -> T? {
    guard let value = try value(name, T.self, what) else { return nil }
    guard bounds.contains(value) else {
      throw ServeError.invalid(prefix + name, "\(prefix + name) must be \(what)")
    }
    return value
  }

  /// Rejects fields that ask for something.
  ///
  /// - Throws: `ServeError`.
  func reject(_ names: [String]) throws {
    for name in names where try value(name, Wish.self, "JSON")?.isWish == true {
      throw ServeError.unsupported(prefix + name)
    }
  }
}

/// Whether a field's value asks for something: false, zero, and what is empty do not.
private struct Wish: Decodable {
  let isWish: Bool

  init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: Key.self) {
      isWish = !object.allKeys.isEmpty
    } else if let array = try? decoder.unkeyedContainer() {
      isWish = array.count != 0
    } else {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        isWish = flag
      } else if let number = try? value.decode(Double.self) {
        isWish = number != 0
      } else {
        isWish = try value.decode(String.self) != ""
      }
    }
  }
}
