import Inference

/// A draft of an answer, decoded from the pairs that were kept for it.
private struct Draft {
  /// The place from which the question saw the pairs that drafted it.
  let place: RecallPlace
  /// Without the token that ends the answer.
  var ids: [Int]
  /// The token that ends the answer, if it ends.
  var end: Int?
  /// How many of its first tokens the whole context would choose, too, as far as is known.
  var agreed = 1
  /// What speaks for the question's pairs, in nats. See `Recall.evidence(_:_:)`.
  var evidence = 0.0
  /// The places at which it has chosen pairs.
  var followed: [RecallPlace] = []

  /// All tokens.
  var answer: [Int] { ids + (end.map { [$0] } ?? []) }

  static func < (one: Draft, other: Draft) -> Bool {
    (one.evidence, one.agreed) < (other.evidence, other.agreed)
  }
}

extension Recall {
  /// The maximum number of tokens of a drafted answer.
  static let draftTokens = 32

  /// Chooses again, by the question and by a draft of its answer. An answer attends to words that
  /// its question does not (lookahead queries, arXiv 2505.20334).
  ///
  /// Each step follows the best draft not yet followed at its place. The pairs that the draft
  /// attends to are kept, and a new draft is decoded from them. The whole context meanwhile gives
  /// the first token that it would choose otherwise (speculative decoding, arXiv 2211.17192), and
  /// one more draft begins with the tokens up to it. So drafts approach the whole cache's answer.
  /// The draft with the greatest `evidence` is chosen, as in context-aware decoding (arXiv
  /// 2305.14739).
  ///
  /// - Parameters:
  ///   - first: The answer's first token.
  ///   - limit: The maximum number of tokens of the answer.
  ///   - keepsDraft: Whether the answer is to be that draft. Otherwise it only chooses the pairs.
  ///   - isEnd: Whether a token ends an answer.
  /// - Returns: The draft after its first token, and the logits; nil if none is kept.
  package func lookAhead(
    _ question: [Int], first: Int, limit: Int, keepsDraft: Bool, isEnd: (Int) -> Bool
  ) throws -> GivenTokens? {
    let room = cache.capacity - start - question.count - 1
    let tokens = min(limit, room, Self.draftTokens)
    guard tokens > 1, let unasked else { return nil }
    _ = try engine.prefill(question, into: unasked)
    var drafts: [Draft] = []
    func add(_ beginning: [Int], at place: RecallPlace) throws {
      var draft = try draft(from: beginning, at: place, tokens: tokens, isEnd: isEnd)
      draft.agreed = place == .own ? beginning.count : 0
      if let same = drafts.firstIndex(where: { $0.answer == draft.answer }) {
        drafts[same].agreed = max(drafts[same].agreed, draft.agreed)
      } else {
        drafts.append(draft)
      }
    }
    try add([first], at: .own)
    for place in places.flatMap({ Array(repeating: $0, count: steps(at: $0)) }) {
      let open = drafts.indices.filter { !drafts[$0].followed.contains(place) }
      guard let next = open.max(by: { drafts[$0] < drafts[$1] }) else { continue }
      drafts[next].followed.append(place)
      let corrected = try follow(drafts[next], after: question, at: place)
      try add([first], at: place)
      if let corrected { try add(corrected, at: place) }
    }
    guard let best = drafts.max(by: <) else { return nil }
    let logits = try prefill(question + best.ids, at: best.place)
    guard keepsDraft else {
      cache.removeLast(best.ids.count)
      return nil
    }
    return GivenTokens(ids: Array(best.answer.dropFirst()), logits: logits)
  }

  /// How many drafts choose pairs at a place. The file is read for each.
  private func steps(at place: RecallPlace) -> Int {
    switch place {
    case .own: places.count == 1 ? 3 : 1
    case .near: 3
    }
  }

  /// The kept pairs' draft of an answer that begins with some tokens.
  private func draft(
    from beginning: [Int], at place: RecallPlace, tokens: Int, isEnd: (Int) -> Bool
  ) throws -> Draft {
    let position = cache.nextPosition
    var (draft, likelihoods) = (Draft(place: place, ids: [beginning[0]]), [Double]())
    var logits = try engine.decode(beginning[0], into: cache)
    while draft.ids.count < tokens {
      let known = draft.ids.count
      let id = known < beginning.count ? beginning[known] : Sampler.likeliest(logits)
      likelihoods.append(Engine.logarithm(of: id, logits))
      if isEnd(id) {
        draft.end = id
        break
      }
      draft.ids.append(id)
      if draft.ids.count < tokens { logits = try engine.decode(id, into: cache) }
    }
    cache.removeLast(cache.nextPosition - position)
    draft.evidence = try evidence(draft.answer, likelihoods)
    return draft
  }

  /// How much likelier the kept pairs make an answer than those that rank best without a question.
  /// Each token counts by how far its difference of ln p is above 2. Many tokens have a small
  /// difference; those that only the text can tell have 4 and more.
  ///
  /// - Parameter likelihoods: ln p by the kept pairs, of all tokens but the first, which all drafts
  ///   have in common.
  private func evidence(_ answer: [Int], _ likelihoods: [Double]) throws -> Double {
    guard let unasked else { return 0 }
    let losses = try engine.negativeLogLikelihoods(answer, into: unasked)
    unasked.removeLast(answer.count)
    return zip(likelihoods, losses).reduce(0) { $0 + max(0, $1.0 + $1.1 - 2) }
  }

  /// Chooses pairs at a place by question and draft.
  ///
  /// - Returns: The draft's beginning up to the first token that the whole context would not
  ///   choose, and the one that it would; nil if there is none.
  private func follow(
    _ draft: Draft, after question: [Int], at place: RecallPlace
  ) throws -> [Int]? {
    let likeliest = try likeliest(
      afterLast: draft.ids.count, of: question + draft.ids, at: place)
    cache.removeLast(draft.ids.count)
    let following = draft.answer.dropFirst()
    let equal = zip(likeliest, following).prefix { $0 == $1 }.count
    guard equal < following.count else { return nil }
    return Array(draft.ids[...equal]) + [likeliest[equal]]
  }
}
