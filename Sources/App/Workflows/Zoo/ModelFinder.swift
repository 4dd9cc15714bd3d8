import ByteIO
import ModelFiles

/// Finds the models below a folder.
struct ModelFinder {
  /// A model below the folder.
  struct Found {
    /// The path of its file or folder below the root; "" if the root itself is the model.
    let path: String
    /// The path of its filter bank.
    let bank: String
  }

  private let root: String
  private var visited: Set<String> = []
  private(set) var found: [Found] = []

  /// Searches `root` and all folders below it, in order of names.
  ///
  /// - Throws: `SystemError` if a folder cannot be read.
  init(root: String) throws(SystemError) {
    self.root = root
    try visit("")
  }

  private mutating func visit(_ path: String) throws(SystemError) {
    let folder = path.isEmpty ? root : Folder.path(root, path)
    // A symbolic link may lead back to a folder above.
    guard visited.insert(Folder.canonical(folder) ?? folder).inserted else { return }
    let names = try Folder.names(folder).filter { !$0.hasPrefix(".") }
    let prefix = path.isEmpty ? "" : path + "/"
    if Self.isModel(names), (try? HubFilters(folder: folder)) == nil {
      found.append(Found(path: path, bank: prefix + "filters.qfilt"))
    }
    for name in names {
      if Folder.exists(Folder.path(folder, name)) {
        try visit(prefix + name)
      } else if let stem = Self.stem(name) {
        found.append(Found(path: prefix + name, bank: prefix + stem + ".qfilt"))
      } else if name.unicodeScalars.contains("\u{FFFD}"), !Folder.hasFile(Folder.path(folder, name))
      {
        // Its real name is not UTF-8. It may be a folder with models, and fails as one model.
        found.append(Found(path: prefix + name, bank: prefix + name + ".qfilt"))
      }
    }
  }

  private static func isModel(_ names: [String]) -> Bool {
    names.contains("config.json")
      && (names.contains("model.safetensors") || names.contains("model.safetensors.index.json"))
  }

  /// The name of a GGUF file without its ending; nil for other files, and for all parts of a split
  /// model but the first (`…-00002-of-00003.gguf`).
  private static func stem(_ name: String) -> String? {
    guard name.hasSuffix(".gguf") else { return nil }
    let stem = name.dropLast(5)
    guard let part = stem.wholeMatch(of: /(.+)-([0-9]{5})-of-[0-9]{5}/) else { return String(stem) }
    return part.output.2 == "00001" ? String(part.output.1) : nil
  }
}
