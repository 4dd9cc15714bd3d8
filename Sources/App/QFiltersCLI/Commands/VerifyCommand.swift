import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import Reports
import Workflows

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check every byte of files of the format.",
    discussion: """
      All files and the snapshots that they continue are checked. The exit code is that of the \
      first that fails. A file whose parent is missing is itself valid: --json says \
      "parentMissing" for it, and the exit code is 66. Blocks of a transform-coded snapshot are \
      decoded if its transform is found; otherwise only their checksums are checked, and --json \
      says "transformMissing". The exit code is then 0, or 66 if --transform names other files.

      With --digests, the SHA-256 of each tensor of one file is printed instead, to compare \
      readers of the format.
      """)

  @Argument(help: "Files to check, or https:// addresses.", completion: .container) var files:
    [String]
  @Flag(help: "Print the SHA-256 of each tensor that the file holds.") var digests = false
  @Option(
    help: """
      With --digests: compression ×N whose pairs are taken. Default: all that are stored. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let file: String
    let sound: Bool
    /// Whether the file's parent is missing. The file itself may still be valid.
    let parentMissing: Bool
    let problem: String?
    /// The name of the transform without which blocks are checked by their checksums alone.
    let transformMissing: String?

    init(_ file: String, _ problems: [any Error], _ unread: TransformReference?) {
      self.file = Address.shown(file)
      transformMissing = unread?.fileName
      parentMissing = problems.contains { $0 is ParentMissing }
      sound = problems.allSatisfy { $0 is ParentMissing }
      problem = problems.last.map { Advice.sentence($0, of: VerifyCommand.self) }
    }
  }

  func validate() throws {
    guard !digests || (files.count == 1 && !report.json) else {
      throw ValidationError("--digests takes one file and prints no JSON.")
    }
    guard digests || compression == nil else {
      throw ValidationError("--compression needs --digests.")
    }
    try Compression.validate(compression)
  }

  func run() throws {
    if digests { return try printDigests(files[0]) }
    var (reports, seen): ([Report], Set<String>) = ([], [])
    var firstFailure: (any Error)?
    // A file's parents follow it at once, and nothing comes twice.
    var rest = files.reversed().map { (path: $0, isAncestor: false) }
    while let (file, isAncestor) = rest.popLast() {
      guard seen.insert(file).inserted else { continue }
      var problems: [any Error] = []
      var unread: TransformReference?
      do {
        ProgressBar.begin("verify \(Folder.name(of: file))")
        if !isAncestor {
          let ancestors = try Verify.ancestors(of: file, with: try companions.companions)
          rest += ancestors.reversed().map { ($0, true) }
        }
        try Verify.run(path: file, keys: companions.parents.keys.ring)
        unread = try Verify.blocks(of: file, with: try companions.companions)
      } catch {
        problems.append(error)
        // A file whose parent is missing may also be damaged itself.
        if error is ParentMissing {
          do { try Verify.run(path: file, keys: companions.parents.keys.ring) } catch {
            problems.append(error)
          }
        }
      }
      firstFailure = firstFailure ?? problems.first
      reports.append(Report(file, problems, unread))
      guard !report.json else { continue }
      if problems.isEmpty { Terminal.line("\(Address.shown(file)): \(Self.verdict(unread))") }
      for problem in problems { Terminal.failure(problem, of: Self.self) }
    }
    if report.json { try Terminal.json(["files": reports]) }
    if let firstFailure { throw Failure.exitCode(firstFailure) ?? ExitCode.failure }
  }

  private static func verdict(_ unread: TransformReference?) -> String {
    guard let unread else { return "valid" }
    let name = Format.printable(unread.fileName)
    return "valid; without its transform \(name), its blocks were checked by their "
      + "checksums alone"
  }

  private func printDigests(_ file: String) throws {
    let companions = companions.companions(try companions.parents.keys.ringUnderTest)
    for path in try [file] + Verify.ancestors(of: file, with: companions) {
      try Verify.run(path: path, keys: companions.keys)
    }
    for tensor in try TensorDigests.of(path: file, compression: compression, with: companions) {
      Terminal.line("\(tensor.digest)  \(tensor.name)")
    }
  }
}
