import ByteIO
import CacheCodec
import CacheFormat
import NIOPosix
import Reports
import Workflows

/// What an account has in its store. Files are read on threads that may wait for a disk.
struct StoredContexts: Sendable {
  let server: QFiltersServer
  let account: Account

  /// The name of a context that is there. Nothing of a request becomes a path.
  ///
  /// - Throws: `ServeError`, `SystemError`.
  func name(_ text: String) async throws -> StoreName {
    try await blocking { store in
      do { return try store.name(of: text) } catch StoreRefusal.noContext {
        throw ServeError.contextNotFound(text)
      }
    }
  }

  /// All contexts.
  func list() async throws -> ContextList {
    guard try account.store() != nil else { return ContextList() }
    let redaction = server.failures.redaction
    return try await blocking { store in
      let contents = try store.contents()
      let children = Dictionary(
        contents.entries.compactMap(\.parent).map { ($0, 1) }, uniquingKeysWith: +)
      return ContextList(
        contexts: contents.entries.map { ContextObject($0, children: children[$0.name] ?? 0) },
        bytes: contents.bytes, limit: store.limit,
        problems: contents.problems.map { name, error in
          .init(name: name.description, problem: redaction.shown("\(error)"))
        }, quarantined: try store.quarantined())
    }
  }

  /// Removes a context, and if asked to all that continue it.
  ///
  /// - Returns: The names of what was removed.
  func remove(_ text: String, withChildren: Bool) async throws -> [String] {
    let name = try await name(text)
    return try await blocking { store in
      try store.remove(name, withChildren: withChildren).map(\.description)
    }
  }

  /// The text of a context, turn by turn.
  func turns(_ text: String, model: ServerSettings.Model) async throws -> [Transcript.Turn] {
    let name = try await name(text)
    return try await blocking { store in
      try Show.run(snapshot: store.path(of: name), with: store.companions, model: model.path)
        .transcript.turns
    }
  }

  /// The drawing of which pairs of a context survive.
  func heatmap(_ text: String) async throws -> String {
    let name = try await name(text)
    return try await blocking { store in
      let chain = try SnapshotChain(path: store.path(of: name), with: store.companions)
      return try Heatmap(chain, compression: nil).svg
    }
  }

  private func blocking<T: Sendable>(
    _ body: @escaping @Sendable (Store) throws -> T
  ) async throws -> T {
    guard let store = try account.store() else { throw ServeError.noStore }
    return try await NIOThreadPool.singleton.runIfActive { try body(store) }
  }
}

extension Store {
  /// How many damaged files were moved out of the way.
  ///
  /// - Throws: `SystemError`.
  func quarantined() throws -> Int {
    guard Folder.exists(quarantinePath) else { return 0 }
    return try Folder.names(quarantinePath).count { $0.hasSuffix(".kvsnap") }
  }
}
