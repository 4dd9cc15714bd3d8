import ArgumentParser
import ByteIO

/// The value of an option `[NAME=]PATH`.
package struct NamedPath: ExpressibleByArgument, Sendable {
  /// The name, if one was given.
  package let name: String?
  /// The path.
  package let path: String

  /// Nil if a part is empty. A name may have slashes; what begins with `/` or `.` is a path.
  package init?(argument: String) {
    guard let sign = argument.firstIndex(of: "="), !argument.hasPrefix("/"),
      !argument.hasPrefix("."), !argument[..<sign].contains(where: \.isWhitespace)
    else {
      guard !argument.isEmpty else { return nil }
      (name, path) = (nil, argument)
      return
    }
    (name, path) = (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
    guard name?.isEmpty == false, !path.isEmpty else { return nil }
  }

  /// The name, or else the file's without `.gguf`.
  package var nameOrDefault: String {
    if let name { return name }
    let file = Folder.name(of: path)
    return file.hasSuffix(".gguf") ? String(file.dropLast(5)) : file
  }
}
