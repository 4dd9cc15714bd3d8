import ArgumentParser
import ByteIO
import QFilters
import Reports
import Workflows

struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Converse with a model, about a document or without one.",
    discussion: """
      Each turn is saved in a store when its answer ends. With --name, the conversation can be \
      continued later, after any interruption. --document names a context of the store, which \
      `store add` or `prefill --out FOLDER/NAME.kvsnap` puts there.

      Ctrl-C ends an answer and keeps what was said. At the prompt, Ctrl-C or Ctrl-D ends the chat. \
      If standard input is no terminal, each line is a question. \(ChatInput.help)
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var store: OwnStoreOptions
  @Option(help: "Name of the conversation. Default: none; /save gives it one.")
  var name: String?
  @Option(help: "Name of the stored document to ask about.")
  var document: String?
  @Option(
    help: ArgumentHelp(
      "Filter bank of the model (.qfilt), which ranks what is saved. Default: KeyDiff ranks it.",
      valueName: "file"), completion: .filterBank)
  var filters: String?
  @OptionGroup var kept: KeptOptions
  @OptionGroup var generation: GenerationOptions

  func run() throws {
    let store = try store.open()
    var conversation = try Conversation(
      in: store, name: name.map { try StoreName(given: $0) },
      document: document.map { try store.name(of: $0) }, mode: kept.mode)
    let model = try model.load()
    let responder = try Responder(
      model, store: store, ranking: ranking(), report: { Terminal.advise($0) })
    if let last = conversation.last {
      let entry = try store.entry(last)
      Terminal.note("\(last): \(Format.count(entry.tokens, "token"))")
    }
    Terminal.note("/help lists what can be said besides questions")
    while let input = ChatInput.read() {
      do {
        switch input {
        case .question(let text): try ask(text, &conversation, responder)
        case .command(let command): try command.run(&conversation)
        case .end: return
        }
      } catch let error where input.isCorrectable(error) {
        Terminal.failure(error, of: Self.self)
      }
    }
  }

  private func ranking() throws -> ScorerSource {
    let bank = try filters.map { (try FilterBank(path: $0), path: $0) }
    guard let source = ScorerSource(bank == nil ? .keyDiff : .qFilters, bank: bank, seed: 0) else {
      throw ValidationError("--filters is needed.")
    }
    return source
  }

  private func ask(
    _ text: String, _ conversation: inout Conversation, _ responder: Responder
  ) throws {
    let options = generation.options
    // From here to the end of the answer, Ctrl-C ends the answer.
    _ = Interruption.isRequested()
    defer { Interruption.acceptAtOnce() }
    let answer = try conversation.ask(text, responder, options) { Terminal.write($0) }
    Terminal.line("")
    answer.generation.adviseIfCut(responder.model)
    Terminal.note(
      "\(answer.cachedTokens) of \(answer.promptTokens) tokens from the store, first token after "
        + Format.seconds(answer.firstTokenSeconds))
    if case .failure(let error) = answer.saved {
      Terminal.advise("the turn is not saved: \(Advice.sentence(error, of: Self.self))")
    }
  }
}
