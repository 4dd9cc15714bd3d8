import ByteIO

/// A GGUF model split into files: NAME-00001-of-00003.gguf and so on.
///
/// The first holds the metadata. Each says which part it is (`split.no`, from 0), how many parts
/// there are (`split.count`), and how many tensors all parts hold (`split.tensors.count`). Source:
/// llama.cpp's gguf-split.
extension GGUFFile {
  /// Opens a file. With the first of several parts, it opens the others in the same folder.
  ///
  /// - Throws: `SystemError` if a part cannot be read, `MalformedFile` if one is valid in itself
  ///   but belongs to another model, and what `init` throws.
  static func open(path: String) throws -> GGUFFile {
    let first = try GGUFFile(MappedFile(path: path))
    guard let place = try SplitPlace(first), place.count > 1 else { return first }
    let parts = try PartNames(first: path, place)
    var whole = first
    for number in 1..<place.count {
      let part = try GGUFFile(MappedFile(path: parts.path(number)))
      try part.checkBelongs(to: first, as: place.moved(to: number))
      whole.files += part.files
      for (name, tensor) in part.tensors {
        guard whole.tensors.updateValue(tensor, forKey: name) == nil else {
          throw part.foreign("the tensor \(name) is in an earlier part, too")
        }
      }
    }
    guard whole.tensors.count == place.tensors else {
      throw first.foreign(
        "it promises \(place.tensors) tensors, and all parts hold \(whole.tensors.count)")
    }
    return whole
  }

  /// Checks that a later part has the number that its name says, and agrees with the first part.
  private func checkBelongs(to first: GGUFFile, as expected: SplitPlace) throws {
    guard try SplitPlace(self) == expected else {
      throw foreign(
        "it does not say that it is part \(expected.number + 1) of \(expected.count) of a model of "
          + "\(expected.tensors) tensors")
    }
    let own: Set = ["split.no", "general.alignment"]
    for (key, value) in metadata where !own.contains(key) {
      if let other = first.metadata[key], other != value {
        throw foreign("its \(key) is another than in the first part")
      }
    }
  }

  private func foreign(_ problem: String) -> MalformedFile {
    MalformedFile(
      path: path, section: "metadata", problem: problem + "; fetch all parts of one model again")
  }
}

/// The number of a file among a model's parts, as the file says it.
private struct SplitPlace: Equatable {
  var number: Int
  let count, tensors: Int

  /// Nil if the file does not say that it is a part.
  init?(_ file: GGUFFile) throws(MalformedFile) {
    let metadata = GGUFMetadata(path: file.path, values: file.metadata)
    guard let count = try metadata.optionalInteger("split.count", in: 0...99_999) else {
      return nil
    }
    self.count = count
    number = try metadata.integer("split.no", in: 0...99_999)
    tensors = try metadata.integer("split.tensors.count", in: 0...1 << 30)
  }

  func moved(to number: Int) -> SplitPlace {
    var other = self
    other.number = number
    return other
  }
}

/// The names of all parts, derived from the first one's.
private struct PartNames {
  private let stem: Substring
  private let count: Int

  init(first path: String, _ place: SplitPlace) throws(MalformedFile) {
    let ending = Self.ending(0, of: place.count)
    guard place.number == 0, path.hasSuffix(ending) else {
      throw MalformedFile(
        path: path, section: "metadata",
        problem:
          "this is part \(place.number + 1) of \(place.count); open the first part, whose name "
          + "must end in \(ending)")
    }
    stem = path.dropLast(ending.count)
    count = place.count
  }

  func path(_ number: Int) -> String { stem + Self.ending(number, of: count) }

  private static func ending(_ number: Int, of count: Int) -> String {
    "-\(digits(number + 1))-of-\(digits(count)).gguf"
  }

  private static func digits(_ number: Int) -> String {
    String(String(100_000 + number).dropFirst())
  }
}
