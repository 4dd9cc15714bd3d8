import Evaluation
import Workflows

/// Everything that a folder holds, on one page that needs nothing else: no server, no network, no script.
struct ReportPage {
  private let sections: [ReportSection]
  /// What all sections were measured with, which stands at the top; the rest stands with each.
  private let shared: [String]

  init(sections: [ReportSection]) {
    self.sections = sections
    let facts = sections.map { Self.facts($0.origin) }
    shared = (facts.first ?? []).filter { fact in facts.allSatisfy { $0.contains(fact) } }
  }

  var html: String {
    """
    \(OutputFile.pageBeginning)\
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>\(SVG.escaped(title))</title>
    \(Self.style)
    </head>
    <body>
    <main>
    <h1>\(SVG.escaped(title))</h1>
    \(Self.list(shared))
    <nav>\(contents)</nav>
    \(sections.map(section).joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  private var title: String {
    let models = sections.map(\.origin.model).uniqued
    return models.isEmpty ? "No results yet" : "What \(models.joined(separator: ", ")) keeps"
  }

  private var contents: String {
    sections.map { "<a href=\"#\($0.name)\">\(SVG.escaped($0.title))</a>" }.joined(
      separator: "\n")
  }

  private static func facts(_ origin: ResultOrigin) -> [String] {
    let digests =
      [
        ("weights", origin.weights), ("architecture", origin.architecture), ("RoPE", origin.rope),
        ("tokenizer", origin.tokenizer),
      ] + (origin.filters.map { [("filter bank", $0)] } ?? [])
    return [entry("model", origin.model)]
      + digests.map { entry($0, $1, isDigest: true) }
      + origin.machines.map {
        entry("machine", "\($0.processor), \(Format.count($0.cores, "core"))")
      }
      + [
        entry("kernels", "\(origin.kernels), OpenBLAS \(origin.blas)"),
        entry("program", origin.tool),
      ]
  }

  private static func list(_ facts: [String]) -> String {
    facts.isEmpty ? "" : "<dl class=\"facts\">\n\(facts.joined(separator: "\n"))\n</dl>"
  }

  private static func entry(_ name: String, _ value: String, isDigest: Bool = false) -> String {
    let text = SVG.escaped(value)
    return
      "<div><dt>\(SVG.escaped(name))</dt><dd>\(isDigest ? "<code>\(text)</code>" : text)</dd></div>"
  }

  private func section(_ section: ReportSection) -> String {
    let settings = section.settings.sorted { $0.key < $1.key }
    let files =
      (["json", "csv"].map { "\(section.name).\($0)" } + section.pictures.map { "\($0.name).svg" })
      .map { #"<a href="\#($0)">\#($0)</a>"# }
    return """
      <section id="\(section.name)">
      <h2>\(SVG.escaped(section.title))</h2>
      <p>\(SVG.escaped(section.explanation))</p>
      \(Self.table(section.table))
      \(section.pictures.map { "<figure>\n\($0.svg)</figure>" }.joined(separator: "\n"))
      \(Self.list(Self.facts(section.origin).filter { !shared.contains($0) }))
      <dl class="facts">
      \(settings.map { Self.entry($0.key, $0.value, isDigest: $0.value.utf8.count == 64) }.joined(separator: "\n"))
      \(Self.entry("begun", section.started))
      \(Self.entry("time", Format.duration(section.seconds)))
      </dl>
      <p class="files">\(files.joined(separator: "\n"))</p>
      </section>
      """
  }

  private static func table(_ table: (headings: [String], rows: [[String]])) -> String {
    let head = table.headings.map { "<th scope=\"col\">\(SVG.escaped($0))</th>" }.joined()
    let rows = table.rows.map { row in
      let cells = row.enumerated().map { index, text in
        index == 0
          ? "<th scope=\"row\">\(SVG.escaped(text))</th>" : "<td>\(SVG.escaped(text))</td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return """
      <div class="scroll"><table>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      """
  }

  private static let style = """
    <style>
    :root { color-scheme: light dark; --paper: #ffffff; --ink: #16202b; --quiet: #44525f; --rule: #dde3e8; --link: #1f5fae; }
    @media (prefers-color-scheme: dark) {
    :root { --paper: #12171d; --ink: #eef3f7; --quiet: #a9b6c2; --rule: #2a333d; --link: #82b8e6; }
    }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
    main { max-width: 1040px; margin: 0 auto; padding: 32px 24px 64px; }
    h1 { font-size: 28px; line-height: 1.25; margin: 0 0 16px; }
    h2 { font-size: 21px; margin: 56px 0 8px; padding-top: 20px; border-top: 1px solid var(--rule); }
    p { max-width: 72ch; margin: 8px 0 16px; }
    a { color: var(--link); }
    nav a, .files a { margin-right: 18px; white-space: nowrap; }
    nav { margin: 20px 0; }
    .files { font-size: 14px; max-width: none; }
    .facts { margin: 16px 0; font-size: 14px; color: var(--quiet); }
    .facts div { display: flex; gap: 12px; }
    .facts dt { flex: 0 0 150px; }
    .facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
    code { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 12.5px; }
    .scroll { overflow-x: auto; margin: 16px 0; }
    table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
    th, td { padding: 4px 9px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
    th:first-child { text-align: left; padding-left: 0; }
    thead th { color: var(--quiet); font-weight: 600; }
    tbody th { font-weight: 400; }
    figure { margin: 24px 0; overflow-x: auto; }
    figure svg { max-width: 100%; min-width: 600px; height: auto; }
    </style>
    """
}
