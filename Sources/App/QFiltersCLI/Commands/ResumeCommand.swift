import ArgumentParser
import ByteIO
import CacheFormat
import QFilters
import Reports
import Workflows

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Load a snapshot, add a prompt and generate.",
    discussion: """
      Without --compression the whole cache is read, as with --decompressed. With it, only the \
      best 1/N of the pairs are read and attended to. With --recall, every pair is read, one \
      layer at a time. --recall keeps as many as ×N: those that the prompt attends to, and the \
      best-ranked ones. After the first token, drafts of the answer choose anew, and the draft \
      that the text supports most begins the answer (at a temperature, it only chooses).

      With --save, what the prompt and its answer add is written as a child of the snapshot. It \
      holds only the new pairs and can be resumed in turn. It refers to the snapshot, which must \
      stay as it is. In a chat, the prompt that follows an answer is a turn of its own. The new \
      pairs are ranked as the snapshot's are. With --filters they are ranked by Q-Filters, with \
      budgets by head if the bank has a linear score. They continue what was held. After a turn \
      at ×N or by recall they differ from the whole cache's, and `inspect` says so.

      In a chain, --compression N applies to each snapshot. A turn that fits in sinks and window \
      is kept whole. After many short turns, `recompress` merges the chain into one snapshot: ×N \
      then keeps 1/N of the whole. --recall N always counts the whole.

      With --export, the cache after the answer is written in the layout of `export`. It has \
      keys and values of what was kept and of the new tokens, in the snapshot's type. Pairs that \
      recall brought nearer (--reach) are written with their true positions, but with keys turned \
      to the nearer ones.

      Ctrl-C ends an answer where it is. What was said is saved and exported, and the process \
      ends by that signal (130 in a shell; 143 after a request to terminate). A second Ctrl-C \
      ends it at once.

      --json has ids, text and stop (end, length, context, string or interrupted), loadSeconds, \
      firstTokenSeconds and decodeSeconds; pairs and cacheBytes that are held at the first token; \
      bytesRead and contextTokens of the snapshot; identity, which says what proved that the \
      snapshot is of the model (values, files, or trust). --save adds savedBytes (the child's \
      size) and saveSeconds; --export adds exportedBytes, unless writing failed.
      """)

  @Argument(help: .snapshot, completion: .snapshot) var snapshot: String
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var kept: KeptOptions
  @Option(
    help: ArgumentHelp(
      "Snapshot to write (.kvsnap): what the prompt and its answer add.", valueName: "file"),
    completion: .snapshot)
  var save: String?
  @Option(
    help: ArgumentHelp(
      "File to write (.safetensors): the cache as it is after the answer.", valueName: "file"),
    completion: .tensors)
  var export: String?
  @OptionGroup var generation: GenerationOptions
  @OptionGroup var budget: BudgetOptions
  @OptionGroup var trust: TrustOption
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let ids: [Int]
    let text: String
    let stop: GenerationResult.Stop
    let loadSeconds: Double
    let firstTokenSeconds: Double
    let decodeSeconds: Double
    let pairs: Int
    let cacheBytes: Int
    let bytesRead: UInt64
    let contextTokens: Int
    let identity: String
    let savedBytes: UInt64?
    let saveSeconds: Double?
    let exportedBytes: UInt64?
  }

  func validate() throws {
    guard save == nil || budget.budget == nil else {
      throw ValidationError("--save needs the pairs that --budget evicts; give one of the two.")
    }
    guard save?.hasSuffix(".kvsnap") != false else {
      throw ValidationError("--save must end in .kvsnap.")
    }
    guard export?.hasSuffix(".safetensors") != false else {
      throw ValidationError("--export must end in .safetensors.")
    }
    guard budget.budget != nil || save != nil || budget.filters == nil else {
      throw ValidationError("--filters needs --budget or --save.")
    }
  }

  func run() throws {
    let text = try prompt.text()
    if let save {
      try Address.checkIsPath(save)
      try Resume.checkSave(save, snapshot: snapshot, with: try companions.companions)
    }
    try force.check(save, as: .snapshot)
    try force.check(export, as: .cacheTensors)
    var options = generation.options
    options.eviction = try budget.eviction()
    let save = try save.map { path in
      Resume.Save(
        path: path, filters: try budget.filters.map { (try FilterBank(path: $0), $0) })
    }
    let model = try model.load(.inMemoryLater)
    ProgressBar.begin("resume \(Folder.name(of: snapshot))")
    // Files are written even if nobody reads the answer any more.
    let writes = save != nil || export != nil
    if writes { ignorePipeSignal(true) }
    var unwritten = ""
    let result = try Resume.run(
      model, snapshot: snapshot, with: try companions.companions, text: text, mode: kept.mode,
      options: options, trusts: trust.trust, save: save, export: export,
      emit: { text in
        guard !report.json else { return StartTime.mark(text) }
        guard writes else { return Terminal.write(text) }
        if !unwritten.isEmpty || !Terminal.offer(text) { unwritten += text }
      })
    if writes { ignorePipeSignal(false) }
    try show(result, unwritten: unwritten)
    TrustOption.advise(snapshot, result.proof, isTrusted: result.isTrusted)
    if !report.json { result.generation.adviseIfCut(model) }
    if result.isPlainText, model.takesChatInstead(of: text) {
      Terminal.advise(
        "\(snapshot) was prefilled without --chat, so the prompt continues its text; "
          + "to ask about the text, prefill it with --chat")
    }
    if result.proof == .files {
      Terminal.note("\(snapshot): the model is proven by its files")
    }
    try note(result)
  }

  /// Prints what was written, or throws why it could not be.
  private func note(_ result: Resume.Result) throws {
    if let save, let saved = try result.saved?.get() {
      Terminal.note(
        "\(save): \(Format.bytes(saved.bytes)) written in \(Format.seconds(saved.seconds))")
      let expected = Folder.sibling(of: save, named: Folder.name(of: snapshot))
      if !Folder.isOneFile(expected, snapshot) {
        Terminal.advise(
          "\(save) continues a snapshot in another folder; to use it, add --parent \(snapshot)")
      }
    }
    if let export, let bytes = try result.exported?.get() {
      Terminal.note("\(export): \(Format.bytes(bytes)) written")
    }
  }

  private func show(_ result: Resume.Result, unwritten: String) throws {
    if report.json { return try Terminal.json(report(result)) }
    Terminal.line(unwritten)
    Terminal.note(
      "\(result.contextTokens) tokens resumed: \(Format.bytes(result.bytesRead)) read in "
        + "\(Format.seconds(result.loadSeconds)), first token after "
        + Format.seconds(result.firstTokenSeconds))
  }

  private func report(_ result: Resume.Result) -> Report {
    let saved = try? result.saved?.get()
    return Report(
      ids: result.generation.ids, text: result.generation.text, stop: result.generation.stop,
      loadSeconds: result.loadSeconds, firstTokenSeconds: result.firstTokenSeconds,
      decodeSeconds: result.generation.decodeSeconds,
      pairs: result.pairs, cacheBytes: result.cacheBytes, bytesRead: result.bytesRead,
      contextTokens: result.contextTokens, identity: result.proof.rawValue,
      savedBytes: saved?.bytes, saveSeconds: saved?.seconds,
      exportedBytes: try? result.exported?.get())
  }
}
