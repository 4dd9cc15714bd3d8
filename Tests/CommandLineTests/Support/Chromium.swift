import Foundation
import TestSupport

/// A browser without a window, where one is installed.
struct Chromium {
  /// Light or dark, as a reader may prefer.
  enum Scheme: Int, CaseIterable {
    case dark, light
  }

  private let path: String

  /// Nil if there is none on the PATH.
  static let installed: Chromium? = {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    let paths = folders.flatMap { folder in
      ["chromium", "chromium-browser", "google-chrome"].map { "\(folder)/\($0)" }
    }
    return paths.first { FileManager.default.isExecutableFile(atPath: $0) }.map(Chromium.init)
  }()

  /// A page's picture as a PNG file.
  func png(of page: String, _ scheme: Scheme, width: Int, height: Int) throws -> Data {
    let scratch = try ScratchFolder()
    let picture = scratch.path("page.png")
    _ = try run([
      "--blink-settings=preferredColorScheme=\(scheme.rawValue)", "--screenshot=\(picture)",
      "--window-size=\(width),\(height)", "file://\(page)",
    ])
    return Data(try bytes(of: picture))
  }

  /// What a picture looks like, as far as a program can say.
  struct Look: Decodable {
    /// How many different colours there are.
    let colours: Int
    /// How bright the upper left corner is, from 0 to 1.
    let ground: Double
    /// The share of pixels of another colour than that corner's.
    let drawn: Double
  }

  /// Looks at a PNG file, with the browser's own decoder.
  func look(at png: Data) throws -> Look {
    let scratch = try ScratchFolder()
    let page = try scratch.write(
      "look.html",
      """
      <!DOCTYPE html><html><body>
      <img src="data:image/png;base64,\(png.base64EncodedString())"/>
      <script>
      window.onload = () => {
        const image = document.images[0], canvas = document.createElement("canvas");
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
        const pixels = new Uint32Array(data.buffer);
        const corner = pixels[0];
        const bright = ((corner & 255) + (corner >> 8 & 255) + (corner >> 16 & 255)) / 765;
        document.body.textContent = "[[" + JSON.stringify({
          colours: new Set(pixels).size, ground: bright,
          drawn: pixels.filter(p => p != corner).length / pixels.length }) + "]]";
      };
      </script></body></html>
      """.utf8)
    let dom = String(decoding: try run(["--dump-dom", "file://\(page)"]), as: UTF8.self)
    guard let found = dom.firstMatch(of: #/\[\[(.*)\]\]/#) else {
      throw CommandFailed(message: dom)
    }
    return try JSONDecoder().decode(Look.self, from: Data(found.1.utf8))
  }

  private func run(_ arguments: [String]) throws -> Data {
    let scratch = try ScratchFolder()
    let process = try Command.start(
      path,
      arguments: [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--user-data-dir=\(scratch.path("profile"))",
      ] + arguments)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailed(message: "\(path) ended with \(process.terminationStatus)")
    }
    return data
  }
}
