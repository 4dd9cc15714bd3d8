import ByteIO
import ModelFiles
import TestSupport
import Testing

@Suite("Safetensors files")
struct SafetensorsTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
    try SafetensorsFile(path: try scratch.write("model.safetensors", bytes))
  }

  private func open(_ header: String, _ data: Int = 4) throws -> SafetensorsFile {
    try open(RawSafetensors.file(header, [UInt8](repeating: 0, count: data)))
  }

  /// Opening must fail with `MalformedFile` at this offset and with this problem.
  private func reject(
    _ bytes: [UInt8], _ section: String, at offset: UInt64?, _ problem: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: MalformedFile.self, sourceLocation: sourceLocation) {
      try open(bytes)
    }
    #expect(error?.section == section, sourceLocation: sourceLocation)
    #expect(error?.offset == offset, sourceLocation: sourceLocation)
    #expect(
      error?.problem.contains(problem) == true, "\(String(describing: error))",
      sourceLocation: sourceLocation)
  }

  private func reject(
    _ header: String, data: Int = 4, _ section: String, at offset: UInt64?, _ problem: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    reject(
      RawSafetensors.file(header, [UInt8](repeating: 0, count: data)), section, at: offset,
      problem, sourceLocation: sourceLocation)
  }

  private func entry(
    _ name: String, _ type: String = "F32", _ shape: [Int] = [1], _ begin: Int = 0, _ end: Int = 4
  ) -> String { RawSafetensors.entry(name, type, shape, begin, end) }

  @Test("tensors are views of their values, at any byte, in the three types that the engine uses")
  func reads() throws {
    // One space more or less puts every value on an odd address.
    for padding in ["", " ", "  ", "\n\t "] {
      let header =
        #"{"__metadata__":{"format":"pt"},"#
        + [
          entry("c", "BF16", [1, 2], 14, 18), entry("a", "F16", [3], 0, 6),
          entry("b", "F32", [2, 1], 6, 14), entry("none", "I64", [0, 7], 18, 18),
          entry("one", "F32", [], 18, 22),
        ].joined(separator: ",") + "}" + padding
      let data = (0..<22).map { UInt8($0) }
      let file = try open(RawSafetensors.file(header, data))
      #expect(file.names == ["a", "b", "c", "none", "one"])
      let tensors = try ["a", "b", "c"].map { try #require(try file.tensor(named: $0)) }
      #expect(tensors.map(\.type) == [.f16, .f32, .bf16])
      #expect(tensors.map(\.shape) == [[3], [2, 1], [1, 2]])
      for (tensor, range) in zip(tensors, [0..<6, 6..<14, 14..<18]) {
        #expect(unsafe tensor.bytes.withUnsafeBytes { unsafe Array($0) } == Array(data[range]))
      }
      #expect(try file.tensor(named: "d") == nil)
    }
  }

  @Test("a file without tensors is read, and so is one with values of unused types")
  func unusedTypes() throws {
    #expect(try open("{}", 0).names.isEmpty)
    let file = try open("{" + entry("ids", "I64", [1], 0, 8) + "}", 8)
    let error = #expect(throws: UnsupportedModel.self) { try file.tensor(named: "ids") }
    #expect(error?.what == "tensor type I64 of ids")
    #expect(error?.supported == ["F16", "BF16", "F32"])
  }

  @Test("a type whose size is not known is rejected by name")
  func unknownType() {
    let error = #expect(throws: UnsupportedModel.self) {
      try open("{" + entry("w", "F4") + "}")
    }
    #expect(error?.what == "tensor type F4 of w")
  }

  @Test("a header that is too short, too long, or no object")
  func header() {
    reject([1, 2, 3], "header", at: 0, "8 bytes are needed and 3 are left")
    reject(RawSafetensors.file("{}", length: 3), "header", at: 0, "but only 2 are left")
    reject(RawSafetensors.file("{}", length: 100_000_001), "header", at: 0, "are allowed")
    reject(RawSafetensors.file("{}", length: .max), "header", at: 0, "are allowed")
    reject(" {}", data: 0, "header", at: 8, "does not begin with a brace")
    reject("", data: 0, "header", at: 8, "does not begin with a brace")
    reject("{} x", data: 0, "header", at: 11, "something follows the JSON value")
    reject("{\"a\":", data: 0, "header", at: 13, "ends too early")
    reject(
      RawSafetensors.file("{\"\u{0}\"}").map { $0 == 0x7D ? 0xFF : $0 }, "header", at: 12,
      "not UTF-8")
  }

  @Test("a name that occurs twice is rejected, however it is spelled")
  func duplicates() {
    let twice = "{" + entry("a") + "," + entry("a", "F16", [2]) + "}"
    reject(twice, "header", at: 62, #"the key "a" occurs twice"#)
    reject(twice.replacing(#","a""#, with: #","\u0061""#), "header", at: 62, "occurs twice")
    reject("{" + entry("a").replacing("shape", with: "dtype") + "}", "header", at: 28, "twice")
    let metadata = #""__metadata__":{}"#
    reject("{\(metadata),\(metadata)}", data: 0, "header", at: 27, "occurs twice")
  }

  @Test("names that are equal as Strings are two tensors")
  func canonicalNames() throws {
    let file = try open(
      "{" + entry("\u{e9}") + "," + entry("e\u{301}", "F32", [1], 4, 8) + "}", 8)
    #expect(file.names.map { $0.utf8.count } == [2, 3])
    let offsets = try file.names.map { try #require(try file.tensor(named: $0)).offset }
    #expect(offsets[1] == offsets[0] + 4)
  }

  @Test("metadata that is no text")
  func metadata() {
    reject(#"{"__metadata__":{"n":1}}"#, data: 0, "__metadata__", at: 25, #""n" is no text"#)
    reject(#"{"__metadata__":[]}"#, data: 0, "__metadata__", at: nil, "no JSON object")
  }

  @Test("an entry that lacks a property, has one too many, or one of the wrong kind")
  func entries() {
    let valid = entry("w")
    for (part, replacement, problem) in [
      (#""dtype":"F32","#, "", "dtype is missing"),
      (#""dtype":"F32""#, #""dtype":32"#, "dtype is no text"),
      (#""shape":[1],"#, "", "shape is no list of lengths"),
      ("[1]", "[-1]", "shape is no list of lengths"),
      ("[1]", "[1.0]", "shape is no list of lengths"),
      ("[1]", "[9223372036854775808]", "shape is no list of lengths"),
      ("[0, 4]", "[0]", "data_offsets"), ("[0, 4]", "[4, 0]", "data_offsets"),
      ("[0, 4]", "[-4, 0]", "data_offsets"), ("[0, 4]", "[0, 4, 8]", "data_offsets"),
      ("[0, 4]", #"[0, "4"]"#, "data_offsets"), ("[0, 4]", "null", "data_offsets"),
      ("[1]", "[2]", "span 4 bytes, not what [2] needs"),
      ("[1]", "[4611686018427387904,4]", "span 4 bytes"),
      (#""dtype""#, #""order":"C","dtype""#, #""order" is no property of a tensor"#),
    ] {
      let broken = valid.replacing("[0,4]", with: "[0, 4]").replacing(part, with: replacement)
      let error = #expect(throws: MalformedFile.self, "\(broken)") { try open("{\(broken)}") }
      #expect(error?.section == "tensor w", "\(broken)")
      #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
    }
    reject(#"{"w":[]}"#, data: 0, "tensor w", at: nil, "no JSON object")
  }

  @Test("values that overlap, leave holes, or reach beyond the end of the file")
  func ranges() {
    for (begin, end, data, section, problem) in [
      (3, 7, 7, "tensor b", "overlap"), (0, 4, 4, "tensor b", "overlap"),
      (5, 9, 9, "tensor b", "1 bytes before its values"),
      (4, 8, 7, "tensor b", "beyond the end of the file"),
      (4, 8, 9, "end", "1 bytes belong to no tensor"),
    ] {
      let header = "{\(entry("a")),\(entry("b", "U8", [end - begin], begin, end))}"
      let place = 8 + header.utf8.count + (section == "end" ? end : begin)
      reject(header, data: data, section, at: UInt64(place), problem)
    }
    reject("{}", data: 1, "end", at: 10, "1 bytes belong to no tensor")
  }

  @Test("a file that is cut short anywhere is rejected")
  func truncation() throws {
    let whole = RawSafetensors.file(
      "{" + entry("a") + "," + entry("b", "F32", [3], 4, 16) + "}",
      [UInt8](repeating: 7, count: 16))
    _ = try open(whole)
    for length in 0..<whole.count {
      #expect(throws: MalformedFile.self, "\(length) bytes") { try open(Array(whole[..<length])) }
    }
  }

  @Test("changed bytes are read or rejected, but never trap")
  func mutations() throws {
    let whole = RawSafetensors.file(
      #"{"__metadata__":{"format":"pt"},"# + entry("a") + ","
        + entry("b", "F16", [2, 3], 4, 16) + "}", [UInt8](repeating: 7, count: 16))
    var random = SeededGenerator(seed: 12)
    let likely = Array(#"{}[]",:0123456789-eE.\u/tfn "#.utf8) + [0, 0xC3, 0xFF]
    for _ in 0..<5_000 {
      var changed = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        changed[Int.random(in: 0..<whole.count - 16, using: &random)] =
          likely.randomElement(using: &random) ?? 0
      }
      do {
        let file = try open(changed)
        for name in file.names { _ = try file.tensor(named: name)?.bytes.byteCount }
      } catch is MalformedFile {} catch is UnsupportedModel {}
    }
  }
}
