import ArgumentParser
import ByteIO
import CacheFormat
import Reports
import Workflows

struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Look after a folder of snapshots.",
    discussion: """
      A store is a folder of snapshots, without an index file: `serve`, `chat` and these commands \
      read what they need from the snapshots. Any program may write snapshots into it, as \
      `prefill --out FOLDER/book.kvsnap` does.

      A snapshot's name is its file's name without .kvsnap. letters~3 is the third turn that was \
      saved under the name letters. Names such as ~5f0c… are turns that nobody named; only they \
      are removed when the store is greater than its limit. Damaged snapshots are in the folder \
      quarantine.

      --json has entries, bytes and problems (files that cannot be read) after the command, and \
      removed: what it removed or moved to quarantine.
      """,
    subcommands: [
      StoreAddCommand.self, StoreListCommand.self, StoreShowCommand.self, StoreRemoveCommand.self,
      StoreGCCommand.self, StoreVerifyCommand.self, StoreExportCommand.self,
      StoreForgetCommand.self,
    ])
}

/// What a store holds, for scripts.
struct StoreReport: Encodable {
  struct Entry: Encodable {
    let name: String
    let parent: String?
    let tokens, ownTokens: Int
    let bytes, cacheBytes: UInt64
    let model: String?
    /// In seconds since 1970.
    let lastUse: Int64
  }

  struct Problem: Encodable {
    let name, problem: String
  }

  let entries: [Entry]
  let bytes: UInt64
  let problems: [Problem]
  /// The names of what the command removed, or moved to quarantine.
  let removed: [String]?

  init(_ store: Store, removed: [StoreName]? = nil) throws {
    let contents = try store.contents()
    entries = contents.entries.map {
      Entry(
        name: $0.name.description, parent: $0.parent?.description, tokens: $0.tokens,
        ownTokens: $0.count, bytes: $0.bytes, cacheBytes: $0.cacheBytes, model: $0.model,
        lastUse: $0.lastUse / 1_000_000_000)
    }
    bytes = contents.bytes
    problems = contents.problems.map {
      Problem(
        name: $0.name.description, problem: Advice.sentence($0.error, of: StoreListCommand.self))
    }
    self.removed = removed.map { $0.map(\.description) }
  }
}

struct StoreAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Copy a snapshot into a store, after checking every byte of it.")

  @Argument(help: "Snapshot (.kvsnap).", completion: .snapshot) var snapshot: String
  @OptionGroup var store: StoreOptions
  @Option(help: "Name of the context in the store. Default: the file's name without .kvsnap.")
  var name: String?
  @Flag(help: "Replace a snapshot of that name, unless others continue it.") var replace = false
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open(creates: true)
    let file = Folder.name(of: snapshot)
    let name = try StoreName(
      given: name ?? (file.hasSuffix(".kvsnap") ? String(file.dropLast(7)) : file))
    ProgressBar.begin("add \(name)")
    let entry = try store.add(snapshot, as: name, replaces: replace)
    if report.json { return try Terminal.json(StoreReport(store)) }
    Terminal.line(
      "\(entry.name): \(Format.count(entry.tokens, "token")), \(Format.bytes(entry.bytes))")
  }
}

struct StoreListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the contexts of a store.")

  @OptionGroup var store: StoreOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open()
    if report.json { return try Terminal.json(StoreReport(store)) }
    let contents = try store.contents()
    Terminal.line(StoreTable(contents).description)
    for (_, error) in contents.problems { Terminal.failure(error, of: Self.self) }
  }
}

struct StoreShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print the text of a context of a store.",
    discussion: "The text is printed as `qfilters show` prints it.")

  @OptionGroup var context: ContextArgument
  @OptionGroup var store: StoreOptions
  @Option(
    help: "Model that the context was made with: a .gguf file or a folder. Required.",
    completion: .model)
  var model: String?
  @OptionGroup var report: ReportOptions

  func run() throws {
    let store = try store.open()
    let path = store.path(of: try context.name(in: store))
    try ShownText(snapshot: path, store.companions, model: model).write(asJSON: report.json)
  }
}
