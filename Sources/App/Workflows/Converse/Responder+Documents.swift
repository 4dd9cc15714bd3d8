import ByteIO
import CacheCodec
import CacheFormat
import Inference
import QFilters

extension Responder {
  /// Prefills a document into the store. If the model has a chat template, the document and the
  /// first question about it form one turn of the user's.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - isAbandoned: Asked before each layer: whether to stop.
  /// - Throws: `StoreRefusal` if the name is taken; `PromptError`, `TokenizationError`,
  ///   `EngineError`, `SystemError`; `CancellationError` if it was abandoned.
  package func prepare(
    _ name: StoreName, text: [UInt8], isAbandoned: () -> Bool = { false }, progress: Progress
  ) throws -> StoreEntry {
    guard let store else { throw ConversationError.noStore(context: name.description) }
    try store.check(name, replaces: false)
    guard !text.isEmpty else { throw PromptError.empty(source: "the document") }
    let usesChat = (try? model.chatTemplate()) != nil
    let tokens = try Prompt.opening(text, usesChat: usesChat, model: model)
    try Prompt.checkLength(tokens.count, model)
    try write(
      tokens, form: usesChat ? .openUserTurn : .plain, as: name, in: store,
      isAbandoned: isAbandoned, progress: progress)
    try store.keepWithinLimit(new: name)
    return try store.entry(name)
  }

  /// Prefills tokens and writes their snapshot, which has no parent.
  private func write(
    _ tokens: [Int], form: ContextDescription.PromptForm, as name: StoreName, in store: Store,
    isAbandoned: () -> Bool, progress: Progress
  ) throws {
    let cache = try KVCache(
      shape: model.engine.cacheShape, dtype: KVCache.DType(precision.element),
      capacity: tokens.count)
    progress("prefill", 0, tokens.count)
    _ = try model.engine.prefill(
      tokens, into: cache, ready: { _ in if isAbandoned() { throw CancellationError() } },
      progress: { progress("prefill", $0, tokens.count) })
    try write(cache, tokens, form: form, to: store.path(of: name), in: store, progress: progress)
  }

  /// Makes a damaged context again from its tokens, if they can still be read.
  ///
  /// - Returns: Whether the store has it again.
  func restore(_ document: StoredDocument, as name: StoreName) throws -> Bool {
    guard let store, !Folder.isFile(store.path(of: name)) else { return false }
    try write(
      document.tokens, form: document.form, as: name, in: store, isAbandoned: { false },
      progress: { _, _, _ in })
    report("\(name) was prefilled again")
    return true
  }
}
