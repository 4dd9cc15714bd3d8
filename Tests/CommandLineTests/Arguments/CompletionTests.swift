import Foundation
import TestSupport
import Testing

@Suite("Shells complete what a value may be")
struct CompletionTests {
  private struct Tool: Decodable {
    struct Command: Decodable {
      let commandName: String
      let subcommands: [Command]?
      let arguments: [Argument]?
      var all: [Command] { [self] + (subcommands ?? []).flatMap(\.all) }
    }
    struct Argument: Decodable {
      let kind: String
      let valueName: String?
      let completionKind: Completion?
    }
    struct Completion: Decodable {
      let directory: [String: String]?
      let file: [String: [String]]?
      let list: [String: [String]]?
    }
    let command: Command
  }

  @Test("files, folders, models and methods, in every command")
  func kinds() throws {
    let tool: Tool = try Command.run("--experimental-dump-help").json()
    var count = 0
    for command in tool.command.all {
      for argument in command.arguments ?? [] where argument.kind != "flag" {
        let (name, kind) = (argument.valueName ?? "", argument.completionKind)
        let place: Comment = "\(command.commandName) <\(name)>"
        switch name {
        case "file", "files", "model", "filters", "snapshot", "corpus", "first", "second",
          "prompt-file":
          #expect(kind?.file != nil, place)
        case "folder", "haystack":
          #expect(kind?.directory != nil, place)
        case "method", "methods", "precision", "terms", "ranking", "task":
          #expect(kind?.list?["values"]?.isEmpty == false, place)
        default: continue
        }
        count += 1
      }
    }
    #expect(count > 40)
  }

  @Test("each shell takes its script")
  func scripts() throws {
    let folder = try ScratchFolder()
    for (shell, check) in [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish --no-execute")] {
      let script = try Command.run("--generate-completion-script", shell)
      #expect(script.status == 0)
      let path = try folder.write(shell, Array(script.output))
      let result = try Command.shell("! command -v \(shell) >/dev/null || \(check) '\(path)'")
      #expect(result.status == 0, "\(result.error)")
    }
  }
}
