import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import Inference
import QFilters
import Synchronization
import TestSupport
import Testing

@testable import Workflows

@Suite("A damaged store never gives a wrong answer")
struct StoreDamageTests {
  let scratch: ScratchFolder
  let model: LoadedModel
  let source: ScorerSource

  init() throws {
    scratch = try ScratchFolder()
    model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf"), isExact: true)
    source = try #require(ScorerSource(.keyDiff, bank: nil, seed: 0))
  }

  private func answer(
    _ store: Store?, _ turns: [String], context: StoreName? = nil,
    report: @escaping (String) -> Void = { _ in }
  ) throws -> Responder.Answer {
    var request = Responder.Request(
      .chat(
        turns.enumerated().map {
          Transcript.Turn(role: $0.offset % 2 == 0 ? .user : .assistant, text: $0.element)
        }),
      generation: GenerationConfig(maximumTokens: 6, sampling: Sampler.Options()))
    request.context = context
    return try Responder(
      model, store: store, ranking: source, precision: Precision(.float32), report: report
    ).answer(request) { _ in }
  }

  /// A bit of each part of a file is changed in turn: header, directory, sections, chunks, end.
  @Test("every file is damaged in turn, put in quarantine and made again")
  func files() throws {
    let book = (0..<60).map { "w\($0 % 10)" }.joined(separator: " ")
    let name = try StoreName(given: "book")
    let folder = scratch.path("store")
    let store = try Store(path: folder)
    let responder = try Responder(
      model, store: store, ranking: source, precision: Precision(.float32))
    _ = try responder.prepare(name, text: Array(book.utf8)) { _, _, _ in }
    var turns = ["why?"]
    for turn in 0..<2 {
      turns += [try answer(store, turns, context: name).generation.text, "and \(turn)?"]
    }
    let expected = try answer(store, turns, context: name)
    let without = try answer(nil, withBook(turns, book))
    #expect(expected.generation.ids == without.generation.ids)
    let files = try store.contents().entries.map(\.name)
    #expect(files.count == 4)
    for file in files {
      let size = try bytes(of: store.path(of: file)).count
      for place in [9, 70, size / 3, size / 2, size - 1] {
        let copy = scratch.path("\(file.description)-\(place)")
        try FileManager.default.copyItem(atPath: folder, toPath: copy)
        try check(
          Store(path: copy), damaging: file, at: place, turns, context: name,
          expected.generation.ids)
      }
    }
  }

  private func check(
    _ store: Store, damaging file: StoreName, at place: Int, _ turns: [String],
    context: StoreName, _ expected: [Int]
  ) throws {
    var damaged = try bytes(of: store.path(of: file))
    damaged[place] ^= 0x10
    try Data(damaged).write(to: URL(filePath: store.path(of: file)))
    // One that was written a moment ago may be an unfinished copy.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: store.path(of: file))
    let reports = Mutex<[String]>([])
    do {
      let again = try answer(store, turns, context: context) { text in
        reports.withLock { $0.append(text) }
      }
      #expect(again.generation.ids == expected, "\(file) at \(place)")
    } catch {
      // The document's tokens cannot be read any more.
      #expect(file == context && error is MalformedFile, "\(file) at \(place): \(error)")
    }
    #expect(!reports.withLock { $0 }.isEmpty, "\(file) at \(place)")
    #expect(Folder.isFile(Folder.path(store.quarantinePath, "\(file).kvsnap")))
    #expect(try store.verify { _, _, _ in }.isEmpty)
  }

  private func withBook(_ turns: [String], _ book: String) -> [String] {
    [book + "\n\n" + turns[0]] + turns.dropFirst()
  }

  @Test("another model's snapshots are not used")
  func otherModel() throws {
    let store = try Store(path: scratch.path("store"))
    let turns = [(0..<50).map { "w\($0 % 10)" }.joined(separator: " ")]
    _ = try answer(store, turns)
    let other = try LoadedModel(path: Fixtures.path("models/tiny-llama-q8_0.gguf"), isExact: true)
    let request = Responder.Request(
      .chat([Transcript.Turn(role: .user, text: turns[0])]),
      generation: GenerationConfig(maximumTokens: 4, sampling: Sampler.Options()))
    let answer = try Responder(
      other, store: store, ranking: source, precision: Precision(.float32)
    ).answer(request) { _ in }
    #expect(answer.cachedTokens == 0)
    #expect(try store.contents().entries.count == 2)
  }

  @Test("an answer is given though it cannot be saved")
  func unsaved() throws {
    let store = try Store(path: scratch.path("store"), limit: 100)
    let turns = [(0..<50).map { "w\($0 % 10)" }.joined(separator: " ")]
    let answer = try answer(store, turns)
    let expected = try self.answer(nil, turns)
    #expect(answer.generation.ids == expected.generation.ids)
    let saved = try #require(answer.saved)
    #expect(throws: StoreRefusal.self) { try saved.get() }
    #expect(try store.contents().entries.isEmpty)
  }
}
