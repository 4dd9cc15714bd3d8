import ByteIO
import HTTPTypes
import Testing
import Workflows

@testable import Server

@Suite("Errors as clients see them")
struct FailureTests {
  private let failures = Failures(
    Redaction(["/srv/models/smol.gguf", "stores/ours", "/srv/key file"]))

  @Test("the status follows from what is wrong")
  func status() {
    let cases: [(any Error, Int)] = [
      (StoreRefusal.noContext("book"), 404), (StoreRefusal.name("/"), 400),
      (StoreRefusal.nameTaken("book"), 409),
      (StoreRefusal.hasChildren("book", children: 2), 409), (StoreRefusal.inUse("book"), 409),
      (StoreRefusal.beyondLimit("book", bytes: 2, limit: 1), 413),
      (ConversationError.endsWithoutQuestion, 400),
      (ConversationError.tooLong(tokens: 2, context: 1), 400),
      (PromptError.tooLong(tokens: 2, context: 1, room: 1), 400),
      (MalformedFile(path: "x", section: "META", problem: "it is short"), 500),
      (SystemError(operation: "open", path: "x", code: 2), 404),
      (SystemError(operation: "write", path: "x", code: 28), 500), (CancellationError(), 500),
      (ServeError.noKey, 401),
    ]
    for (error, status) in cases { #expect(failures.error(error).status.code == status) }
  }

  @Test("a prompt that is too long has the code that clients look for")
  func contextLength() {
    let error = failures.error(PromptError.tooLong(tokens: 9, context: 8, room: 1))
    #expect(error.code == "context_length_exceeded")
  }

  @Test("no sentence tells a folder of the machine")
  func paths() {
    let cases = [
      "/srv/models/smol.gguf: META: it is short": "smol.gguf: META: it is short",
      "cannot open stores/ours/~5f.kvsnap: no": "cannot open ~5f.kvsnap: no",
      "stores/ours has no context book": "ours has no context book",
      "cannot read /srv/key file: no": "cannot read key file: no",
      "cannot open /etc/other/thing: no": "cannot open thing: no",
      "moved to stores/ours/quarantine: a, b": "moved to quarantine: a, b",
      "from 1/2 to 3/4": "from 1/2 to 3/4",
    ]
    for (sentence, shown) in cases { #expect(failures.redaction.shown(sentence) == shown) }
  }

  @Test("OpenAI's form")
  func form() throws {
    let bytes = try JSONResponse.bytes(ErrorObject(error: .unsupported("tools")))
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"error":{"code":"unsupported_parameter","message":"tools is not supported","#
        + #""param":"tools","type":"invalid_request_error"}}"#)
  }
}
