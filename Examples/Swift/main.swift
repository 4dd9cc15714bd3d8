// Prints what ×8 keeps of a snapshot's first layer: ReadExample book.kvsnap
import KVSnap

do throws(SnapshotError) {
  let snapshot = try Snapshot(path: CommandLine.arguments.last ?? "")
  for (index, head) in try snapshot.layer(0, compression: 8).heads.enumerated() {
    print("head \(index): \(head.positions.count) pairs: \(Array(head.positions.prefix(4))) …")
  }
} catch {
  print(error)
}
