import Glibc
import Harness

/// The folder that is removed when the process ends.
private nonisolated(unsafe) var made = ""

/// A model's folder in memory, whose `tokenizer.json` is another file.
enum ModelFolder {
  /// A model of 64 tokens, as small as one without weights can be.
  private static let config = """
    {"model_type": "llama", "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1,
    "num_attention_heads": 2, "vocab_size": 64, "max_position_embeddings": 16,
    "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2}
    """

  /// Makes the folder, with a link to the tokenizer at `path`.
  static func make(tokenizer path: String) -> String {
    var template = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
    let name = unsafe template.withUnsafeMutableBufferPointer { name in
      unsafe name.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
    }
    let folder = name ?? ""
    unsafe made = folder
    atexit {
      for file in ["tokenizer.json", "config.json", "model.safetensors"] {
        unsafe _ = unlink(made + "/" + file)
      }
      unsafe _ = rmdir(made)
    }
    require(!folder.isEmpty, "no folder in memory")
    require(unsafe symlink(path, folder + "/tokenizer.json") == 0, "no link to the tokenizer")
    write(Array(config.utf8), to: folder + "/config.json")
    // Weights without any tensor: the length of the header, and an empty object.
    write([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), to: folder + "/model.safetensors")
    return folder
  }

  private static func write(_ bytes: [UInt8], to path: String) {
    let descriptor = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
    let written = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    require(written == bytes.count && close(descriptor) == 0, "no file in memory")
  }
}
