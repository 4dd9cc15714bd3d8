/// Reports how much of a long job is done.
///
/// - Parameters:
///   - what: What is being done: "prefill", "write", …
///   - done: Units done, at most `total`.
///   - total: Units in all.
package typealias Progress = (_ what: String, _ done: Int, _ total: Int) -> Void
