import ByteIO
import Testing

/// Reading values from bytes, never past their end.
@Suite struct ByteReaderTests {
  private let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]

  @Test func readsLittleEndianValuesAtAnyAlignment() throws {
    var reader = unsafe ByteReader(bytes.span.bytes, path: "f", section: "s", base: 100)
    #expect(try reader.read(UInt8.self) == 1)
    #expect(try reader.read(UInt32.self) == 0x0504_0302)
    #expect(reader.position == 5 && reader.fileOffset == 105 && reader.remaining == 7)
    #expect(try reader.readArray(UInt16.self, count: 2) == [0x0706, 0x0008])
    #expect(try reader.readBytes(1) == [0])
    try reader.expectZeros(2)
    try reader.expectEnd()
  }

  @Test func readsWhatTheWriterWrote() throws {
    var writer = ByteWriter()
    writer.write(UInt16(0xABCD))
    writer.write(Float(1.5))
    writer.write(-0.1)
    writer.writeText("é")
    writer.writeZeros(3)
    var reader = unsafe ByteReader(writer.bytes.span.bytes, path: "f", section: "s")
    #expect(try reader.read(UInt16.self) == 0xABCD)
    #expect(try reader.readFloat() == 1.5)
    #expect(try reader.readDouble() == -0.1)
    #expect(try reader.readBytes(Int(reader.read(UInt32.self))) == [0xC3, 0xA9])
    try reader.expectZeros(reader.remaining)
  }

  @Test(arguments: [-1, 13, Int.max, Int.min])
  func rejectsToReadPastTheEnd(count: Int) {
    #expect(throws: MalformedFile.self) {
      var reader = unsafe ByteReader(bytes.span.bytes, path: "f", section: "s")
      _ = try reader.readBytes(count)
    }
    #expect(throws: MalformedFile.self) {
      var reader = unsafe ByteReader(bytes.span.bytes, path: "f", section: "s")
      _ = try reader.readArray(UInt64.self, count: count)
    }
  }

  @Test func staysWhereItWasAfterAFailure() throws {
    var reader = unsafe ByteReader(bytes.span.bytes, path: "f", section: "s")
    _ = try reader.readBytes(8)
    do {
      _ = try reader.read(UInt64.self)
      Issue.record("eight bytes out of four")
    } catch {
      #expect(error.offset == 8 && error.section == "s" && error.path == "f")
    }
    #expect(reader.position == 8)
    #expect(try reader.read(UInt32.self) == 0)
  }

  @Test func namesThePlaceOfReservedBytesAndOfSurplus() throws {
    var reader = unsafe ByteReader(bytes.span.bytes, path: "f", section: "s", base: 64)
    _ = try reader.readBytes(6)
    do {
      try reader.expectZeros(2)
      Issue.record("7 and 8 are not zero")
    } catch {
      #expect(error.description == "f: s at byte 70: reserved bytes are not zero")
    }
    do {
      try reader.expectEnd()
      Issue.record("six bytes are left")
    } catch {
      #expect(error.offset == 70)
    }
  }
}
