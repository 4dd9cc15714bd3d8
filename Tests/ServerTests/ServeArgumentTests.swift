import ArgumentParser
import ServeArguments
import Testing

@Suite("Options of the server")
struct ServeArgumentTests {
  /// Parses words that are separated by spaces.
  private func parse(_ line: String) throws -> ServeArguments {
    try ServeArguments.parse(line.split(separator: " ").map(String.init))
  }

  @Test("a model's name is given, or that of its file")
  func names() throws {
    let models = try parse(
      "--model models/smol.gguf --model org/big=/x/a=b.gguf --model ./c=d.gguf --model folder/"
    ).models
    #expect(models.map(\.nameOrDefault) == ["smol", "org/big", "c=d", "folder"])
    #expect(
      models.map(\.path) == ["models/smol.gguf", "/x/a=b.gguf", "./c=d.gguf", "folder/"])
  }

  @Test("the filters of the only model need no name")
  func filters() throws {
    #expect(try parse("--model a.gguf --filters a.qfilt").filters.count == 1)
    #expect(
      try parse("--model a.gguf --model b.gguf --filters b=b.qfilt").filters.count
        == 1)
  }

  @Test("sizes have units")
  func sizes() throws {
    let arguments = try parse("--model a.gguf --store s --limit 20G --memory 500M")
    #expect(arguments.limit?.bytes == 20_000_000_000)
    #expect(arguments.memory?.bytes == 500_000_000)
  }

  @Test(
    "what cannot be is said before anything starts",
    arguments: [
      [], ["--model", ""], ["--model", "=x"], ["--model", "a="],
      ["--model", "a.gguf", "--model", "x/a.gguf"],
      ["--model", "a.gguf", "--filters", "b=b.qfilt"],
      ["--model", "a.gguf", "--model", "b.gguf", "--filters", "b.qfilt"],
      ["--model", "a.gguf", "--filters", "a.qfilt", "--filters", "a=b.qfilt"],
      ["--model", "a.gguf", "--host", "0.0.0.0"], ["--model", "a.gguf", "--host", "example.org"],
      ["--model", "a.gguf", "--port", "65536"], ["--model", "a.gguf", "--queue", "0"],
      ["--model", "a.gguf", "--limit", "5G"], ["--model", "a.gguf", "--key-file", "k"],
      ["--model", "a.gguf", "--store", "s", "--limit", "0"],
      ["--model", "a.gguf", "--memory", "99999999999999T"],
    ])
  func mistakes(_ arguments: [String]) {
    let error = #expect(throws: (any Error).self) { try ServeArguments.parse(arguments) }
    #expect(error.map { ServeArguments.exitCode(for: $0) } == .validationFailure)
  }

  @Test("only addresses of this machine need no keys")
  func loopback() throws {
    for host in ["127.0.0.1", "127.8.8.8", "::1", "localhost"] {
      #expect(try parse("--model a.gguf --host \(host)").isLoopback)
    }
    for host in ["127.0.0.256", "127.0.0.1.example.org", "0.0.0.0", "::", "10.0.0.1"] {
      let arguments = try parse("--model a.gguf --host \(host) --api-keys k")
      #expect(!arguments.isLoopback)
    }
  }
}
