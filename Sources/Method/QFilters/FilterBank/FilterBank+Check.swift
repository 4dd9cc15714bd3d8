import ByteIO
package import CacheFormat

extension FilterBank {
  /// Checks that the filters fit the model of a stored cache.
  package func check(identity model: Identity, cache: FilterShape, path: String) throws {
    try identity.check(against: model, path: path)
    guard shape == cache else {
      throw MalformedFile(
        path: path, section: "FILT",
        problem: "filters of \(shape), but its own model has \(cache); compute them again")
    }
  }
}
