import Testing

@testable import Workflows

@Suite("An answer ends before a stop text")
struct StopStringsTests {
  /// What is shown of an answer that comes in these pieces, and whether a stop text ended it.
  private func shown(_ pieces: [String], _ stops: [String]) -> (text: String, isStopped: Bool) {
    var filter = StopStrings(stops)
    var text = ""
    for piece in pieces where !filter.isFound { text += filter.push(piece) }
    return (filter.isFound ? text : text + filter.finish(), filter.isFound)
  }

  @Test("wherever the pieces divide it")
  func divided() {
    let answer = Array("one two END three")
    for first in answer.indices {
      for second in first..<answer.count {
        let pieces = [answer[..<first], answer[first..<second], answer[second...]].map {
          String($0)
        }
        #expect(shown(pieces, ["END"]) == ("one two ", true))
      }
    }
  }

  @Test("the first of several, and beginnings of one are shown once they are none")
  func several() {
    #expect(shown(["a", "b", "a", "c"], ["abb", "ac"]) == ("ab", true))
    #expect(shown(["a", "b", "a"], ["abb", "ac"]) == ("aba", false))
    #expect(shown(["E", "N", "N"], ["END"]) == ("ENN", false))
    #expect(shown(["x"], []) == ("x", false))
  }

  @Test("nothing that could be a stop text is shown early, and all else is shown at once")
  func held() {
    var filter = StopStrings(["\n\n", "é!"])
    #expect(filter.push("text\n") == "text")
    #expect(filter.push("more é") == "\nmore ")
    #expect(filter.push("e") == "ée")
    #expect(filter.push("!") == "!")
    #expect(filter.finish() == "")
  }
}
