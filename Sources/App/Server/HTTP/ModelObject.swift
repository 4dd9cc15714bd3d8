/// A model in OpenAI's form.
struct ModelObject: Encodable {
  private let model: ServerSettings.Model
  private let created: Int

  init(_ model: ServerSettings.Model, created: Int) {
    (self.model, self.created) = (model, created)
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(model.name, forKey: "id")
    try values.encode("model", forKey: "object")
    try values.encode(created, forKey: "created")
    try values.encode("local", forKey: "owned_by")
  }
}

/// The answer to `GET /v1/models`.
struct ModelList: Encodable {
  let object = "list"
  let data: [ModelObject]

  init(_ server: QFiltersServer) {
    data = server.settings.models.map { ModelObject($0, created: server.started) }
  }
}
