import Foundation
import TestSupport
import Testing

@Suite("Writers that meet each other or a full disk")
struct WritersTests {
  private let tiny: TinyFiles
  private let folder: ScratchFolder

  init() throws {
    tiny = try TinyFiles.shared.get()
    folder = try ScratchFolder()
  }

  @Test("two processes that write one path again and again: at any time one's file or the other's")
  func twoProcesses() throws {
    let other = folder.path("other.kvsnap")
    #expect(try Command.run(tiny.prefill(tiny.otherText, out: other)).status == 0)
    let whole = [try bytes(of: tiny.snapshot), try bytes(of: other)]
    let (shared, name) = (try ScratchFolder(), "a.kvsnap")
    let writers = try [tiny.text, tiny.otherText].map { text in
      let command = [Command.binary] + tiny.prefill(text, out: shared.path(name))
      return try Command.start(
        "/bin/bash",
        arguments: ["-c", #"for round in {1..40}; do "$@" >/dev/null || exit; done"#, "bash"]
          + command)
    }
    for writer in writers { try writer.run() }
    var seen: Set<Int> = []
    while writers.contains(where: \.isRunning) {
      guard shared.contents.contains(name) else { continue }
      let index = whole.firstIndex(of: try bytes(of: shared.path(name)))
      seen.insert(try #require(index, "a third thing"))
    }
    #expect(writers.allSatisfy { $0.terminationStatus == 0 })
    #expect(seen == [0, 1])
    #expect(shared.contents == [name])
    #expect(try Command.run("verify", shared.path(name)).status == 0)
  }

  @Test(
    "a disk that is really full: 74, one sentence, and the old file",
    .enabled(if: Self.canMount, "this user may not mount a file system; a limit is tested instead"))
  func fullDisk() throws {
    let disk = folder.path("disk")
    let prefill = (tiny.prefill(out: disk + "/a.kvsnap") + ["--force"]).map { "'\($0)'" }.joined(
      separator: " ")
    let result = try Command.shell(
      """
      mkdir '\(disk)'; export disk='\(disk)'
      unshare --user --map-root-user --mount bash -c '
        mount -t tmpfs -o size=32k tmpfs "$disk" || exit
        head -c 28672 /dev/zero > "$disk/a.kvsnap"; cp "$disk/a.kvsnap" '\(folder.path("old"))'
        '"$qfilters \(prefill)"'
        status=$?
        cmp "$disk/a.kvsnap" '\(folder.path("old"))' && ls -A "$disk"
        exit $status'
      """)
    #expect(result.status == 74)
    #expect(
      result.error.split(separator: "\n").filter { !$0.contains(": note: ") } == [
        "qfilters: cannot write \(disk)/a.kvsnap: no space left on device; "
          + "free some space or choose another folder"
      ])
    #expect(String(decoding: result.output, as: UTF8.self) == "a.kvsnap\n")
  }

  private static var canMount: Bool {
    let probe = "unshare --user --map-root-user --mount mount -t tmpfs tmpfs /mnt"
    return (try? Command.shell(probe))?.status == 0
  }
}
