import ByteIO
import Workflows

/// Where an evaluation keeps its measurements: a file, or memory alone.
///
/// The file is complete at any time, so that a later run continues an interrupted one. It is
/// replaced after every measurement, but at most as often as that takes a twentieth of the time.
final class ResultFile<Cell: ResultCell> {
  private(set) var results: Results<Cell>
  private let path: String?
  private let clock = Stopwatch()
  private let secondsBefore: Double
  private var (written, writing) = (0.0, 0.0)
  private var isWritten = true

  /// Begins, or continues what an earlier run left.
  ///
  /// - Parameters:
  ///   - folder: Nil for memory alone. A missing folder is created.
  ///   - name: The file's name, without its ending.
  /// - Throws: `OtherResults` if the file holds results of another model or of other settings,
  ///   `MalformedFile`, `SystemError`.
  init(
    folder: String?, name: String, origin: ResultOrigin, settings: [String: String]
  ) throws {
    if let folder { try Folder.create(folder) }
    let path = folder.map { Folder.path($0, name + ".json") }
    self.path = path
    results = Results(origin, settings)
    if let path, let before = try Results<Cell>(ifPresentAt: path) {
      results = try before.joined(by: origin, settings, path: path)
    } else if let path {
      try AtomicFile.checkWritable(path)
    }
    secondsBefore = results.seconds
  }

  /// Keeps measurements.
  ///
  /// - Throws: `SystemError`, `TooManyResults`.
  func append(_ cells: [Cell]) throws {
    results.cells += cells
    isWritten = false
    if clock.seconds - written >= 20 * writing { try write() }
  }

  /// All measurements, once they are written. Those before an error are written, too.
  ///
  /// - Parameter measure: Appends what it measures.
  /// - Throws: As `append`, and what `measure` throws.
  func collect(_ measure: () throws -> Void) throws -> Results<Cell> {
    do { try measure() } catch {
      if !isWritten { try? write() }
      throw error
    }
    if !isWritten { try write() }
    return results
  }

  private func write() throws {
    let start = clock.seconds
    results.seconds = secondsBefore + start
    if let path { try results.write(to: path) }
    (isWritten, written) = (true, clock.seconds)
    writing = written - start
  }
}
