import Platform

/// A system call on a file failed.
public struct SystemError: CategorisedError, Sendable {
  /// The operation, as a verb: "open", "read", "write", "flush", "rename".
  public let operation: String
  /// The file or folder.
  public let path: String
  /// The system's error number (`errno`).
  public let code: Int32

  /// Describes a failed system call; `code` is `errno` unless given.
  public init(operation: String, path: String, code: Int32? = nil) {
    self.operation = operation
    self.path = path
    self.code = code ?? errno
  }

  /// Whether an input does not exist, or is no file.
  public var isMissingInput: Bool {
    operation == "open" && (code == ENOENT || code == ENOTDIR || code == EISDIR)
  }

  /// Whether the input is a folder, a pipe, a socket, a device, or a link in a loop.
  public var isNoRegularFile: Bool {
    operation == "open" && [EISDIR, ELOOP, Self.notRegular].contains(code)
  }

  /// Whether the user lacks the permission.
  public var isForbidden: Bool { code == EACCES || code == EPERM }

  /// The operation that fails after the new file is in place.
  static let folderFlush = "flush the folder of"

  /// A missing input is told from every other failure.
  public var category: FailureCategory { isMissingInput || isNoRegularFile ? .noInput : .io }

  /// What failed, on which file, why, and what helps.
  public var description: String {
    "cannot \(operation) \(Address.shown(path)): \(Self.reason(code))\(advice)"
  }

  private var advice: String {
    switch code {
    case _ where operation == Self.folderFlush:
      "; the new file is in place, but a power failure may still undo that"
    case ENOENT where path.unicodeScalars.contains("\u{FFFD}"):
      "; if its name is not UTF-8, rename it"
    case EILSEQ: "; rename it"
    case ENOENT where Address(path) != nil:
      "; only snapshots and other files of this format are read from a server"
    case ENOENT where operation == "create": "; create the folder first"
    case ENOSPC, EDQUOT, EFBIG: "; free some space or choose another folder"
    case EACCES, EPERM, EROFS: "; choose a place that you may use"
    case EEXIST where operation == "create": "; name a folder, not a file"
    case ENOTDIR: "; a part of the path is a file, not a folder"
    case EISDIR: "; name a file, not a folder"
    case Self.notRegular: "; name a file on a disk, not a pipe or device"
    default: ""
    }
  }

  /// The code for a path that is neither file nor folder. No call here returns it for another
  /// reason.
  static let notRegular = ESPIPE

  private static func reason(_ code: Int32) -> String {
    guard code != notRegular else { return "not a regular file" }
    guard code != EILSEQ else { return "its target's name is not UTF-8" }
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text).lowercased()
  }
}
