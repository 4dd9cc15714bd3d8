import Reports

/// What is written to the log.
enum Log {
  /// A line in which nothing of a request can steer a terminal, or begin another line.
  static func line(_ text: String, account: Account) -> String {
    (account.id.isEmpty ? "" : account.id.prefix(8) + ": ") + Format.printable(text)
  }
}
