package import ByteIO
import CacheFormat

/// The ranking needs queries, which a cache does not hold.
package struct QueriesNotStored: CategorisedError, Sendable {
  /// The method's name.
  package let method: String

  /// Names the method.
  package init(method: String) { self.method = method }

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    method == ScorerID.kvzip.name
      ? "\(method) ranks by a second pass over the context, which needs the model"
      : "\(method) ranks by the context's queries, which a cache does not hold"
  }
}
