/// What the commands print with `--json`, as scripts read it.
struct Generated: Decodable {
  let ids: [Int]
  let text: String
  let promptTokens: Int
  let prefillSeconds, decodeSeconds: Double
  let kernels, blas: String
}

struct Resumed: Decodable {
  let ids: [Int]
  let text: String
  let loadSeconds, firstTokenSeconds, decodeSeconds: Double
  let pairs, cacheBytes, bytesRead, contextTokens: Int
}

struct Prefilled: Decodable {
  let tokens: Int
  let prefillSeconds, writeSeconds: Double
  let bytes: Int
}

struct Scored: Decodable {
  let tokens: Int
  let meanNegativeLogLikelihood, perplexity: Double
}

struct Tokenized: Decodable {
  let ids: [Int]
}

struct Inspected: Decodable {
  struct Tier: Decodable {
    let compression, pairs, prefixBytes: Int
  }
  let tokens, layers, kvHeads: Int
  let tiers: [Tier]
}
