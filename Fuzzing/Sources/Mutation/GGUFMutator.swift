/// Changes a GGUF file in one value, and corrects the lengths and counts around it.
public enum GGUFMutator {
  /// The body of `LLVMFuzzerCustomMutator`: changes `count` bytes in place, to at most `maximum`,
  /// and returns how many there are then.
  @unsafe public static func mutate(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, maximum: Int, seed: UInt32
  ) -> Int {
    unsafe mutateInPlace(bytes, count: count, maximum: maximum, seed: seed, mutated)
  }

  /// The same for an input of the tokenizer: the length of a text in one byte, the text, a GGUF
  /// file.
  @unsafe public static func mutateWithText(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, maximum: Int, seed: UInt32
  ) -> Int {
    unsafe mutateInPlace(bytes, count: count, maximum: maximum, seed: seed) {
      input, growth, random in
      guard let length = input.first.map({ Int($0) }), input.count > length else {
        return mutated(input, growth: growth, &random)
      }
      var text = Array(input[1..<1 + length])
      var file = Array(input[(1 + length)...])
      if random.oneIn(3) {
        text.mutate(growth: min(growth, Int(UInt8.max) - length))
      } else {
        file = mutated(file, growth: growth, &random)
      }
      return [UInt8(text.count)] + text + file
    }
  }

  private static func mutated(
    _ file: [UInt8], growth: Int, _ random: inout RandomSource
  ) -> [UInt8] {
    var file = file
    guard !random.oneIn(8), var image = GGUFImage(file), !image.values.isEmpty else {
      file.mutate(growth: growth)
      return file
    }
    let index = random.below(image.values.count)
    switch random.below(16) {
    case 0: image.values.remove(at: index)
    case 1: image.values.append(image.values[index])
    case 2: image.values[index].key.mutate(growth: min(growth, 16))
    case 3: changeType(&image.values[index], &random)
    case 4...6: image.tensors.mutate(growth: 0)
    default: mutate(&image.values[index], growth: min(growth, 64), &random)
    }
    if !random.oneIn(4) { repairTypes(&image) }
    return image.encoded
  }

  /// The same bytes as a number of another type.
  private static func changeType(_ value: inout GGUFImage.Value, _ random: inout RandomSource) {
    value.type = UInt32(random.below(13))
    let width = GGUFImage.width(value.type)
    if width > 0 { value.bytes.resize(to: width) }
  }

  private static func mutate(
    _ value: inout GGUFImage.Value, growth: Int, _ random: inout RandomSource
  ) {
    switch value.type {
    case GGUFImage.text: value.bytes = mutatedText(value.bytes, growth: growth)
    case GGUFImage.array: mutateArray(&value.bytes, growth: growth, &random)
    default: value.bytes.mutate(growth: 0)
    }
  }

  private static func mutatedText(_ bytes: [UInt8], growth: Int) -> [UInt8] {
    var text = Array(bytes.dropFirst(8))
    text.mutate(growth: growth)
    return GGUFImage.littleEndian(UInt64(text.count)) + text
  }

  /// Changes, removes, doubles or exchanges elements of an array.
  private static func mutateArray(
    _ bytes: inout [UInt8], growth: Int, _ random: inout RandomSource
  ) {
    let type = bytes.u32(0)
    var (elements, position) = ([[UInt8]](), 12)
    while let length = GGUFImage.length(bytes, position, type), length > 0 {
      elements.append(Array(bytes[position..<position + length]))
      position += length
    }
    guard !elements.isEmpty else { return }
    let (index, other) = (random.below(elements.count), random.below(elements.count))
    switch random.below(6) {
    case 0: elements.remove(at: index)
    case 1: elements.append(elements[index])
    case 2: elements.swapAt(index, other)
    case 3: elements[index] = elements[other]
    default:
      if type == GGUFImage.text {
        elements[index] = mutatedText(elements[index], growth: growth)
      } else {
        elements[index].mutate(growth: 0)
      }
    }
    let count = GGUFImage.littleEndian(UInt64(elements.count))
    bytes = GGUFImage.littleEndian(type) + count + elements.joined()
  }

  /// Gives each token a type, without which no vocabulary is accepted.
  private static func repairTypes(_ image: inout GGUFImage) {
    guard let tokens = image.index(of: "tokenizer.ggml.tokens"),
      let types = image.index(of: "tokenizer.ggml.token_type")
    else { return }
    let count = image.values[tokens].bytes.u64(4)
    let before = image.values[types].bytes.u64(4)
    guard image.values[types].type == GGUFImage.array, before < count, count <= 4096 else { return }
    for _ in before..<count { image.values[types].bytes += GGUFImage.littleEndian(UInt32(1)) }
    image.values[types].bytes.set(count, at: 4)
  }
}
