import ByteIO

/// A conversation that is saved in a store turn by turn.
package struct Conversation {
  /// The stored context that the next question continues; nil at the beginning.
  package private(set) var last: StoreName?
  /// The conversation's name; nil for one that has none yet.
  package private(set) var name: StoreName?
  /// Which stored pairs questions attend to.
  package var mode: ResumeMode
  /// What was said after `last`, because it could not be saved.
  private var unsaved: [Transcript.Turn] = []
  /// Keeps other processes from removing `last`.
  private var held: Store.Match?
  private let store: Store

  /// Begins a conversation or, if the store has one of that name, continues it.
  ///
  /// - Parameters:
  ///   - document: The stored context that the first question completes.
  /// - Throws: `StoreRefusal` if the document is missing, or the conversation has begun without it;
  ///   `SystemError`.
  package init(
    in store: Store, name: StoreName? = nil, document: StoreName? = nil, mode: ResumeMode
  ) throws {
    (self.store, self.name, self.mode) = (store, name, mode)
    last = try name.flatMap { try store.lastTurn(of: $0)?.name }
    held = try last.map { try store.match($0) }
    guard let document else { return }
    _ = try store.entry(document)
    guard last == nil else {
      throw StoreRefusal.hasBegun(name?.description ?? "")
    }
    last = document
    held = try store.match(document)
  }

  /// Asks, and saves the question with its answer.
  ///
  /// - Throws: As `Responder.answer`. The conversation is then as before.
  package mutating func ask(
    _ question: String, _ responder: Responder, _ generation: GenerationConfig,
    emit: (String) -> Void
  ) throws -> Responder.Answer {
    let turns = unsaved + [Transcript.Turn(role: .user, text: question)]
    var request = Responder.Request(.chat(turns), mode: mode, generation: generation)
    request.context = last
    request.conversation = name
    let answer = try responder.answer(request, emit: emit)
    if case .success(let saved) = answer.saved {
      (last, unsaved) = (saved, [])
      held = try? store.match(saved)
    } else {
      unsaved = turns + [Transcript.Turn(role: .assistant, text: answer.generation.text)]
    }
    return answer
  }

  /// Gives the conversation a name, under which it can be continued later.
  ///
  /// If nothing was said yet, the name is that of the first turn.
  ///
  /// - Throws: `StoreRefusal` if the store has a conversation of that name; `SystemError`.
  package mutating func save(as name: StoreName) throws {
    guard try store.turns(of: name) == 0 else {
      throw StoreRefusal.nameTaken(name.description)
    }
    if let last, last.turn != nil || last.isUnnamed {
      let first = StoreName(turn: 1, of: name)
      try Folder.link(store.path(of: last), to: store.path(of: first))
      self.last = first
    }
    self.name = name
  }
}
