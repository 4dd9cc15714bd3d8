import ByteIO
import ModelFiles
import TestSupport
import Testing

/// The parser is tested through the header of a safetensors file, in `__metadata__`.
@Suite("JSON in model files")
struct JSONTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func problem(_ json: String) throws -> String? {
    let file = try scratch.write("j.safetensors", RawSafetensors.file(json))
    do {
      _ = try SafetensorsFile(path: file)
      return nil
    } catch let error as MalformedFile {
      return error.problem
    }
  }

  @Test("what RFC 8259 allows is read")
  func valid() throws {
    for value in [
      #""""#, #""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00""#, "\"é \u{10FFFF}\"", #""\u0000""#,
    ] { #expect(try problem("{\"__metadata__\":{\"k\":\(value)}}") == nil, "\(value)") }
    #expect(try problem("{ \"__metadata__\"\t:\r\n{ } }  ") == nil)
  }

  @Test("what it does not allow is rejected")
  func broken() throws {
    for (value, problem) in [
      ("", "no JSON value"), ("nul", "no JSON value"), ("True", "no JSON value"),
      ("NaN", "no JSON value"), ("+1", "no JSON value"), (".5", "no JSON value"),
      ("01", "a comma or closing brace"), ("1.", "a digit"), ("1e", "a digit"), ("-", "a digit"),
      ("[1,]", "no JSON value"), ("[1", "a comma or closing bracket"), ("[", "no JSON value"),
      (#""\x""#, "is no character"), (#""\uD800""#, "is no character"),
      (#""\uDC00""#, "is no character"), (#""\uD800\u0041""#, "is no character"),
      (#""\u12G4""#, "hexadecimal"), ("\"a\nb\"", "control character"), ("\"a", "ends within"),
      ("{1:2}", "a key is expected"), (#"{"a" 1}"#, "a colon"), (#"{"a":1,}"#, "a key is expected"),
      ("'a'", "no JSON value"), ("1 // one", "a comma or closing brace"),
    ] {
      let found = try self.problem("{\"__metadata__\":\(value)}")
      #expect(found?.contains(problem) == true, "\(value): \(found ?? "read")")
    }
  }

  @Test("nesting that would exhaust the stack is rejected")
  func depth() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(try problem("{\"a\":\(deep)}") == "nested deeper than 64")
  }

  @Test("more values than any model has are rejected before they take the memory")
  func count() throws {
    let many = "[0" + String(repeating: ",0", count: 1 << 23) + "]"
    #expect(try problem("{\"a\":\(many)}") == "more than 8388608 values")
  }
}
