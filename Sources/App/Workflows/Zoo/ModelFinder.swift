import ByteIO
import ModelFiles

/// Finds the models below a folder.
struct ModelFinder {
  /// A model below the folder.
  struct Found: Sendable, Equatable {
    /// The path of its file or folder below the root; "" if the root itself is the model.
    let path: String
    /// The path of its filter bank.
    let bank: String
  }

  private let root: String
  private var visited: Set<String> = []
  /// Links to folders, which are searched after all folders that are none.
  private var links: [String] = []
  /// In order of paths.
  private(set) var found: [Found] = []
  /// Files and folders that seem to be models and are none, in order of paths.
  private(set) var passedOver: [Zoo.Skipped] = []
  /// Other files that belong to no model, in order of paths.
  private(set) var others: [Zoo.Skipped] = []

  /// Searches `root` and all folders below it.
  ///
  /// - Throws: `SystemError` if a folder cannot be read.
  init(root: String) throws(SystemError) {
    self.root = root
    try visit("")
    while !links.isEmpty { try visit(links.removeFirst()) }
    found.sort { Self.precedes($0.path, $1.path) }
    passedOver.sort { Self.precedes($0.path, $1.path) }
    others.sort { Self.precedes($0.path, $1.path) }
  }

  static func precedes(_ path: String, _ other: String) -> Bool {
    path.utf8.lexicographicallyPrecedes(other.utf8)
  }

  private mutating func visit(_ path: String) throws(SystemError) {
    let folder = path.isEmpty ? root : Folder.path(root, path)
    // A symbolic link may lead back to a folder above.
    guard visited.insert(Folder.canonical(folder) ?? folder).inserted else { return }
    let names = try Folder.names(folder).filter { !$0.hasPrefix(".") }
    let prefix = path.isEmpty ? "" : path + "/"
    let isOfModel = visitAsModel(path, names: names)
    for name in names {
      let place = Folder.path(folder, name)
      guard Folder.exists(place) else {
        visitFile(prefix, name, among: names, isOfModel: isOfModel)
        continue
      }
      if Folder.isLink(place) { links.append(prefix + name) } else { try visit(prefix + name) }
    }
  }

  private static let otherWeights = [".bin", ".pt", ".pth", ".h5", ".msgpack", ".onnx"]

  /// Whether a folder's files belong to a model, or to something that is named as none.
  private mutating func visitAsModel(_ path: String, names: [String]) -> Bool {
    guard names.contains("config.json") else { return false }
    func passOver(_ reason: String) { passedOver.append(Zoo.Skipped(path: path, reason: reason)) }
    let weights = ["model.safetensors", "model.safetensors.index.json"]
    guard weights.contains(where: names.contains) else {
      let other = names.first { name in Self.otherWeights.contains { name.hasSuffix($0) } }
      if let other { passOver("its weights are in \(other), not in model.safetensors") }
      return other != nil
    }
    if (try? HubFilters(folder: path.isEmpty ? root : Folder.path(root, path))) != nil {
      passOver("it holds Q-Filters, not a model")
    } else {
      found.append(Found(path: path, bank: (path.isEmpty ? "" : path + "/") + "filters.qfilt"))
    }
    return true
  }

  /// - Parameters:
  ///   - names: All names in its folder.
  ///   - isOfModel: Whether the folder is a model's.
  private mutating func visitFile(
    _ prefix: String, _ name: String, among names: [String], isOfModel: Bool
  ) {
    let path = prefix + name
    let place = Folder.path(root, path)
    guard name.hasSuffix(".gguf") else {
      if name.unicodeScalars.contains("\u{FFFD}"), !Folder.hasFile(place) {
        // Its real name is not UTF-8. It may be a folder with models, and fails as one model.
        found.append(Found(path: path, bank: path + ".qfilt"))
      } else if !isOfModel, !Self.isOurs(name) {
        others.append(
          Zoo.Skipped(path: path, reason: "it is neither a .gguf file nor a model's folder"))
      }
      return
    }
    let part = name.wholeMatch(of: /(.+)-([0-9]{5})-of-([0-9]{5})\.gguf/)?.output
    if let part, part.2 != "00001" {
      let first = "\(part.1)-00001-of-\(part.3).gguf"
      guard !names.contains(first) else { return }
      passedOver.append(
        Zoo.Skipped(path: path, reason: "\(first), its model's first part, is missing"))
    } else if let reason = ModelFile.reasonAgainst(gguf: place) {
      passedOver.append(Zoo.Skipped(path: path, reason: reason))
    } else {
      let stem = part.map { String($0.1) } ?? String(name.dropLast(5))
      found.append(Found(path: path, bank: prefix + stem + ".qfilt"))
    }
  }

  /// Whether this program writes files of this name next to models.
  private static func isOurs(_ name: String) -> Bool {
    [".qfilt", ".qstat", ".partial"].contains { name.hasSuffix($0) }
      || ZooIndex.fileNames.contains(name)
  }
}
