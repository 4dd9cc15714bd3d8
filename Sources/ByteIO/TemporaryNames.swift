import Dispatch
import Glibc
import Synchronization

/// The temporary names that exist now, so that they can be removed when the process is interrupted.
public enum TemporaryNames {
  private static let names = Mutex<Set<String>>([])
  private static let counter = Atomic<Int>(0)

  /// A name in `folder` that nobody else uses, short enough for every file system.
  static func next(in folder: String) -> String {
    "\(folder)/.qfilters-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue).tmp"
  }

  static func add(_ name: String) { names.withLock { _ = $0.insert(name) } }

  static func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }

  /// From now on Ctrl-C, a request to terminate, and a closed terminal remove what has a temporary name
  /// before they end the process. Signals that are ignored stay ignored.
  public static func removeWhenInterrupted() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      guard !isIgnored(number) else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, which is to last as long as the process.
      source.setEventHandler { [source] in
        _ = source
        names.withLock { names in
          for name in names { unsafe _ = unlink(name) }
          signal(number, SIG_DFL)
          kill(getpid(), number)
        }
      }
      source.resume()
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    unsafe sigaction(number, nil, &action)
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return unsafe handler == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
