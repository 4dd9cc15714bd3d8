import FoundationEssentials

/// Bodies of requests in JSON.
enum JSONRequest {
  /// - Throws: `ServeError`.
  static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
    do {
      return try JSONDecoder().decode(T.self, from: Data(bytes))
    } catch let error as ServeError {
      throw error
    } catch {
      throw ServeError.invalid(nil, "the body is not valid JSON, or nested too deeply")
    }
  }
}
