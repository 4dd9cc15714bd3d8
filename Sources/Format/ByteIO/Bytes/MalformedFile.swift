/// The bytes of a file break a rule of its format.
public struct MalformedFile: CategorisedError, Sendable {
  /// The file that holds the bytes.
  public var path: String
  /// The part of the file that is wrong, by its name in the format.
  public var section: String
  /// The offset in bytes from the start of the file, if there is one.
  public var offset: UInt64?
  /// What is wrong.
  public var problem: String

  /// Describes what is wrong with a file and where.
  public init(path: String, section: String, offset: UInt64? = nil, problem: String) {
    self.path = path
    self.section = section
    self.offset = offset
    self.problem = problem
  }

  /// A rule of the format is broken.
  public var category: FailureCategory { .malformed }

  /// The file, the section, the offset and the problem.
  public var description: String {
    let place = offset.map { " at byte \($0)" } ?? ""
    return "\(path): \(section)\(place): \(problem)"
  }
}
