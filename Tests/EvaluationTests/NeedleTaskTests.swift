import TestSupport
import Testing

@testable import Evaluation
@testable import Workflows

@Suite("What is hidden in a haystack")
struct NeedleTaskTests {
  private func puzzle(
    _ task: Needle.Task, seed: UInt64 = 1, length: Int = 1024, depth: Double = 0.25
  ) -> NeedlePuzzle {
    var options = Needle.Options()
    (options.task, options.seed) = (task, seed)
    return NeedlePuzzle(options, length: length, depth: depth)
  }

  @Test(
    "equal seeds hide equal things; other seeds, lengths and depths others",
    arguments: [
      Needle.Task.multiKey, .multiValue, .variableTracking,
    ])
  func seeds(task: Needle.Task) {
    #expect(puzzle(task) == puzzle(task))
    let others = [
      puzzle(task), puzzle(task, seed: 2), puzzle(task, length: 1025), puzzle(task, depth: 0.5),
    ]
    #expect(Set(others.map(\.answers)).count == 4)
  }

  @Test("an answer to the one needle may be begun; results say so")
  func begun() {
    var options = Needle.Options()
    options.begin = "It is"
    #expect(NeedlePuzzle(options, length: 1024, depth: 0.5).begin == "It is")
    options.task = .multiKey
    #expect(NeedlePuzzle(options, length: 1024, depth: 0.5).begin.isEmpty)
  }

  @Test("one of four keys is asked for, and it is at the depth")
  func multiKey() throws {
    let puzzle = puzzle(.multiKey)
    #expect(puzzle.hidden.count == 4)
    #expect(Set(puzzle.hidden.map(\.sentence)).count == 4)
    #expect(puzzle.hidden[0].depth == 0.25)
    let thing = try #require(puzzle.question.wholeMatch(of: #/.* of the (.*)\?/#)).1
    let naming = puzzle.hidden.filter { $0.sentence.contains(thing) }
    #expect(naming.map(\.sentence) == [puzzle.hidden[0].sentence])
    #expect(puzzle.answers.count == 1 && puzzle.hidden[0].sentence.contains(puzzle.answers[0]))
  }

  @Test("four numbers of one thing are asked for, and each that is missing costs a quarter")
  func multiValue() {
    let puzzle = puzzle(.multiValue)
    #expect(puzzle.hidden.count == 4 && puzzle.answers.count == 4)
    for (hidden, answer) in zip(puzzle.hidden, puzzle.answers) {
      #expect(hidden.sentence.contains(answer))
    }
    #expect(puzzle.score(puzzle.answers.joined(separator: " and ")) == 1)
    #expect(puzzle.score(puzzle.answers.dropLast().joined()) == 0.75)
    #expect(puzzle.score("none") == 0)
  }

  @Test("each variable is set to the one before, which is earlier in the text")
  func variableTracking() {
    let puzzle = puzzle(.variableTracking)
    #expect(puzzle.hidden.map(\.depth) == puzzle.hidden.map(\.depth).sorted())
    #expect(puzzle.hidden.allSatisfy { (0.25...1).contains($0.depth) })
    for (index, name) in puzzle.answers.enumerated() {
      let sentence = puzzle.hidden[index].sentence
      #expect(sentence.hasPrefix("VAR \(name) = "))
      #expect(index == 0 || sentence.hasSuffix("= VAR \(puzzle.answers[index - 1])."))
    }
  }

  @Test("the classic needle is found in letters of any case")
  func classic() {
    let puzzle = NeedlePuzzle(.init(), length: 1024, depth: 0)
    #expect(puzzle.hidden.count == 1)
    #expect(puzzle.score("You sit in DOLORES PARK.") == 1)
    #expect(puzzle.score("You sit in Central Park.") == 0)
  }

  @Test(
    "sentences are where they were asked for, after the end of one, and the text continues",
    .realModel)
  func text() throws {
    let model = try LoadedModel(path: Demo.model)
    let hay = Array(String(repeating: "Here is a sentence. ", count: 200).utf8)
    let text = try NeedleText(hay, model: model).text(
      length: 400,
      hiding: [
        .init(depth: 1, sentence: "Last one."), .init(depth: 0.5, sentence: "First half."),
        .init(depth: 0.5, sentence: "Second half."), .init(depth: 0, sentence: "Beginning."),
      ])
    let written = String(decoding: text, as: UTF8.self)
    #expect(written.hasPrefix("Beginning. Here is a sentence. "))
    #expect(written.contains("sentence. First half. Second half.  Here is a"))
    #expect(written.hasSuffix("Last one. "))
    #expect(!written.contains("  Second"))
    let before = written.prefix { $0 != "F" }.utf8.count
    #expect(abs(Double(before) / Double(written.utf8.count) - 0.5) < 0.05)
  }

  @Test(
    "in a text without full stops depths are different places all the same", .realModel,
    arguments: ["What then! And now? ", "夜が明けた。海は静かだった。", "a line of words\n", "words and words "])
  func otherMarks(sentence: String) throws {
    let model = try LoadedModel(path: Demo.model)
    let hay = Array(String(repeating: sentence, count: 400).utf8)
    let text = try NeedleText(hay, model: model).text(
      length: 400, hiding: [.init(depth: 0.5, sentence: "HERE")])
    let written = String(decoding: text, as: UTF8.self)
    let before = written.prefix { $0 != "H" }
    #expect(abs(Double(before.utf8.count) / Double(written.utf8.count) - 0.5) < 0.05)
    // The haystack itself is cut after a token, which may be a part of a character.
    #expect(!before.contains("\u{FFFD}"))
  }
}
