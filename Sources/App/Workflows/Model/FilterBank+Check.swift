import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters

extension FilterBank {
  /// Checks that the filters, which came from the file at `path`, fit a model.
  ///
  /// - Throws: `IdentityMismatch` if they are another model's; `MalformedFile` if they name this
  ///   model and yet do not fit it.
  package func check(_ model: LoadedModel, path: String) throws {
    let architecture = model.engine.architecture
    try check(identity: model.identity, cache: FilterShape(of: architecture), path: path)
    guard heads == nil || heads?.queryHeads == architecture.queryHeads else {
      throw MalformedFile(
        path: path, section: "head",
        problem: "filters of \(heads?.queryHeads ?? 0) query heads, but its own model has "
          + "\(architecture.queryHeads); compute them again")
    }
  }
}
