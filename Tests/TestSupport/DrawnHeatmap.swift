public import Foundation
import FoundationXML

/// A heat map as a viewer reads it: the XML is parsed and the lines are followed.
public struct DrawnHeatmap {
  /// All texts, in the file's order.
  public let texts: [String]
  /// In pixels.
  public let height: Int
  /// The shades of the cells, [rows][columns], without empty rows.
  public let rows: [[Int]]

  /// - Throws: `NotXML` if the file is not well-formed.
  public init(_ svg: Data, columns: Int) throws {
    let reader = Reader()
    let parser = XMLParser(data: svg)
    parser.delegate = reader
    guard parser.parse() else { throw NotXML(reason: "\(String(describing: parser.parserError))") }
    texts = reader.texts
    height = reader.height
    var rows: [Double: [Int]] = [:]
    for (shade, path) in reader.paths {
      var (x, y) = (0, 0.0)
      for step in path.matches(of: #/([Mmh])(\d+)(?: ([\d.]+))?/#) {
        guard let across = Int(step.2) else { throw NotXML(reason: "\(step.0)") }
        switch step.1 {
        case "M": (x, y) = (across, step.3.flatMap { Double($0) } ?? -1)
        case "m": x += across
        default:
          for column in x..<x + across {
            rows[y, default: [Int](repeating: 0, count: columns)][column] += shade
          }
          x += across
        }
      }
    }
    self.rows = rows.sorted { $0.key < $1.key }.map(\.value)
  }

  struct NotXML: Error {
    let reason: String
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var texts: [String] = []
    var paths: [(shade: Int, path: String)] = []
    var height = 0
    private var text: String?

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      if name == "svg" { height = attributes["height"].flatMap { Int($0) } ?? 0 }
      if name == "text" { text = "" }
      guard name == "path", let look = attributes["class"], look.hasPrefix("s") else { return }
      paths.append((Int(look.dropFirst()) ?? 0, attributes["d"] ?? ""))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text? += string }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      if let text { texts.append(text) }
      text = nil
    }
  }
}
