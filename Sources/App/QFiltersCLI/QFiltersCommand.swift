import ArgumentParser
import ByteIO
import CExhaustion
import Platform
import Inference
import Reports
import Workflows

/// The command line: every subcommand parses, calls one workflow, and prints.
@main
struct QFiltersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "qfilters",
    abstract: "Keep an LLM's long context: prefill once, resume from a file.",
    discussion: """
      Q-Filters rank a model's KV pairs. A snapshot holds a context's KV cache in that order, \
      so its best 1/N (×N) is one read. \(Compression.inOtherWords)

      Exit codes: 0; 1 other failure; 64 usage; 65 malformed or corrupt file; 66 no such input; \
      74 input or output; 77 key missing or wrong; 78 identity mismatch; \(Failure.belowQuality) \
      filters below the quality that was asked for.
      """,
    version: Version.current,
    subcommands: [
      TokenizeCommand.self, GenerateCommand.self, PrecomputeCommand.self, TransformCommand.self,
      MergeCommand.self, ZooCommand.self, ImportCommand.self,
      ExportCommand.self, PrefillCommand.self, ResumeCommand.self, AskCommand.self,
      ChatCommand.self, ServeCommand.self, StoreCommand.self, RecompressCommand.self,
      RekeyCommand.self, ForgetCommand.self, ShowCommand.self, InspectCommand.self,
      CompareCommand.self, VerifyCommand.self, ConformanceCommand.self, EvaluateCommand.self,
    ])

  static func main() async {
    StandardStreams.reserve()
    // The text is needed until the end.
    unsafe cx_end_on_exhaustion(strdup("qfilters: "), 1)
    Runtime.limitHeaps()
    ignoreFileSizeSignal()
    Interruption.removesTemporaryFiles()
    Interruption.reportsLostMappings(prefix: "qfilters: ", status: 74)
    RemoteFiles.stayOpen()
    let command = parse()
    checkKernels()
    do {
      switch command {
      case var command as any AsyncParsableCommand: try await command.run()
      case var command: try command.run()
      }
      Interruption.endIfRequested()
    } catch {
      end(error, of: type(of: command))
    }
  }

  /// The command that was asked for. An unknown name comes before whatever the argument parser
  /// would report.
  private static func parse() -> any ParsableCommand {
    let arguments: [String]
    do { arguments = try Arguments.read() } catch {
      Terminal.error("qfilters: " + Format.printable("\(error)"))
      exit(withError: ExitCode.validationFailure)
    }
    do {
      let command = try parseAsRoot(arguments)
      if arguments.first == "help" { endIfMistaken(arguments) }
      return command
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      endIfMistaken(arguments)
      Terminal.error(fullMessage(for: error))
      exit(withError: ExitCode.validationFailure)
    }
  }

  private static func checkKernels() {
    do { try Runtime.checkEnvironment() } catch {
      Terminal.error("qfilters: " + Format.printable("\(error)"))
      exit(withError: ExitCode.validationFailure)
    }
  }

  private static func endIfMistaken(_ arguments: [String]) {
    guard let program = CommandTree.describe(self),
      let mistake = UsageMistake.find(in: arguments, of: program)
    else { return }
    Terminal.error(
      Format.printable("Error: \(mistake)")
        + "\n  See '\(mistake.command) --help' for more information.")
    exit(withError: ExitCode.validationFailure)
  }

  private static func end(_ error: any Error, of command: any ParsableCommand.Type) -> Never {
    if let error = error as? ValidationError {
      // The parser would show the usage of the whole program.
      Terminal.error("Error: \(Format.printable("\(error)"))\n\(usage(of: command))")
      exit(withError: ExitCode.validationFailure)
    }
    guard let code = Failure.exitCode(error) else { exit(withError: error) }
    ProgressBar.clear()
    Terminal.failure(error, of: command)
    exit(withError: code)
  }

  private static func usage(of command: any ParsableCommand.Type) -> String {
    "Usage: " + usageString(for: command)
  }
}
