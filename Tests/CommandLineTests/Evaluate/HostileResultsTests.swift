import ByteIO
import Foundation
import FoundationXML
import TestSupport
import Testing

@testable import Reports

@Suite("A folder whose files of results are invalid", .serialized)
struct HostileResultsTests {
  @Test("invalid results are rejected by name, and nothing is drawn of them")
  func invalid() throws {
    let report = try TinyReport.shared.get()
    for (name, old, new) in [
      ("fidelity", "\"kvHeads\":2", "\"kvHeads\":1"),
      ("fidelity", "\"layers\":2", "\"layers\":9000000000"),
      ("fidelity", "\"compressions\":[2,", "\"compressions\":["),
      ("fidelity", "\"compressions\":[2,", "\"compressions\":[0,"),
      ("energy", "\"layer\":1", "\"layer\":-1"),
      ("energy", "\"energyShare\":0", "\"energyShare\":7"),
      ("perplexity", "\"losses\":[", "\"losses\":[1,"),
      ("continuation", "\"compression\":2", "\"compression\":0"),
      ("continuation", "\"seconds\":", "\"seconds\":-"),
      ("continuation", "\"sequence\":1", "\"sequence\":-1"),
      ("continuation", "\"sequence\":1", "\"sequence\":0"),
      ("fidelity", "\"sequence\":1", "\"sequence\":-1"),
      ("fidelity", "\"sequence\":1", "\"sequence\":0"),
    ] {
      let scratch = try ScratchFolder()
      let text = try report.text(name + ".json")
      let place = try #require(text.range(of: old), "\(name) \(old)")
      _ = try scratch.write(
        name + ".json", text.replacingCharacters(in: place, with: new).utf8)
      let error = #expect(throws: MalformedFile.self) {
        try ReportFolder(path: scratch.path("")).write()
      }
      #expect(error?.path.hasSuffix("/\(name).json") == true)
      #expect(scratch.contents == [name + ".json"], "\(name) \(new)")
    }
  }

  /// A JSON value with one leaf of it replaced.
  private static func mutated(_ value: Any, _ random: inout SeededGenerator) -> Any {
    if var object = value as? [String: Any],
      let key = object.keys.sorted().randomElement(using: &random)
    {
      object[key] = mutated(object[key] ?? 0, &random)
      return object
    }
    if var array = value as? [Any], let index = array.indices.randomElement(using: &random) {
      array[index] = mutated(array[index], &random)
      return array
    }
    let hostile: [Any] = [
      Int.max, Int.min, -1, 0, 1e300, 0.5, NSNull(), [Any](), "", "9223372036854775807", "-1",
      "1e400",
      "</title></rect></svg><script>document.title='x'</script>", "\u{1B}[31m,\n\"", "full",
    ]
    return hostile.randomElement(using: &random) ?? 0
  }

  @Test(
    """
    whatever one value of one file is, the folder is rejected, or all of it is well-formed and \
    without scripts
    """, .exhaustive)
  func hostile() throws {
    let report = try TinyReport.shared.get()
    let names = try FileManager.default.contentsOfDirectory(atPath: report.out)
      .filter { $0.hasSuffix(".json") }.sorted()
    for seed in UInt64(1)...150 {
      var random = SeededGenerator(seed: seed)
      let scratch = try ScratchFolder()
      let changed = try #require(names.randomElement(using: &random))
      for name in names where name == changed || Bool.random(using: &random) {
        var value = try JSONSerialization.jsonObject(with: Data(report.text(name).utf8))
        if name == changed { value = Self.mutated(value, &random) }
        try JSONSerialization.data(withJSONObject: value).write(
          to: URL(filePath: scratch.path(name)))
      }
      do { try ReportFolder(path: scratch.path("")).write() } catch is MalformedFile { continue }
      for name in scratch.contents where name.hasSuffix(".svg") || name.hasSuffix(".html") {
        let text = try Data(contentsOf: URL(filePath: scratch.path(name)))
        #expect(XMLParser(data: text).parse(), "seed \(seed): \(changed), \(name)")
        #expect(text.range(of: Data("<script".utf8)) == nil, "seed \(seed): \(changed), \(name)")
      }
    }
  }
}
