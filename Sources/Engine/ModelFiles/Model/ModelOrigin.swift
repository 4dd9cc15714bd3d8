import ByteIO

/// What a model's files say of its origin, for a page about it.
public struct ModelOrigin: Sendable, Equatable {
  /// The licence, as in "apache-2.0"; nil if the files do not name one.
  public let license: String?
  /// The model's repository on the hub, as in "owner/name"; nil if the files do not name one.
  public let repository: String?

  /// Reads the metadata of a `.gguf` file (`general.license`, `general.source.repo_url` and
  /// `general.repo_url`), or the beginning of a folder's `README.md`.
  ///
  /// A folder's repository is known where the hub's client keeps it: in
  /// `models--owner--name/snapshots/…`.
  ///
  /// - Throws: `SystemError` if the file cannot be read, `MalformedFile` if its bytes break the
  ///   format.
  public init(path: String) throws {
    guard !Folder.exists(path) else {
      license = Self.frontMatter(of: Folder.path(path, "README.md"))["license"]
      repository = Self.repository(inCacheAt: Folder.canonical(path) ?? path)
      return
    }
    let file = try GGUFFile(MappedFile(path: path))
    let metadata = GGUFMetadata(path: path, values: file.metadata)
    license = try metadata.optionalText("general.license")
    var repository: String?
    for key in ["general.source.repo_url", "general.repo_url"] where repository == nil {
      repository = try metadata.optionalText(key).flatMap(Self.repository(ofURL:))
    }
    self.repository = repository
  }

  /// The repository of an address such as `https://huggingface.co/owner/name`.
  private static func repository(ofURL url: String) -> String? {
    guard let match = url.wholeMatch(of: /https:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+?)\/?/) else {
      return nil
    }
    return String(match.output.1)
  }

  private static func repository(inCacheAt path: String) -> String? {
    guard let match = path.firstMatch(of: /\/models--([\w.-]+?)--([\w.-]+)\/snapshots\/[^\/]+\/?$/)
    else { return nil }
    return "\(match.output.1)/\(match.output.2)"
  }

  private static let mostBytes: UInt64 = 1 << 16

  /// The texts of one line in the YAML that begins a page; empty if there is none.
  private static func frontMatter(of path: String) -> [String: String] {
    guard Folder.isFile(path), let file = try? RandomAccessFile(path: path),
      let bytes = try? file.read(
        at: 0, count: Int(min(file.size, mostBytes)), section: "front matter")
    else { return [:] }
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
      return [:]
    }
    var texts: [String: String] = [:]
    for line in lines[1..<end] {
      guard let match = line.wholeMatch(of: /([a-z_]+): *["']?([^"'\[\]{}]+?)["']? */) else {
        continue
      }
      texts[String(match.output.1)] = String(match.output.2)
    }
    return texts
  }
}
