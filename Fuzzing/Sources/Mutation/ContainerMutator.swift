/// Changes a file of the container in one place, as a hostile writer would. It corrects the
/// checksums, so that fuzzing reaches the code after them.
public enum ContainerMutator {
  /// The body of `LLVMFuzzerCustomMutator`: changes `count` bytes in place, to at most `maximum`,
  /// and returns how many there are then.
  @unsafe public static func mutate(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, maximum: Int, seed: UInt32
  ) -> Int {
    unsafe mutateInPlace(bytes, count: count, maximum: maximum, seed: seed, mutated)
  }

  private static func mutated(
    _ file: [UInt8], growth: Int, _ random: inout RandomSource
  ) -> [UInt8] {
    var file = file
    // Damage, which the checksums must find.
    guard !random.oneIn(16), var image = ContainerImage(file) else {
      file.mutate(growth: growth)
      return file
    }
    // Somebody without the key can change only what is encrypted already.
    let encryption = random.oneIn(8) ? nil : Encryption(opening: &image)
    // Header or directory, with corrected checksums.
    if random.oneIn(8) {
      mutateLayout(&file, &random)
      encryption?.seal(&file)
      return file
    }
    mutate(&image, growth: growth, &random)
    if !random.oneIn(3), encryption != nil || image["KEYS"] == nil { Sizes.repair(&image) }
    Chunks.repairChecksums(&image)
    Blocks.repairChecksums(&image)
    encryption?.close(&image)
    file = image.encoded
    if !random.oneIn(16) { encryption?.seal(&file) }
    return file
  }

  private static func mutateLayout(_ file: inout [UInt8], _ random: inout RandomSource) {
    let end =
      ContainerImage.headerByteCount
      + ContainerImage.places(file).count * ContainerImage.entryByteCount
    var layout = Array(file[8..<min(end, file.count)])
    layout.mutate(growth: 0)
    file.replaceSubrange(8..<8 + layout.count, with: layout)
    if random.oneIn(2) { file.set(UInt64(file.count), at: 32) }
    ContainerImage.repairChecksums(&file)
  }

  private static func mutate(
    _ image: inout ContainerImage, growth: Int, _ random: inout RandomSource
  ) {
    let index = random.below(image.sections.count)
    switch random.below(16) {
    case 0: image.sections.remove(at: index)
    case 1: image.sections.insert(image.sections[index], at: random.below(image.sections.count))
    case 2: image.sections.swapAt(index, random.below(image.sections.count))
    case 3: image.header.mutate(growth: 0)
    case 4...6: mutateField(&image.sections[index].bytes, &random)
    case 7...10 where image["BLKS"] != nil && random.oneIn(2):
      Blocks.mutate(&image, growth: growth, &random)
    case 7...10: Chunks.mutate(&image, growth: growth, &random)
    default: image.sections[index].bytes.mutate(growth: growth)
    }
  }

  /// Sets one 32-bit field, mostly one of the first, to a telling number: a small one, one more,
  /// one less, or the greatest.
  private static func mutateField(_ bytes: inout [UInt8], _ random: inout RandomSource) {
    let fields = bytes.count / 4
    let offset = 4 * random.below(random.oneIn(2) ? min(fields, 12) : fields)
    let value = bytes.u32(offset)
    switch random.below(6) {
    case 0: bytes.set(value &+ 1, at: offset)
    case 1: bytes.set(value &- 1, at: offset)
    case 2: bytes.set(value << 1, at: offset)
    case 3: bytes.set(UInt32.max >> UInt32(random.below(32)), at: offset)
    default: bytes.set(UInt32(random.below(9)), at: offset)
    }
  }
}
