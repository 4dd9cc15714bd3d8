/// The version of this project.
package enum Version {
  /// As in the change log.
  package static let current = "0.1.0"
}
