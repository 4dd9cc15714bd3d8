import Foundation
import TestSupport
import Testing

@Suite("Whatever fails while a file is written, its path holds the old file or the new one")
struct WriteFaultTests {
  /// What is written, over what, and on what kind of file system.
  struct Situation: CustomTestStringConvertible, Sendable {
    enum Written: String {
      case snapshot = "a snapshot"
      case filters = "a filter bank"
      case recompressed = "a snapshot from another one"
      case exported = "a snapshot's cache"
      case child = "what a turn adds to a snapshot"
    }

    let written: Written
    let replaces, hasNamelessFiles: Bool

    static let all =
      [Written.snapshot, .filters].flatMap { written in
        [true, false].flatMap { replaces in
          [true, false].map {
            Situation(written: written, replaces: replaces, hasNamelessFiles: $0)
          }
        }
      }
      + [Written.recompressed, .exported, .child].flatMap { written in
        [true, false].map {
          Situation(written: written, replaces: $0, hasNamelessFiles: !$0)
        }
      }

    var testDescription: String {
      "\(written.rawValue), \(replaces ? "replaced" : "new")"
        + (hasNamelessFiles ? "" : ", without nameless files")
    }
  }

  private let tiny: TinyFiles
  private let faults: FaultLibrary
  private let folder: ScratchFolder
  private let old = Array("the old file".utf8)

  init() throws {
    tiny = try TinyFiles.shared.get()
    faults = try FaultLibrary.shared.get()
    folder = try ScratchFolder()
  }

  @Test(
    "at every system call: the process killed, an error, a signal, a short write, a full disk",
    .exhaustive,
    arguments: Situation.all)
  func everyCall(_ situation: Situation) throws {
    let calls = try record(situation)
    let inPlace = try #require(calls.lastIndex { $0 == "linkat" || $0 == "rename" })
    #expect(calls[(inPlace + 1)...] == ["fsync"])
    for (index, name) in calls.enumerated() where name != "unlink" {
      // Killed after a call is killed before the next one.
      var kinds: [Fault.Kind] = [.killBefore, .error(EINTR)]
      kinds += name == "pwrite64" ? [.short, .error(ENOSPC)] : [.error(EIO)]
      if index == calls.count - 1 { kinds.append(.killAfter) }
      for kind in kinds {
        let fault = Fault(call: index, name: name, kind: kind)
        let outcome = Outcome(fault, inPlace: inPlace)
        try prepare(situation)
        try check(run(situation, fault), outcome, situation, "\(fault)")
      }
    }
    try expectUndisturbed(situation)
  }

  /// What a fault must lead to, given the call that puts the file in place.
  private struct Outcome {
    var status: Int32 = 0
    var signal: Int32?
    var isNew = true
    var reason: String?
    var mayLeaveName = false

    init(_ fault: Fault, inPlace: Int) {
      switch fault.kind {
      case .killBefore: (signal, isNew) = (SIGKILL, fault.call > inPlace)
      case .killAfter: (signal, isNew) = (SIGKILL, fault.call >= inPlace)
      case .error(let code) where code != EINTR:
        (status, isNew) = (74, fault.call > inPlace)
        reason =
          code == ENOSPC
          ? "no space left on device"
          : isNew ? "input/output error; the new file is in place" : "input/output error"
      default: break
      }
      mayLeaveName = signal != nil
    }
  }

  private func check(
    _ result: Command.Result, _ outcome: Outcome, _ situation: Situation, _ what: String
  ) throws {
    #expect(result.signal == outcome.signal, "\(what): \(result.error)")
    if outcome.signal == nil {
      #expect(result.status == outcome.status, "\(what): \(result.error)")
      let lines = result.error.split(separator: "\n").filter { !$0.hasPrefix("qfilters: note: ") }
      #expect(lines.count == (outcome.status == 0 ? 0 : 1), "\(what)")
      if let reason = outcome.reason {
        #expect(result.error.contains(reason), "\(what): \(result.error)")
      }
    }
    let expected = outcome.isNew ? try new(situation) : situation.replaces ? old : nil
    #expect(try content(situation) == expected, "\(what)")
    let others = folder.contents.filter { $0 != name(situation) }
    #expect(others.count <= (outcome.mayLeaveName ? 1 : 0), "\(what): \(others)")
    #expect(others.allSatisfy { $0.hasPrefix(".qfilters-") && $0.hasSuffix(".tmp") })
    // Without a name nothing can be left, except between the two steps of replacing a file.
    if situation.hasNamelessFiles && !situation.replaces { #expect(others == [], "\(what)") }
  }

  /// What killed processes left is in nobody's way.
  private func expectUndisturbed(_ situation: Situation) throws {
    try prepare(situation)
    let left = (0..<3).map { ".qfilters-\($0).tmp" }
    for name in left { _ = try folder.write(name, old) }
    #expect(try run(situation).status == 0)
    #expect(try content(situation) == new(situation))
    #expect(folder.contents == (left + [name(situation)]).sorted())
  }

  /// The names of the calls of a run without faults.
  private func record(_ situation: Situation) throws -> [String] {
    try prepare(situation)
    let scratch = try ScratchFolder()
    let result = try Command.run(
      arguments(situation),
      environment: faults.environment(
        folder: folder.path(""), record: scratch.path("calls"),
        hasNamelessFiles: situation.hasNamelessFiles))
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: try bytes(of: scratch.path("calls")), as: UTF8.self)
    return lines.split(separator: "\n").map(String.init)
  }

  private func run(_ situation: Situation, _ fault: Fault? = nil) throws -> Command.Result {
    try Command.run(
      arguments(situation),
      environment: faults.environment(
        folder: folder.path(""), fault: fault, hasNamelessFiles: situation.hasNamelessFiles))
  }

  /// An empty folder, but for the old file.
  private func prepare(_ situation: Situation) throws {
    for name in folder.contents { try FileManager.default.removeItem(atPath: folder.path(name)) }
    if situation.replaces { _ = try folder.write(name(situation), old) }
  }

  private func name(_ situation: Situation) -> String {
    switch situation.written {
    case .snapshot, .recompressed, .child: "a.kvsnap"
    case .filters: "a.qfilt"
    case .exported: "a.safetensors"
    }
  }

  private func arguments(_ situation: Situation) -> [String] {
    let out = folder.path(name(situation))
    let arguments =
      switch situation.written {
      case .snapshot: tiny.prefill(out: out)
      case .filters: tiny.precompute(out: out)
      case .recompressed: tiny.recompress(out: out)
      case .exported: tiny.export(out: out)
      case .child: tiny.save(out: out)
      }
    // The old file is a text, which no other file replaces by itself.
    return arguments + ["--force"]
  }

  private func content(_ situation: Situation) throws -> [UInt8]? {
    folder.contents.contains(name(situation)) ? try bytes(of: folder.path(name(situation))) : nil
  }

  private func new(_ situation: Situation) throws -> [UInt8] {
    let path =
      switch situation.written {
      case .snapshot: tiny.snapshot
      case .filters: tiny.filters
      case .recompressed: tiny.recompressed
      case .exported: tiny.exported
      case .child: tiny.child
      }
    return try bytes(of: path)
  }
}
