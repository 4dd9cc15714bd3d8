import Testing

@testable import Server

@Suite("Order of waiting requests")
struct FairQueueTests {
  private struct Item: Identifiable, Equatable {
    let id: Int
  }

  private func order(_ queue: inout FairQueue<Item>) -> [Int] {
    var ids: [Int] = []
    while let item = queue.popFirst() { ids.append(item.id) }
    return ids
  }

  @Test("one owner's requests are served in the order in which they came")
  func firstCome() {
    var queue = FairQueue<Item>()
    for id in 1...4 { queue.append(Item(id: id), of: "a") }
    #expect(order(&queue) == [1, 2, 3, 4])
  }

  @Test("owners take turns, however many requests one of them has")
  func turns() {
    var queue = FairQueue<Item>()
    for id in 1...4 { queue.append(Item(id: id), of: "a") }
    queue.append(Item(id: 10), of: "b")
    for id in 20...21 { queue.append(Item(id: id), of: "c") }
    #expect(queue.count == 7)
    #expect(order(&queue) == [1, 10, 20, 2, 21, 3, 4])
    #expect(queue.count == 0)
  }

  @Test("an owner who comes back gets the last turn")
  func comesBack() {
    var queue = FairQueue<Item>()
    queue.append(Item(id: 1), of: "a")
    queue.append(Item(id: 2), of: "b")
    #expect(queue.popFirst()?.id == 1)
    queue.append(Item(id: 3), of: "a")
    #expect(order(&queue) == [2, 3])
  }

  @Test("a request that leaves takes nobody's turn")
  func leaves() {
    var queue = FairQueue<Item>()
    for (id, owner) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
      queue.append(Item(id: id), of: owner)
    }
    #expect(queue.remove(2, of: "b")?.id == 2)
    #expect(queue.remove(2, of: "b") == nil)
    #expect(queue.remove(1, of: "a")?.id == 1)
    #expect(queue.count(of: "a") == 1)
    #expect(queue.count(of: "b") == 0)
    #expect(queue.count == 2)
    #expect(order(&queue) == [3, 4])
  }

  @Test("everything that is taken out at once comes in the order of the turns")
  func removeAll() {
    var queue = FairQueue<Item>()
    for (id, owner) in [(1, "a"), (2, "a"), (3, "b")] { queue.append(Item(id: id), of: owner) }
    #expect(queue.removeAll().map(\.id) == [1, 3, 2])
    #expect(queue.count == 0)
  }
}
