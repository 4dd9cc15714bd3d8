import Foundation
import TestSupport

extension Command {
  /// Runs the command to its end and measures the most memory that it held at a time, in bytes.
  static func measure(_ arguments: [String]) throws -> (result: Result, peak: Int) {
    let scratch = try ScratchFolder()
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    let result = try shell(
      """
      exec python3 -c 'import resource, subprocess, sys
      status = subprocess.run(sys.argv[2:]).returncode
      open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
      sys.exit(status)' '\(scratch.path("peak"))' $qfilters \(quoted)
      """)
    let kibibytes = Int(String(decoding: try bytes(of: scratch.path("peak")), as: UTF8.self))
    guard let kibibytes else { throw CommandFailed(message: "no measurement") }
    return (result, kibibytes * 1024)
  }
}
