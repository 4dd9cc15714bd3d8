import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// Digests of weights that were computed before, in the user's cache folder.
///
/// One is taken only for the same tensors at the same places of the same files, none of which was
/// written to since: device, inode, size, and both times of each file are those of then. A damaged
/// entry counts as none.
struct IdentityCache {
  private let cache: UserCache

  /// Nil if the environment names no folder for caches.
  init?() {
    guard let cache = UserCache("qfilters/identity") else { return nil }
    self.cache = cache
  }

  /// The digest of some weights: the remembered one, or else what `compute` gives, which is then
  /// remembered.
  func digest(of tensors: [WeightMatrix], orElse compute: () -> Digest) -> Digest {
    let stamps = tensors.map(\.tensor.file.stamp)
    // A file that was written to a moment ago could be written to again without another stamp.
    let isSettled = stamps.allSatisfy(\.isSettled)
    let key = Self.key(tensors, stamps)
    let name = Self.name(stamps)
    if let known = digest(in: name, key) { return known }
    let digest = compute()
    if isSettled, tensors.map(\.tensor.file).allSatisfy(\.isUnchanged) {
      write(digest, name, key)
    }
    return digest
  }

  /// A record of 80 bytes: magic, key, digest, and XXH64 of all that.
  private static let magic = Array("QFIDENT1".utf8)
  private static let count = magic.count + 2 * Digest.byteCount + MemoryLayout<UInt64>.size

  private func digest(in name: String, _ key: Digest) -> Digest? {
    guard let record = cache.read(name, count: Self.count),
      record.starts(with: Self.magic + key.bytes)
    else { return nil }
    let digest = Digest(
      Array(record[(Self.magic.count + Digest.byteCount)...].prefix(Digest.byteCount)))
    return record == Self.record(digest, key) ? digest : nil
  }

  private func write(_ digest: Digest, _ name: String, _ key: Digest) {
    cache.write(Self.record(digest, key), to: name)
  }

  private static func record(_ digest: Digest, _ key: Digest) -> [UInt8] {
    var record = ByteWriter()
    record.write(magic + key.bytes + digest.bytes)
    record.write(Checksum.of(record.bytes))
    return record.bytes
  }

  /// Everything that the digest of the weights is made from, but for the files' contents.
  private static func key(_ tensors: [WeightMatrix], _ stamps: [FileStamp]) -> Digest {
    var record = ByteWriter()
    for (tensor, stamp) in zip(tensors.map(\.tensor), stamps) {
      record.writeText(tensor.name)
      record.writeText("\(tensor.type)")
      for number in [tensor.shape.count] + tensor.shape
        + [tensor.offset, tensor.interleavedHeadLength ?? 0]
      { record.write(UInt64(number)) }
      record.write(tensor.addend)
      record.write(stamp.bytes)
    }
    return Digest(of: record.bytes)
  }

  /// A model has one entry, which is replaced when its files were.
  private static func name(_ stamps: [FileStamp]) -> String {
    Digest(of: stamps.first?.place ?? []).description
  }
}
