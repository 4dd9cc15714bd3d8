import ArgumentParser
import ByteIO
import Workflows

/// What the model card of exported filters says beyond the filter bank.
struct CardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Model card: the model's repository on the hub. Default: what --model names.",
      valueName: "owner/name"))
  var baseModel: String?
  @Option(
    help: ArgumentHelp(
      "Model card: the licence as the hub writes it, such as apache-2.0. Default: what --model "
        + "names.", valueName: "name"))
  var license: String?
  @Option(
    help: ArgumentHelp(
      "Model card: the calibration text in words, or its repository on the hub (owner/name).",
      valueName: "text"))
  var corpus: String?
  @Option(
    help: ArgumentHelp(
      "Model card: the repository of this upload, from which its snippet loads the filters. "
        + "Default: the folder's name.", valueName: "owner/name"))
  var repository: String?
  @Option(
    help: """
      Model that the file must belong to: a .gguf file or a folder. Its files complete the model \
      card of a filter bank; a snapshot needs it for other engines.
      """, completion: .model)
  var model: String?
  @OptionGroup var identity: IdentityOption

  func validate() throws {
    for (option, name) in [("--base-model", baseModel), ("--repository", repository)] {
      guard name.map(CardFacts.isRepository) ?? true else {
        throw ValidationError("\(option) is a repository of the hub, as in owner/name.")
      }
    }
    for (option, text) in [("--license", license), ("--corpus", corpus)] {
      guard let text else { continue }
      let hasControls = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
      guard !text.isEmpty, !hasControls else {
        throw ValidationError("\(option) needs a text of one line.")
      }
    }
  }

  /// Whether any of them is given.
  var isGiven: Bool {
    facts != CardFacts() || model != nil || identity.isDisabled
  }

  var facts: CardFacts {
    CardFacts(
      baseModel: baseModel, license: license, corpus: corpus, repository: repository)
  }

  func loadModel() throws -> LoadedModel? {
    guard let model else { return nil }
    ProgressBar.begin("load \(Folder.name(of: model))")
    return try LoadedModel(path: model, remembersIdentity: identity.remembers)
  }

  /// What a user should know of an export.
  func advise(_ export: FilterExchange.Export, folder: String) {
    let path = Folder.path(folder, "README.md")
    switch export.card {
    case .kept: Terminal.advise("\(path) was edited, and stays as it is")
    case .keptOfOtherBank:
      Terminal.advise(
        "\(path) was edited, and stays as it is; it does not name this filter bank, so bring it up "
          + "to date, or replace it with --force")
    case .written:
      let missing = [
        export.facts.baseModel == nil ? "--base-model" : nil,
        export.facts.license == nil ? "--license" : nil,
      ].compactMap(\.self)
      guard !missing.isEmpty else { return }
      Terminal.advise(
        "the model card lacks what hubs look for; give \(missing.joined(separator: " and "))")
    }
  }
}
