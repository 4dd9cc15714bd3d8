import CacheFormat
package import QFilters
package import Workflows

extension Needle {
  /// What to test.
  package struct Options: Sendable {
    /// What is hidden and asked.
    package var task = Task.needle
    /// Other seeds hide other things, in all tasks but `needle`.
    package var seed: UInt64 = 0
    /// The sentence that the task `needle` hides.
    package var needle =
      "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny "
      + "day."
    /// The question that the task `needle` asks.
    package var question = "What is the best thing to do in San Francisco?"
    /// What a right answer to the task `needle` holds, in letters of any case.
    package var answer = "Dolores Park"
    /// What answers to the task `needle` begin with; the model continues it.
    package var begin = ""
    /// Lengths of the text in tokens.
    package var lengths = [1024, 2048, 4096, 7500]
    /// The number of depths, evenly from the beginning to the end.
    package var depths = 10
    /// Compressions ×N.
    package var compressions = [2, 4, 8, 16, 32]
    /// Methods.
    package var methods: [Method] = [.full, .qFilters, .snapKV, .streamingLLM, .recall]
    /// What every compression keeps.
    package var retention = RetentionPolicy()
    /// The reach of recall, in positions; nil for a quarter of the model's context.
    package var reach: Int?

    /// The classic needle.
    package init() {}

    /// What every measurement depends on, by name. Which measurements are made does not count.
    func settings(haystack: Digest, _ bank: FilterBank) -> [String: String] {
      var settings = [
        "task": task.rawValue, "haystack": haystack.description,
        "reach": reach.map(String.init) ?? "a quarter of the context",
      ]
      if task == .needle {
        (settings["needle"], settings["question"]) = (needle, question)
        settings["answer"] = answer
        if !begin.isEmpty { settings["begin"] = begin }
      } else {
        settings["seed"] = "\(seed)"
      }
      return settings.merging(retention.settings(bank)) { $1 }
    }
  }
}
