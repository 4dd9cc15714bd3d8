import Foundation
import TestSupport
import Testing

@Suite("A run that is ended in the middle of its work leaves nothing")
struct InterruptionTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("by Ctrl-C, a request to terminate, a closed terminal, and a kill without warning")
  func namelessFile() throws {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGKILL] { try interrupt(number) }
  }

  @Test("also where the file system has no nameless files, and the temporary file has a name")
  func namedFile() throws {
    let library = try compileShim()
    for number in [SIGINT, SIGTERM, SIGHUP] {
      try interrupt(number, environment: ["LD_PRELOAD": library])
    }
  }

  /// Sends the signal once the prefill holds its output file open, which it does seconds before it is
  /// done. A test runner may ignore signals, and its children inherit that: `env` undoes it.
  private func interrupt(_ number: Int32, environment: [String: String] = [:]) throws {
    let documents = try Documents.shared.get()
    let process = try Command.start(
      "/usr/bin/env",
      arguments: ["--default-signal=INT,TERM,HUP"] + environment.map { "\($0)=\($1)" } + [
        Command.binary, "prefill", "--model", Demo.model, "--filters", documents.filters,
        "--prompt-file", documents.document, "--out", folder.path("no.kvsnap"),
      ])
    try process.run()
    while !holdsOutput(process.processIdentifier) {
      try #require(process.isRunning)
      usleep(5_000)
    }
    #expect(folder.contents.isEmpty == environment.isEmpty)
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == number)
    #expect(folder.contents == [])
  }

  private func holdsOutput(_ process: pid_t) -> Bool {
    let descriptors = "/proc/\(process)/fd/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
    return names.contains { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + name)
      return target?.hasPrefix(folder.path("")) == true
    }
  }

  /// A library that makes `open` know no nameless files, as some network file systems do not.
  private func compileShim() throws -> String {
    let tools = try ScratchFolder()
    let source = try tools.write("shim.c", Self.shim.utf8)
    let library = try Demo.sharedFolder() + "/no-nameless-files.so"
    let result = try Command.shell("clang -shared -fPIC -o '\(library)' '\(source)' -ldl")
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
    return library
  }

  private static let shim = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <stdarg.h>
    #define OPEN(name) \\
      int name(const char *path, int flags, ...) { \\
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \\
        if ((flags & O_TMPFILE) == O_TMPFILE) { errno = EOPNOTSUPP; return -1; } \\
        int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \\
        return next(path, flags, mode); \\
      }
    OPEN(open)
    OPEN(open64)
    """
}
