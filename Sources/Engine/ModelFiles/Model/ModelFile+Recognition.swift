import ByteIO

extension ModelFile {
  /// Why a file whose name ends in `.gguf` is no language model, as in "it is a Git LFS pointer";
  /// nil if it may be one, or cannot be read.
  ///
  /// It may still be damaged, or of an architecture that is not supported.
  public static func reasonAgainst(gguf path: String) -> String? {
    guard Folder.isFile(path), let file = try? RandomAccessFile(path: path),
      let beginning = try? file.read(
        at: 0, count: Int(min(file.size, 64)), section: "header")
    else { return nil }
    guard !beginning.starts(with: Array("GGUF".utf8)) else { return reasonAgainstMetadata(path) }
    if beginning.starts(with: Array("version https://git-lfs".utf8)) {
      return "it is a Git LFS pointer, and its file was not fetched"
    }
    return "it is \(KnownFile.name(startingWith: beginning).map { "\($0), " } ?? "")not a GGUF file"
  }

  private static func reasonAgainstMetadata(_ path: String) -> String? {
    guard let file = try? GGUFFile(MappedFile(path: path)) else { return nil }
    let metadata = GGUFMetadata(path: path, values: file.metadata)
    // llama.cpp's own kinds, and its older files of projectors.
    switch try? metadata.optionalText("general.type") {
    case "adapter": return "it is an adapter of a model"
    case "imatrix": return "it is an importance matrix"
    case "mmproj": return "it is a projector of pictures"
    case "vocab": return "it is a vocabulary without weights"
    default: break
    }
    guard (try? metadata.optionalText("general.architecture")) != "clip" else {
      return "it is a projector of pictures"
    }
    return file.tensors.isEmpty && file.metadata["split.count"] == nil
      ? "it is a vocabulary without weights" : nil
  }
}
