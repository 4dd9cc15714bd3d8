import ArgumentParser
import ByteIO
import Platform
import ServeArguments

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve models by OpenAI's HTTP interface; conversations continue from files.",
    discussion: """
      It is a program of its own, `qfilters-serve`, which `make serve` builds. It is looked for \
      next to this program, then in PATH.

      With a store, the pairs of each prompt and its answer are kept, and what a prompt has in \
      common with them is not computed again. The page at / prepares documents, asks about \
      them, and shows what is kept. When the server is ready it prints `listening on` and its \
      address. SIGTERM and Ctrl-C end it: the running answer has 8 seconds to end, and is kept. \
      docs/server.md describes the interface.
      """)

  @OptionGroup var serve: ServeArguments

  func run() throws {
    let program = "qfilters-serve"
    let arguments = [program] + (try Arguments.read()).dropFirst()
    let own = Folder.canonical("/proc/self/exe").map { Folder.sibling(of: $0, named: program) }
    if let own, Folder.isFile(own) { throw ProgramExchange.run(own, arguments) }
    let error = ProgramExchange.run(program, arguments)
    throw error.code == ENOENT ? ServerMissing() : error
  }
}

/// The server is not installed.
private struct ServerMissing: CategorisedError {
  var category: FailureCategory { .noInput }

  var description: String {
    "qfilters-serve is neither next to this program nor in PATH; build it with make serve"
  }
}
