/// Gives sections the sizes that their counts ask for, so that the section's length alone does not
/// reveal a changed count. Counts that ask for much stay wrong.
enum Sizes {
  /// The longest section whose size is corrected.
  static let limit = 1 << 12

  static func repair(_ image: inout ContainerImage) {
    if image["FILT"] != nil { repairFilters(&image) }
    if image["STAT"] != nil { repairStatistics(&image) }
    if image["CONT"] != nil { repairSnapshot(&image) }
  }

  private static func repairFilters(_ image: inout ContainerImage) {
    guard var section = image["FILT"] else { return }
    let count = product(section.u32(0), section.u32(4), section.u32(8))
    resize(&section, to: 16 + 4 * count)
    image["FILT"] = section
  }

  private static func repairStatistics(_ image: inout ContainerImage) {
    guard var section = image["STAT"] else { return }
    let length = product(section.u32(12))
    let heads = product(section.u32(0), section.u32(4))
    resize(&section, to: 24 + 8 * heads * (length + length * (length + 1) / 2))
    image["STAT"] = section
  }

  private static func repairSnapshot(_ image: inout ContainerImage) {
    guard var context = image["CONT"] else { return }
    context.set(context.u64(16), at: 24)
    image["CONT"] = context
    if var tokens = image["TOKN"] {
      resize(&tokens, to: 4 * product(context.u32(16)))
      image["TOKN"] = tokens
    }
    guard var tiers = image["TIER"] else { return }
    let (heads, count) = (product(context.u32(0), context.u32(4)), product(tiers.u32(12)))
    resize(&tiers, to: 16 + 4 * (count + heads + count * heads))
    image["TIER"] = tiers
    // A transform-coded snapshot's keys and values are no chunks.
    guard image["BLKS"] == nil else { return }
    ChunkSizes(context: context, tiers: tiers)?.repair(&image)
  }

  /// The product of counts, but hardly more than `limit`.
  static func product(_ factors: UInt32...) -> Int {
    factors.reduce(1) { min($0 * min(Int($1), limit), limit) }
  }

  private static func resize(_ section: inout [UInt8], to count: Int) {
    if count <= limit { section.resize(to: count) }
  }
}
