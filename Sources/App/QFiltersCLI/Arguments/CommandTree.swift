import ArgumentParser
import FoundationEssentials

/// Which commands there are, and which options each takes, as the argument parser describes them.
struct CommandTree: Decodable {
  struct Command: Decodable {
    let commandName: String
    let subcommands: [Command]?
    let arguments: [Argument]?

    /// The names of all subcommands.
    var names: [String] { (subcommands ?? []).map(\.commandName) }

    /// The subcommand of a name.
    func subcommand(_ name: String) -> Command? {
      subcommands?.first { $0.commandName == name }
    }

    /// The names of all options and flags, dashes included.
    var options: [String] { (arguments ?? []).flatMap(\.spellings) }

    /// Whether the name is that of an option that takes a value.
    func takesValue(_ name: String) -> Bool {
      arguments?.contains { $0.kind == "option" && $0.spellings.contains(name) } ?? false
    }
  }

  struct Argument: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String
    }

    let kind: String
    let names: [Name]?

    var spellings: [String] {
      (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }
    }
  }

  let command: Command

  /// The description of a program; nil if the parser no longer writes it as it did.
  static func describe(_ program: any ParsableCommand.Type) -> Command? {
    let json = Data(program._dumpHelp().utf8)
    return try? JSONDecoder().decode(Self.self, from: json).command
  }
}
