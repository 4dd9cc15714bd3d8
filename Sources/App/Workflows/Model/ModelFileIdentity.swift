import ByteIO
import CacheFormat
import ModelFiles

extension FileIdentity {
  /// The identity of a model's files (spec, section 3.3); nil if one cannot be read, or they are
  /// more than the format can name.
  ///
  /// - Parameter cache: Where digests of weight files are remembered.
  init?(of model: ModelFile, cache: IdentityCache?) {
    let files = model.files
    var entries = concurrentMap(files.count) { index in
      Entry(role: .weights, digest: cache.digest(of: files[index]))
    }
    if Folder.exists(model.path) {
      for (role, name) in [
        (Role.config, "config.json"), (.tokenizer, "tokenizer.json"),
        (.tokenizerConfig, "tokenizer_config.json"),
      ] {
        let path = Folder.path(model.path, name)
        guard Folder.hasFile(path) else { continue }
        guard let file = try? RandomAccessFile(path: path),
          let digest = try? SHA256.digest(of: file, [0..<file.size])
        else { return nil }
        entries.append(Entry(role: role, digest: Digest(digest)))
      }
    }
    self.init(entries)
  }
}

extension IdentityCache? {
  /// The digest of a file's bytes, which is remembered if there is a cache.
  fileprivate func digest(of file: MappedFile) -> Digest {
    func compute() -> Digest { Digest(SHA256.digest(of: file)) }
    return self?.digest(of: file, orElse: compute) ?? compute()
  }
}
