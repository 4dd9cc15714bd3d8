// Prints what ×8 keeps of a snapshot's first layer.
import KVSnap

guard CommandLine.arguments.count == 2 else { fatalError("usage: ReadExample SNAPSHOT") }
do {
  let snapshot = try Snapshot(path: CommandLine.arguments[1])
  for (index, head) in try snapshot.layer(0, compression: 8).heads.enumerated() {
    let first = head.positions.first ?? 0
    print("head \(index): \(head.positions.count) pairs, the first at \(first)")
  }
} catch {
  fatalError("\(error)")
}
