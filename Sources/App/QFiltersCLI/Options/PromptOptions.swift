import ArgumentParser
import Workflows

/// A prompt, given on the command line, in a file, or on standard input.
struct PromptOptions: ParsableArguments {
  @Option(
    help: "Prompt; - reads it from standard input. If it begins with a dash, write --prompt=….",
    completion: .list([]))
  var prompt: String?
  @Option(
    help: ArgumentHelp(
      "UTF-8 file that holds the prompt; - for standard input.", valueName: "file"),
    completion: .text)
  var promptFile: String?

  func validate() throws {
    guard (prompt == nil) != (promptFile == nil) else {
      throw ValidationError("Give one of --prompt and --prompt-file.")
    }
  }

  func text() throws -> [UInt8] {
    if let promptFile { return try TextFile.read(promptFile) }
    return prompt == "-" ? try TextFile.read("-") : Array((prompt ?? "").utf8)
  }
}
