import ByteIO
import ModelFiles
import Workflows

/// The loaded models. They belong to the thread that runs them.
final class ModelShelf {
  private struct Loaded {
    let model: LoadedModel
    let stamps: [String: FileStamp?]
    let bytes: UInt64
    var lastUse: ContinuousClock.Instant
  }

  private let settings: ServerSettings
  private var loaded: [String: Loaded] = [:]

  init(_ settings: ServerSettings) { self.settings = settings }

  /// A model, which is loaded unless it is already, or if its files have changed since.
  ///
  /// - Throws: `ServeError` if it alone is greater than memory may be; as `LoadedModel`.
  func model(_ setting: ServerSettings.Model) throws -> LoadedModel {
    if let known = loaded[setting.name] {
      if known.stamps.allSatisfy({ FileStamp(path: $0.key) == $0.value }) {
        loaded[setting.name]?.lastUse = .now
        return known.model
      }
      loaded[setting.name] = nil
    }
    let bytes = try ModelFile(path: setting.path).files.reduce(0) {
      $0 + UInt64($1.bytes.byteCount)
    }
    try makeRoom(for: bytes, setting.name)
    let before = FileStamp(path: setting.path)
    let model = try LoadedModel(
      path: setting.path, weights: .inMemory, isExact: settings.isExact)
    let parts = Folder.exists(setting.path) ? ["config.json", "tokenizer.json"] : []
    let files = model.file.files.map(\.path) + parts.map { Folder.path(setting.path, $0) }
    var stamps = Dictionary(files.map { ($0, FileStamp(path: $0)) }) { first, _ in first }
    stamps[setting.path] = before
    loaded[setting.name] = Loaded(
      model: model, stamps: stamps, bytes: bytes, lastUse: .now)
    return model
  }

  /// Unloads models, the longest unused first, until one more has room.
  private func makeRoom(for bytes: UInt64, _ name: String) throws {
    guard let limit = settings.memory else { return }
    guard bytes <= limit else {
      throw ServeError.modelTooLarge(name, bytes: bytes, limit: limit)
    }
    while loaded.values.reduce(0, { $0 + $1.bytes }) > limit - bytes,
      let oldest = loaded.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      loaded[oldest.key] = nil
    }
  }
}
