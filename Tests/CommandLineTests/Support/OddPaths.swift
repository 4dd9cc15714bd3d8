import Foundation
import TestSupport
import Testing

/// A folder with one path of each kind that is no ordinary file.
struct OddPaths {
  enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case missing = "nothing there"
    case danglingLink = "a link to nothing"
    case linkLoop = "a link to itself"
    case folder = "a folder"
    case belowFile = "a path below a file"
    case pipe = "a pipe"
    case socket = "a socket"
    case device = "a device"
    case forbidden = "no permission"
    case longName = "a name that is too long"
    case empty = "an empty file"

    var testDescription: String { rawValue }
  }

  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Makes what `kind` says and returns its path, which ends in `ending`.
  func path(_ kind: Kind, ending: String) throws -> String {
    let path = folder.path("odd" + ending)
    switch kind {
    case .missing: break
    case .danglingLink: try link(path, to: "nothing" + ending)
    case .linkLoop: try link(path, to: path)
    case .folder:
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .belowFile: return try folder.write("file", []) + "/odd" + ending
    case .pipe: guard unsafe mkfifo(path, 0o644) == 0 else { throw POSIXError(.EIO) }
    case .socket: try bind(path)
    case .device: try link(path, to: "/dev/zero")
    case .forbidden:
      _ = try folder.write("odd" + ending, Array("text".utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    case .longName: return folder.path(String(repeating: "x", count: 300) + ending)
    case .empty: _ = try folder.write("odd" + ending, [])
    }
    return path
  }

  private func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  private func bind(_ path: String) throws {
    let result = try Command.shell(
      """
      exec python3 -c '
      import socket, sys
      socket.socket(socket.AF_UNIX).bind(sys.argv[1])' '\(path)'
      """
    )
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
  }

  /// Runs the command without what lets a root user open everything.
  static func run(_ arguments: [String]) throws -> Command.Result {
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    let drop = "setpriv --bounding-set=-all --inh-caps=-all"
    return try Command.shell("exec \(getuid() == 0 ? drop : "") $qfilters \(quoted)")
  }
}
