import ArgumentParser
import ByteIO
import CacheFormat
import Reports
import ServeArguments
import Workflows

struct StoreRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove a context from a store.")

  @OptionGroup var context: ContextArgument
  @OptionGroup var store: StoreOptions
  @Flag(help: "Remove all that continue it, too.") var children = false
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open()
    let removed = try store.remove(context.name(in: store), withChildren: children)
    try report.show(removed, of: store, as: "removed")
  }
}

struct StoreGCCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove unnamed turns until a store is within a limit.",
    discussion: """
      Turns that nobody named are removed, the longest unused first. A turn that others continue \
      stays as long as they do. The folder quarantine is emptied, and files that a killed process \
      left are removed.
      """)

  @OptionGroup var store: StoreOptions
  @Option(
    help: "Maximum size of the store's snapshots: bytes, or a number with K, M, G or T.",
    transform: ByteCount.init)
  var limit: ByteCount
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open(limit: limit.bytes)
    let removed = try store.collect() + store.clean()
    try report.show(removed, of: store, as: "removed")
  }
}

struct StoreVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check every byte of a store.",
    discussion: """
      A damaged snapshot is moved to the folder quarantine, with all that continue it. The exit \
      code is then 65.
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open()
    let problems = try store.verify(progress: ProgressBar().show)
    var moved: [StoreName] = []
    for (name, error) in problems {
      if error is MalformedFile { moved += try store.quarantine(name) }
      Terminal.failure(error, of: Self.self)
    }
    if problems.isEmpty, !report.json {
      let contents = try store.contents()
      return Terminal.line(
        "\(store.path): \(Format.count(contents.entries.count, "snapshot")) valid, "
          + Format.bytes(contents.bytes))
    }
    try report.show(moved, of: store, as: "moved to \(store.quarantinePath)")
    if let error = problems.first?.error {
      throw Failure.exitCode(error) ?? ExitCode.failure
    }
  }
}

struct StoreExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a context of a store as one snapshot.",
    discussion: "Turns and what they continue become one file, without loss.")

  @OptionGroup var context: ContextArgument
  @Argument(help: "Snapshot to write (.kvsnap).", completion: .snapshot) var out: String
  @OptionGroup var store: StoreOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard out.hasSuffix(".kvsnap") else { throw ValidationError("OUT must end in .kvsnap.") }
  }

  func run() throws {
    try force.check(out, as: .snapshot)
    let store = try store.open()
    let bytes = try store.export(
      context.name(in: store), to: out, progress: ProgressBar().show)
    if report.json { return try Terminal.json(StoreReport(store)) }
    Terminal.line("\(out): \(Format.bytes(bytes))")
  }
}

struct StoreForgetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Destroy the keys of an encrypted context and its turns.",
    discussion: """
      The keys of the snapshot, and of all that continue it, are destroyed, and the files are \
      removed. Nobody can undo this. Copies of a file keep their keys, and so may the disk \
      (docs/encryption.md). --force is required.
      """)

  @OptionGroup var context: ContextArgument
  @OptionGroup var store: StoreOptions
  @Flag(help: "Really destroy the keys.") var force = false
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard force else {
      throw ValidationError("Nobody will be able to read the context; say --force to do it.")
    }
  }

  func run() throws {
    let store = try store.open()
    let forgotten = try store.forget(context.name(in: store))
    try report.show(forgotten, of: store, as: "forgotten")
  }
}

extension ReportOptions {
  /// What a command did to which contexts, in a line each or as JSON.
  fileprivate func show(_ names: [StoreName], of store: Store, as what: String) throws {
    if json { return try Terminal.json(StoreReport(store, removed: names)) }
    for name in names { Terminal.line("\(Format.printable(name.description)): \(what)") }
  }
}
