import Platform

/// How much memory this process may use.
enum MemoryLimit {
  /// The machine's memory, or less where the process's control groups allow less, in bytes.
  static let bytes: Int = {
    let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    return groupLimits(SystemFile.text("/proc/self/cgroup") ?? "").reduce(machine, min)
  }()

  /// The limits of the groups named in `/proc/self/cgroup`, and of the groups above them. Source:
  /// cgroups(7), both versions. A container may see its own group as the root.
  private static func groupLimits(_ lines: String) -> [Int] {
    lines.split(separator: "\n").flatMap { line -> [Int] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      if fields[1].isEmpty { return limits("/sys/fs/cgroup", fields[2], "memory.max") }
      guard fields[1].split(separator: ",").contains("memory") else { return [] }
      return limits("/sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes")
    }
  }

  private static func limits(_ mount: String, _ group: Substring, _ name: String) -> [Int] {
    var folder = mount
    let folders =
      [mount]
      + group.split(separator: "/").map { part in
        folder = Folder.path(folder, String(part))
        return folder
      }
    return folders.compactMap { folder in
      // "max" is no number and means no limit.
      SystemFile.text(Folder.path(folder, name)).flatMap { Int($0.prefix { $0 != "\n" }) }
    }
  }
}
