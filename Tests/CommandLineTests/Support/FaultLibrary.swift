import Foundation
import TestSupport

/// A system call on a file in one folder that goes wrong, in a process of the command's own.
struct Fault: CustomStringConvertible {
  enum Kind {
    /// The process is killed just before or after the call.
    case killBefore, killAfter
    /// The call does nothing and reports this error.
    case error(Int32)
    /// The call reads or writes only half of what it was asked to.
    case short
    /// The file is cut to half its length just after the call.
    case cut
  }

  /// Which call, counted from 0, and its name in the record.
  let call: Int
  let name: String
  let kind: Kind

  var description: String { "\(kind) at call \(call), \(name)" }

  fileprivate var environment: [String: String] {
    let kind =
      switch kind {
      case .killBefore: "kill-before"
      case .killAfter: "kill-after"
      case .error(let code): "\(code)"
      case .short: "short"
      case .cut: "cut"
      }
    return ["FAULT_CALL": "\(call)", "FAULT_KIND": kind]
  }
}

/// A library, loaded before the command, that counts the system calls on the files of one folder,
/// records their names, and makes one of them go wrong.
struct FaultLibrary: Sendable {
  private let path: String

  static let shared = Result { try FaultLibrary() }

  private init() throws {
    path = try Demo.sharedFolder() + "/faults.so"
    let tools = try ScratchFolder()
    let source = try tools.write("faults.c", Self.source.utf8)
    let result = try Command.shell("clang -O1 -Wall -Werror -shared -fPIC -o '\(path)' '\(source)'")
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
  }

  /// What makes a process load the library.
  ///
  /// - Parameters:
  ///   - folder: Calls on files in it count.
  ///   - record: A file that gets each call's name as a line.
  ///   - hasNamelessFiles: Whether `O_TMPFILE` is known; some network file systems lack it.
  func environment(
    folder: String, record: String? = nil, fault: Fault? = nil, hasNamelessFiles: Bool = true
  ) -> [String: String] {
    var environment = ["LD_PRELOAD": path, "FAULT_FOLDER": folder]
    environment["FAULT_RECORD"] = record
    environment["FAULT_NAMED"] = hasNamelessFiles ? nil : "1"
    return environment.merging(fault?.environment ?? [:]) { $1 }
  }

  private static let source = #"""
    #define _GNU_SOURCE
    #include <errno.h>
    #include <fcntl.h>
    #include <limits.h>
    #include <signal.h>
    #include <stdarg.h>
    #include <stdatomic.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/stat.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    enum outcome { PASS, FAIL, SHORT, CUT, KILL };

    static atomic_int calls;

    static int counts(const char *path) {
      const char *folder = getenv("FAULT_FOLDER");
      return folder && strncmp(path, folder, strlen(folder)) == 0;
    }

    static int path_of(int file, char path[PATH_MAX]) {
      char link[32];
      snprintf(link, sizeof link, "/proc/self/fd/%d", file);
      ssize_t length = readlink(link, path, PATH_MAX - 1);
      path[length > 0 ? length : 0] = 0;
      return length > 0;
    }

    static int counts_file(int file) {
      char path[PATH_MAX];
      return file >= 0 && path_of(file, path) && counts(path);
    }

    static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

    static enum outcome begin(const char *name) {
      int number = atomic_fetch_add(&calls, 1);
      const char *record = getenv("FAULT_RECORD"), *chosen = getenv("FAULT_CALL");
      const char *kind = getenv("FAULT_KIND");
      if (record) {
        int file = syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_APPEND | O_CREAT, 0644);
        dprintf(file, "%s\n", name);
        close(file);
      }
      if (!chosen || !kind || atoi(chosen) != number) return PASS;
      if (strcmp(kind, "kill-before") == 0) die();
      if (strcmp(kind, "kill-after") == 0) return KILL;
      if (strcmp(kind, "short") == 0) return SHORT;
      if (strcmp(kind, "cut") == 0) return CUT;
      errno = atoi(kind);
      return FAIL;
    }

    static long end(enum outcome outcome, int file, long result) {
      int code = errno;
      char path[PATH_MAX];
      struct stat status;
      if (outcome == KILL) die();
      if (outcome == CUT && path_of(file, path) && stat(path, &status) == 0)
        if (truncate(path, status.st_size / 2) != 0) die();
      errno = code;
      return result;
    }

    #define CALL(condition, name, file, ...) \
      enum outcome outcome = (condition) ? begin(name) : PASS; \
      if (outcome == FAIL) return -1; \
      return end(outcome, file, __VA_ARGS__)

    static int open_file(const char *path, int flags, int mode) {
      int is_nameless = (flags & O_TMPFILE) == O_TMPFILE;
      enum outcome outcome =
        counts(path) ? begin(is_nameless || (flags & O_CREAT) ? "create" : "open") : PASS;
      if (outcome == FAIL) return -1;
      if (is_nameless && getenv("FAULT_NAMED")) {
        errno = EOPNOTSUPP;
        return end(outcome, -1, -1);
      }
      int file = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
      return end(outcome, file, file);
    }

    #define OPEN(name) \
      int name(const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        return open_file(path, flags, mode); \
      }
    OPEN(open)
    OPEN(open64)

    #define TRANSFER(name, number, type) \
      ssize_t name(int file, type bytes, size_t count, off_t offset) { \
        CALL(counts_file(file), #number, file, syscall(SYS_##number, file, bytes, \
          outcome == SHORT ? (count + 1) / 2 : count, offset)); \
      }
    TRANSFER(pwrite, pwrite64, const void *)
    TRANSFER(pwrite64, pwrite64, const void *)
    TRANSFER(pread, pread64, void *)
    TRANSFER(pread64, pread64, void *)

    int fsync(int file) { CALL(counts_file(file), "fsync", file, syscall(SYS_fsync, file)); }

    int fstat(int file, struct stat *status) {
      CALL(counts_file(file), "fstat", file,
        syscall(SYS_newfstatat, file, "", status, AT_EMPTY_PATH));
    }

    int linkat(int from, const char *source, int to, const char *target, int flags) {
      CALL(counts(target), "linkat", -1, syscall(SYS_linkat, from, source, to, target, flags));
    }

    int rename(const char *source, const char *target) {
      CALL(counts(target), "rename", -1,
        syscall(SYS_renameat2, AT_FDCWD, source, AT_FDCWD, target, 0));
    }

    int unlink(const char *path) {
      CALL(counts(path), "unlink", -1, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
    }

    static long map(void *at, size_t count, int access, int flags, int file, off_t offset) {
      CALL(counts_file(file), "mmap", file,
        syscall(SYS_mmap, at, count, access, flags, file, offset));
    }

    #define MAP(name) \
      void *name(void *at, size_t count, int access, int flags, int file, off_t offset) { \
        return (void *)map(at, count, access, flags, file, offset); \
      }
    MAP(mmap)
    MAP(mmap64)
    """#
}
