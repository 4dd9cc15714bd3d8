import Workflows
import ByteIO

/// Where an evaluation keeps its measurements: a file that is whole at any time, so that a run that is ended goes on
/// where it was; or memory alone.
///
/// The file is replaced as often as that takes no more than a twentieth of the time: after every measurement, unless
/// there are very many small ones.
final class ResultFile<Cell: ResultCell> {
  private(set) var results: Results<Cell>
  private let path: String?
  private let clock = Stopwatch()
  private let secondsBefore: Double
  private var (written, writing) = (0.0, 0.0)
  private var isWritten = true

  /// Begins, or goes on with what an earlier run left.
  ///
  /// - Parameters:
  ///   - folder: Nil for memory alone. It is made if it is not there.
  ///   - name: The file's, without its ending.
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

  /// Keeps a measurement.
  ///
  /// - Throws: `SystemError`, `TooManyResults`.
  func append(_ cell: Cell) throws { try append([cell]) }

  /// Keeps several measurements at once.
  ///
  /// - Throws: `SystemError`, `TooManyResults`.
  func append(_ cells: [Cell]) throws {
    results.cells += cells
    isWritten = false
    if clock.seconds - written >= 20 * writing { try write() }
  }

  /// All that was measured, once it is kept; what was measured before an error is kept, too.
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
