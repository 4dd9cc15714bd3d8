import Foundation
import TestSupport
import Testing

@Suite("Equal input gives equal bytes")
struct ReproducibilityTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("on another day, in another folder, from another working folder, in another time zone")
  func elsewhere() throws {
    let clock = try compileClock()
    let first = try write(in: "a", environment: [:])
    let second = try write(
      in: "another folder", environment: ["LD_PRELOAD": clock, "TZ": "Pacific/Auckland"])
    #expect(first.bank == second.bank)
    #expect(first.snapshot == second.snapshot)
    #expect(first.child == second.child)
  }

  @Test("a file has a time only if the environment gives it")
  func sourceDateEpoch() throws {
    let without = try write(in: "a", environment: [:])
    let with = try write(in: "b", environment: ["SOURCE_DATE_EPOCH": "1600000000"])
    #expect(!String(decoding: without.snapshot, as: UTF8.self).contains("\"created\":"))
    #expect(String(decoding: with.snapshot, as: UTF8.self).contains("2020-09-13T12:26:40Z"))
    #expect(
      with.snapshot
        == (try write(in: "c", environment: ["SOURCE_DATE_EPOCH": "1600000000"])).snapshot)
  }

  private func write(
    in name: String, environment: [String: String]
  ) throws -> (bank: [UInt8], snapshot: [UInt8], child: [UInt8]) {
    let place = folder.path(name)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    let text = try folder.write("text.txt", String(repeating: "a b c d e f g h ", count: 20).utf8)
    let settings = environment.map { "export \($0)='\($1)'" }.joined(separator: "\n")
    let result = try Command.shell(
      """
      set -e
      cd '\(place)'
      \(settings)
      $qfilters precompute --model '\(model)' --corpus '\(text)' --sequences 2 --length 40 \\
        --out t.qfilt
      $qfilters prefill --model '\(model)' --filters t.qfilt --prompt-file '\(text)' --out t.kvsnap
      $qfilters resume t.kvsnap --model '\(model)' --prompt x --max-tokens 4 \\
        --filters t.qfilt --save u.kvsnap
      """)
    #expect(result.status == 0, "\(result.error)")
    return (
      try bytes(of: place + "/t.qfilt"), try bytes(of: place + "/t.kvsnap"),
      try bytes(of: place + "/u.kvsnap")
    )
  }

  /// A library that makes every clock of the calendar run three days ahead.
  private func compileClock() throws -> String {
    let source = try folder.write("clock.c", Self.clock.utf8)
    let library = folder.path("clock.so")
    let result = try Command.shell("clang -shared -fPIC -o '\(library)' '\(source)' -ldl")
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
    return library
  }

  private static let clock = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <sys/time.h>
    #include <time.h>
    enum { AHEAD = 3 * 24 * 3600 };
    int clock_gettime(clockid_t id, struct timespec *now) {
      int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
      int result = next(id, now);
      if (id == CLOCK_REALTIME) now->tv_sec += AHEAD;
      return result;
    }
    int gettimeofday(struct timeval *restrict now, void *restrict zone) {
      int (*next)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
      int result = next(now, zone);
      now->tv_sec += AHEAD;
      return result;
    }
    time_t time(time_t *out) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (out) *out = now.tv_sec;
      return now.tv_sec;
    }
    """
}
