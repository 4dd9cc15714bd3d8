import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// Digests of weights, and of files of weights, that were computed before, in the user's cache
/// folder.
///
/// A digest counts only for the same tensors at the same offsets of the same files. Device, inode,
/// size and both times of each file must be unchanged. A damaged entry counts as missing.
struct IdentityCache {
  private let cache: UserCache

  /// Nil if the environment names no folder for caches.
  init?() {
    guard let cache = UserCache("qfilters/identity") else { return nil }
    self.cache = cache
  }

  /// The remembered digest of some weights, or else the one that `compute` gives, which is then
  /// remembered.
  func digest(of tensors: [WeightMatrix], orElse compute: () -> Digest) -> Digest {
    let files = tensors.map(\.tensor.file)
    let stamps = files.map(\.stamp)
    return digest(
      of: files, key: Self.key(tensors, stamps), name: Self.name(stamps), orElse: compute)
  }

  /// The remembered digest of a file's bytes, or else the one that `compute` gives.
  func digest(of file: MappedFile, orElse compute: () -> Digest) -> Digest {
    digest(
      of: [file], key: Digest(of: file.stamp.bytes),
      name: "file-" + Self.name([file.stamp]), orElse: compute)
  }

  private func digest(
    of files: [MappedFile], key: Digest, name: String, orElse compute: () -> Digest
  ) -> Digest {
    // A file written a moment ago could be written again with the same stamp.
    let isSettled = files.allSatisfy(\.stamp.isSettled)
    if let known = digest(in: name, key) { return known }
    let digest = compute()
    if isSettled, files.allSatisfy(\.isUnchanged) { write(digest, name, key) }
    return digest
  }

  /// A record has 80 bytes: magic, key, digest, and XXH64 of these three.
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

  /// A digest of everything that the weights' digest depends on, with stamps in place of the files'
  /// contents.
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

  /// A model has one entry. It is replaced when the model's files were.
  private static func name(_ stamps: [FileStamp]) -> String {
    Digest(of: stamps.first?.place ?? []).description
  }
}
