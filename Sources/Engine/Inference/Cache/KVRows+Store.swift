extension KVRows {
  /// Stores codes. Each `groupSize` rows of keys share scales; each row of values has its own.
  ///
  /// - Parameters:
  ///   - codes: [rows][length], one a byte.
  ///   - scales: Binary16s, [groups][length] of keys, [rows] of values.
  ///   - minima: In the shape and type of `scales`.
  ///   - slots: The slot of each row, or `UInt32.max` for one that is left out.
  ///   - firstGroup: How many groups of keys were stored before.
  /// - Returns: How many groups of keys there are then.
  public func store(
    codes: ArraySlice<UInt8>, scales: ArraySlice<UInt16>, minima: ArraySlice<UInt16>,
    slots: ArraySlice<UInt32>, groupSize: Int, firstGroup: Int
  ) -> Int {
    precondition(layout.form != .elements && codes.count == slots.count * layout.length)
    let (scales, minima) = (scales.map(Self.value), minima.map(Self.value))
    store(codes, slots: slots)
    guard layout.isGrouped else {
      storeParameters(scales, minima, slots: slots)
      return firstGroup
    }
    // Groups after the last row that has a place are left out, too.
    let used = (slots.lastIndex { $0 != UInt32.max }).map {
      ($0 - slots.startIndex) / groupSize + 1
    }
    for (row, slot) in slots.enumerated() where slot != UInt32.max {
      unsafe groupNumbers[Int(slot)] = UInt32(firstGroup + row / groupSize)
    }
    storeParameters(scales, minima, groups: firstGroup..<firstGroup + (used ?? 0))
    return firstGroup + (used ?? 0)
  }

  private static func value(_ half: UInt16) -> Float { Float(Float16(bitPattern: half)) }

  private func storeParameters(_ scales: [Float], _ minima: [Float], slots: ArraySlice<UInt32>) {
    for (row, slot) in slots.enumerated() where slot != UInt32.max {
      unsafe self.scales[Int(slot)] = scales[row]
      unsafe self.minima[Int(slot)] = minima[row]
    }
  }

  private func storeParameters(_ scales: [Float], _ minima: [Float], groups: Range<Int>) {
    precondition(groups.upperBound <= layout.groups ?? 0)
    for (group, target) in groups.enumerated() {
      for column in 0..<layout.length {
        unsafe self.scales[target * layout.groupStride + column] =
          scales[group * layout.length + column]
        unsafe self.minima[target * layout.groupStride + column] =
          minima[group * layout.length + column]
      }
    }
  }

  private func store(_ codes: ArraySlice<UInt8>, slots: ArraySlice<UInt32>) {
    unsafe codes.withUnsafeBufferPointer { codes in
      guard let source = codes.baseAddress else { return }
      for (row, slot) in slots.enumerated() where slot != UInt32.max {
        precondition(slot < layout.rows)
        let target = unsafe (base + Int(slot) * layout.rowBytes).assumingMemoryBound(to: UInt8.self)
        unsafe store(source + row * layout.length, at: target)
      }
    }
  }

  @unsafe private func store(
    _ codes: UnsafePointer<UInt8>, at target: UnsafeMutablePointer<UInt8>
  ) {
    guard layout.form == .int4 else {
      return unsafe target.update(from: codes, count: layout.length)
    }
    // The first 16 of each 32 codes are the low halves of 16 bytes.
    for block in stride(from: 0, to: layout.length, by: 32) {
      for index in block..<min(block + 16, layout.length) {
        let high = unsafe index + 16 < layout.length ? codes[index + 16] : 0
        unsafe target[block / 2 + index - block] = codes[index] | high << 4
      }
    }
  }
}
