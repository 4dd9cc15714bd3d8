/// An unknown name on the command line: the cause of whatever else the argument parser reports.
struct UsageMistake: CustomStringConvertible {
  /// What is wrong, and what may have been meant.
  let description: String
  /// The command that it was given to, as in `qfilters evaluate`.
  let command: String

  /// Options that the argument parser takes itself.
  private static let builtIn = [
    "-h", "--help", "--help-hidden", "--version", "--generate-completion-script",
    "--experimental-dump-help",
  ]

  /// The first option or command that is unknown, or option whose value begins with a dash.
  static func find(in arguments: [String], of program: CommandTree.Command) -> UsageMistake? {
    var (command, path) = (program, program.commandName)
    var isHelp = false
    var rest = arguments[...]
    while let argument = rest.popFirst(), argument != "--" {
      if argument.hasPrefix("-"), argument != "-" {
        let name = String(argument.prefix { $0 != "=" })
        if let problem = problem(name, hasValue: name != argument, next: rest.first, command) {
          return UsageMistake(description: problem, command: path)
        }
        if name == argument, command.takesValue(name) { rest = rest.dropFirst() }
      } else if argument == "help", !isHelp, path == program.commandName {
        isHelp = true
      } else if !command.names.isEmpty {
        guard let next = command.subcommand(argument) else {
          return UsageMistake(
            description: "Unknown command '\(argument)'." + guess(argument, among: command.names),
            command: path)
        }
        (command, path) = (next, "\(path) \(argument)")
      }
    }
    return nil
  }

  /// What is wrong with an option, or with the value that follows it.
  private static func problem(
    _ name: String, hasValue: Bool, next: String?, _ command: CommandTree.Command
  ) -> String? {
    let known = command.options + builtIn
    guard known.contains(name) else { return unknown(name, among: known) }
    guard !hasValue, command.takesValue(name), let next, next.hasPrefix("-"), next != "-" else {
      return nil
    }
    let nextName = String(next.prefix { $0 != "=" })
    let isKnown = next == "--" || known.contains(nextName)
    let problem = isKnown ? "Missing value for '\(name)'." : unknown(nextName, among: known)
    return problem + " If '\(next)' is the value, write \(name)=\(quoted(next))."
  }

  private static func unknown(_ name: String, among known: [String]) -> String {
    "Unknown option '\(name)'." + guess(name, among: known.filter { $0.hasPrefix("--") })
  }

  private static func guess(_ name: String, among known: [String]) -> String {
    Spelling.nearest(to: name, among: known).map { " Did you mean '\($0)'?" } ?? ""
  }

  /// Quoted, so that a shell takes it for one word.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      + "'"
  }
}
