import Foundation
import PipelatchCore
import PipelatchVendors
import Synchronization
import Testing

/// Exchanges with one vendor as plain text, and what a call that makes them must return.
///
/// The head is `# key: value` lines: `source` (where the answers come from), `target`, `ask`, and `expect` lines.
/// An exchange is `> METHOD target`, `> header: value` lines that must be sent, `>> body`, then `< STATUS`,
/// `< header: value` lines, and the answer's body up to the next exchange.
struct Tape: Sendable, CustomTestStringConvertible {
  struct Exchange: Sendable {
    var method: String
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: String?
    var status = 0
    var answerHeaders: [(name: String, value: String)] = []
    var answer: [String] = []
  }

  let vendor: String
  let name: String
  var head: [(key: String, value: String)] = []
  var exchanges: [Exchange] = []
  let text: String

  var testDescription: String { "\(vendor)/\(name)" }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Tapes")

  static let all: [Tape] = vendors.flatMap { of($0.card.name) }

  static func of(_ vendor: String) -> [Tape] {
    let folder = root.appendingPathComponent(vendor)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".tape") }.sorted().map { name in
      let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      return Tape(vendor: vendor, name: String(name.dropLast(5)), text: text ?? "")
    }
  }

  init(vendor: String, name: String, text: String) {
    self.vendor = vendor
    self.name = name
    self.text = text
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if exchanges.isEmpty, line.hasPrefix("# ") {
        let halves = line.dropFirst(2).split(separator: ":", maxSplits: 1)
        guard halves.count == 2 else { continue }
        head.append((String(halves[0]), halves[1].trimmingCharacters(in: .whitespaces)))
      } else if line.hasPrefix(">> ") {
        exchanges[exchanges.count - 1].body = String(line.dropFirst(3))
      } else if line.hasPrefix("> ") {
        let words = line.dropFirst(2).split(separator: " ", maxSplits: 1)
        if ["GET", "POST", "PUT", "DELETE"].contains(words[0]) {
          exchanges.append(Exchange(method: String(words[0]), target: String(words[1])))
        } else {
          exchanges[exchanges.count - 1].headers.append(Self.header(line))
        }
      } else if line.hasPrefix("< ") {
        if let status = Int(line.dropFirst(2)) {
          exchanges[exchanges.count - 1].status = status
        } else {
          exchanges[exchanges.count - 1].answerHeaders.append(Self.header(line))
        }
      } else if !exchanges.isEmpty {
        exchanges[exchanges.count - 1].answer.append(line)
      }
    }
  }

  private static func header(_ line: String) -> (name: String, value: String) {
    let halves = line.dropFirst(2).split(separator: ":", maxSplits: 1)
    return (
      halves[0].lowercased(),
      halves.count > 1 ? halves[1].trimmingCharacters(in: .whitespaces) : ""
    )
  }

  subscript(key: String) -> String? { head.first { $0.key == key }?.value }

  var expectations: [String] { head.filter { $0.key == "expect" }.map(\.value) }
}

/// Plays a tape: what is asked must be next on it, or the answer is a refusal that says so.
final class TapePlayer: Streaming {
  private let tape: Tape
  private let place = Mutex(0)
  private let complaints = Mutex<[String]>([])

  init(_ tape: Tape) { self.tape = tape }

  /// What went wrong, once the call is over: requests that are not on the tape, exchanges nobody asked for.
  var faults: [String] {
    let left = tape.exchanges.dropFirst(place.withLock { $0 })
    return complaints.withLock { $0 } + left.map { "nobody asked \($0.method) \($0.target)" }
  }

  func send(_ request: Request) async throws(Failure) -> Response {
    let asked = "\(request.method.rawValue) \(request.target)"
    let index = place.withLock { $0 }
    guard index < tape.exchanges.count else {
      throw complain("\(asked) is not on the tape: record it in Tapes/\(tape.testDescription).tape")
    }
    let next = tape.exchanges[index]
    guard asked == "\(next.method) \(next.target)" else {
      throw complain("asked \(asked), the tape has \(next.method) \(next.target)")
    }
    for (name, value) in next.headers where request.header(name) != value {
      throw complain(
        "\(asked): \(name) is '\(request.header(name) ?? "")', the tape has '\(value)'")
    }
    if let body = next.body, body != String(decoding: request.body, as: UTF8.self) {
      throw complain("\(asked): the body is \(String(decoding: request.body, as: UTF8.self))")
    }
    place.withLock { $0 += 1 }
    return Response(
      status: next.status,
      headers: next.answerHeaders.map { Request.Pair($0.name, $0.value) },
      body: Array(next.answer.joined(separator: "\n").utf8))
  }

  func lines(_ request: Request) -> AsyncThrowingStream<String, any Error> {
    AsyncThrowingStream { stream in
      Task {
        do {
          let answer = try await send(request)
          for line in answer.text.components(separatedBy: "\n") { stream.yield(line) }
          stream.finish()
        } catch {
          stream.finish(throwing: error)
        }
      }
    }
  }

  private func complain(_ text: String) -> Failure {
    complaints.withLock { $0.append(text) }
    return Failure(.fault, text)
  }
}
