import ByteIO

/// The step after the model.
extension TokenizerFile {
  /// The token that is put before a text, if any. Nothing may be put after it.
  static func postProcessor(_ object: JSONObject) throws -> [UInt8]? {
    guard let whole = try object.object("post_processor") else { return nil }
    let parts = try whole.text("type") == "Sequence" ? whole.array("processors") ?? [] : nil
    var (first, hasTemplate): ([UInt8]?, Bool) = (nil, false)
    for part in try parts?.map({ try JSONObject($0, whole.path, whole.section) }) ?? [whole] {
      let type = try part.text("type") ?? "(none)"
      switch type {
      case "ByteLevel": break
      case "TemplateProcessing" where !hasTemplate:
        (first, hasTemplate) = (try specialBeforeText(part), true)
      default: throw unsupported(object, "post_processor \(type)", ["ByteLevel", "none"])
      }
    }
    return first
  }

  /// The special token in a template for one text. The template may have the text alone, or such a
  /// token and the text.
  private static func specialBeforeText(_ template: JSONObject) throws -> [UInt8]? {
    let pieces = try template.array("single")?.map {
      try JSONObject($0, template.path, template.section)
    }
    let supported = ["a text", "a special token and a text"]
    guard let pieces, let last = pieces.last, pieces.count <= 2,
      try last.object("Sequence")?.text("id") == "A"
    else { throw unsupported(template, "the template of the post_processor", supported) }
    guard pieces.count == 2 else { return nil }
    guard let token = try pieces[0].object("SpecialToken")?.bytes("id") else {
      throw unsupported(template, "the template of the post_processor", supported)
    }
    return token
  }

  static func unsupported(
    _ object: JSONObject, _ what: String, _ supported: [String]
  ) -> UnsupportedModel {
    UnsupportedModel(path: object.path, what: what, supported: supported)
  }
}
