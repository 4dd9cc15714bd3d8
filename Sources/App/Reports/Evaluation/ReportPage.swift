import Evaluation
import Workflows

/// All results of a folder, on one page that needs no server, no network and no script.
struct ReportPage {
  private let sections: [ReportSection]
  /// Facts that all sections share, at the top. The others are with each section.
  private let shared: [Fact]

  init(sections: [ReportSection]) {
    self.sections = sections
    let facts = sections.map { Self.facts($0.origin) }
    shared = (facts.first ?? []).filter { fact in facts.allSatisfy { $0.contains(fact) } }
  }

  var html: String {
    let head = [
      Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      Markup("meta", ["name": "color-scheme", "content": "light dark"]),
      Markup("title", text: title), Markup(verbatim: Self.style),
    ]
    let contents = sections.map { Markup("a", ["href": "#\($0.name)"], text: $0.title) }
    let main =
      [Markup("h1", text: title)] + Self.list(shared) + [Markup("nav", lines: contents)]
      + sections.map(section)
    let body = Markup("body", lines: [Markup("main", lines: main)])
    return OutputFile.pageBeginning + head.map { $0.source + "\n" }.joined()
      + "</head>\n\(body.source)\n</html>\n"
  }

  private var title: String {
    let models = sections.map(\.origin.model).uniqued
    return models.isEmpty ? "No results yet" : "What \(models.joined(separator: ", ")) keeps"
  }

  /// A name and its value.
  private struct Fact: Equatable {
    let name, value: String
    var isDigest = false

    var markup: Markup {
      let text = isDigest ? Markup("code", text: value) : Markup(text: value)
      return Markup("div", inline: [Markup("dt", text: name), Markup("dd", inline: [text])])
    }
  }

  private static func facts(_ origin: ResultOrigin) -> [Fact] {
    let digests =
      [
        ("weights", origin.weights), ("architecture", origin.architecture), ("RoPE", origin.rope),
        ("tokenizer", origin.tokenizer),
      ] + (origin.filters.map { [("filter bank", $0)] } ?? [])
    let machines = origin.machines.map {
      Fact(name: "machine", value: "\($0.processor), \(Format.count($0.cores, "core"))")
    }
    return [Fact(name: "model", value: origin.model)]
      + digests.map { Fact(name: $0, value: $1, isDigest: true) } + machines
      + [
        Fact(name: "kernels", value: "\(origin.kernels), OpenBLAS \(origin.blas)"),
        Fact(name: "program", value: origin.tool),
      ]
  }

  /// Facts one below the other; nothing if there are none.
  private static func list(_ facts: [Fact]) -> [Markup] {
    facts.isEmpty ? [] : [Markup("dl", ["class": "facts"], lines: facts.map(\.markup))]
  }

  private func section(_ section: ReportSection) -> Markup {
    let settings = section.settings.sorted { $0.key < $1.key }.map {
      Fact(name: $0.key, value: $0.value, isDigest: $0.value.utf8.count == 64)
    }
    let times = [
      Fact(name: "begun", value: section.started),
      Fact(name: "time", value: Format.duration(section.seconds)),
    ]
    let files =
      ["json", "csv"].map { "\(section.name).\($0)" } + section.pictures.map { "\($0.name).svg" }
    let links = files.map { Markup("a", ["href": $0], text: $0) }
    let figures = section.pictures.map {
      Markup("figure", lines: [Markup(verbatim: String($0.svg.dropLast()))])
    }
    return Markup(
      "section", ["id": section.name],
      lines: [
        Markup("h2", text: section.title), Markup("p", text: section.explanation),
        Self.table(section.table),
      ] + figures + Self.list(Self.facts(section.origin).filter { !shared.contains($0) })
        + Self.list(settings + times) + [Markup("p", ["class": "files"], lines: links)])
  }

  private static func table(_ table: (headings: [String], rows: [[String]])) -> Markup {
    let head = table.headings.map { Markup("th", ["scope": "col"], text: $0) }
    let rows = table.rows.map { row in
      Markup(
        "tr",
        inline: row.enumerated().map { index, text in
          index == 0 ? Markup("th", ["scope": "row"], text: text) : Markup("td", text: text)
        })
    }
    let content = Markup(
      "table",
      lines: [Markup("thead", inline: [Markup("tr", inline: head)]), Markup("tbody", lines: rows)])
    return Markup("div", ["class": "scroll"], inline: [content])
  }

  private static let style = """
    <style>
    :root {
      color-scheme: light dark; --paper: #ffffff; --ink: #16202b; --quiet: #44525f;
      --rule: #dde3e8; --link: #1f5fae;
    }
    @media (prefers-color-scheme: dark) {
    :root { --paper: #12171d; --ink: #eef3f7; --quiet: #a9b6c2; --rule: #2a333d; --link: #82b8e6; }
    }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, 'DejaVu Sans', sans-serif;
    }
    main { max-width: 1040px; margin: 0 auto; padding: 32px 24px 64px; }
    h1 { font-size: 28px; line-height: 1.25; margin: 0 0 16px; }
    h2 {
      font-size: 21px; margin: 56px 0 8px; padding-top: 20px; border-top: 1px solid var(--rule);
    }
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
    th, td {
      padding: 4px 9px; text-align: right; white-space: nowrap;
      border-bottom: 1px solid var(--rule);
    }
    th:first-child { text-align: left; padding-left: 0; }
    thead th { color: var(--quiet); font-weight: 600; }
    tbody th { font-weight: 400; }
    figure { margin: 24px 0; overflow-x: auto; }
    figure svg { max-width: 100%; min-width: 600px; height: auto; }
    </style>
    """
}
