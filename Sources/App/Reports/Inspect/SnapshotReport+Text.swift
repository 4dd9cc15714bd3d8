extension SnapshotReport: CustomStringConvertible {
  private static let barWidth = 6

  /// The report for people, in 80 columns.
  package var description: String {
    let parts =
      [heading, identity.text(with: files), tierTable] + (budgets.map { ["\($0)"] } ?? [])
      + (blocks.map { [$0.table] } ?? [tensorTable, layerTable])
      + (meta.map { [Self.list($0)] } ?? []) + ["\(ProvenanceText(provenance))"]
    let drawing = heatmap.map { ["heat map of ×\($0.compression): \($0.file)"] } ?? []
    return (parts + drawing).joined(separator: "\n\n")
  }

  private var heading: String {
    let form =
      switch promptForm {
      case "open user turn": ", the beginning of a user's turn"
      case "open answer": ", the beginning of an answer"
      default: ""
      }
    let precision =
      keyPrecision == valuePrecision
      ? keyPrecision + (blocks.map(Self.coding) ?? "")
      : "keys in \(keyPrecision), values in \(valuePrecision)"
    let share = cacheBytes > 0 ? ", \(Format.percent(bytes, of: cacheBytes, 1)) of the cache" : ""
    let shape =
      "\(Format.count(layers, "layer")) × \(Format.count(kvHeads, "KV head")) × "
      + "(\(keyLength) + \(valueLength))" + (layerShapes == nil ? "" : " at most")
    let origin = parent.map { parent in
      [
        ("continues", Format.shortened(parent.fileName, to: 60)),
        ("of digest", Format.shortened(parent.digest)),
        (
          "own tokens",
          "\(Format.count(ownTokens)), from position \(Format.count(parent.firstPosition)) on"
        ),
      ]
    }
    return Format.list(
      "snapshot of \(Format.count(tokens, "token"))\(form)",
      (origin ?? []) + [
        ("cache", "\(shape), \(Format.bytes(cacheBytes))"), ("precision", precision),
        ("file", "\(Format.bytes(bytes))\(share)"),
      ] + (keys.map { [("encrypted", Self.list(keys: $0))] } ?? []) + [
        ("digest", Format.shortened(digest))
      ] + (trusted ? [("trust", "somebody vouched for its model; nothing proves it")] : []) + [
        (
          "metadata",
          Format.bytes(metadataBytes)
            + ", \(Format.percent(metadataBytes, of: bytes, 2)) of the file"
        ),
        (
          "ranking",
          "\(scorer), \(Format.count(sinks, "sink")), window of \(Format.count(window))"
        ),
      ])
  }

  private static func list(keys: [String]) -> String {
    ["key file", "passphrase"].compactMap { kind in
      let count = keys.count { $0 == kind }
      return count > 0 ? Format.count(count, kind) : nil
    }.joined(separator: ", ")
  }

  /// Texts of other programs, a line each.
  private static func list(_ meta: [String: String]) -> String {
    Format.list(
      "metadata of other programs",
      meta.sorted { $0.key < $1.key }.map {
        (Format.shortened($0.key, to: 30), Format.shortened($0.value, to: 44))
      })
  }

  private static func coding(_ blocks: BlocksReport) -> String {
    ", coded by a transform" + (blocks.quality.map { " in \($0) quality" } ?? "")
  }

  private var tierTable: String {
    let all = ownTokens * layers * kvHeads
    var table = TextTable(
      blocks == nil ? "tiers, best first" : "tiers, best first; a tier's bytes are its positions",
      ["tier", "pairs", "pairs held", "of all", "stored in", "tier's bytes", "to read"])
    for tier in tiers {
      table.add([
        "×\(tier.compression)", Format.count(tier.pairs), Format.count(tier.pairsHeld),
        Format.percent(tier.pairsHeld, of: all, 1),
        tier.keyPrecision == tier.valuePrecision
          ? tier.keyPrecision : "\(tier.keyPrecision), \(tier.valuePrecision)",
        Format.bytes(tier.bytes),
        Format.bytes(tier.prefixBytes),
      ])
    }
    return table.description
  }

  private var tensorTable: String {
    var table = TextTable("bytes by tensor", ["tensor", "stored", "raw", "stored / raw"])
    let sizes = bytesByTensor
    for (name, size) in [
      ("positions", sizes.positions), ("keys", sizes.keys), ("values", sizes.values),
      ("all", sizes.all),
    ] {
      table.add([
        name, Format.bytes(size.storedBytes), Format.bytes(size.rawBytes),
        Format.percent(size.storedBytes, of: size.rawBytes, 1),
      ])
    }
    return table.description
  }

  /// Each cell is what is stored, and how much of the raw bytes that is.
  private var layerTable: String {
    var table = TextTable(
      "bytes by layer, and what share of the raw bytes they are",
      ["layer", "positions", "keys", "values", "all"])
    for (layer, sizes) in bytesByLayer.enumerated() {
      let cells = [sizes.positions, sizes.keys, sizes.values, sizes.all].map { size in
        let share = Format.percent(size.storedBytes, of: size.rawBytes, 0)
        return Format.bytes(size.storedBytes) + " " + Format.aligned(share, 4)
      }
      let share = Format.share(sizes.all.storedBytes, of: sizes.all.rawBytes) ?? 0
      table.add(["\(layer)"] + cells, Format.bar(share, width: Self.barWidth))
    }
    return table.description
  }
}
