import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// `pipelatch vendors`: what there is, from the same list that parses targets.
struct VendorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vendors",
    abstract: "List the vendors, the form of their targets, and what they read and can do.")

  @Argument(help: ArgumentHelp("One vendor in full.", valueName: "name"))
  var name: String?

  func run() throws {
    let console = Console()
    if let name {
      console.write(Self.page(try vendor(named: name)), to: .output)
    } else {
      console.write(Self.table(), to: .output)
    }
    if console.outputBroke { throw ArgumentParser.ExitCode(PipelatchCore.ExitCode.fault.rawValue) }
  }

  static func table() -> String {
    let rows = vendors.map { (name: $0.card.name, form: $0.card.target, can: $0.abilities) }
    let names = rows.map(\.name.count).max() ?? 0
    let forms = rows.map(\.form.count).max() ?? 0
    var text = ""
    for row in rows {
      text += row.name.filled(names) + "  " + row.form.filled(forms) + "  "
      text += row.can.joined(separator: ", ") + "\n"
    }
    return text + "\n'pipelatch vendors NAME' tells the variables and what to know of one.\n"
  }

  static func page(_ vendor: any Vendor.Type) -> String {
    let card = vendor.card
    var text = "\(card.name)  \(card.title)\n\ntarget       \(card.target)[@REF][#RUN]\n"
    text += card.pages.map { "             \($0)\n" }.joined()
    let ways = card.credentials.map(\.told)
    text += "credentials  " + ways.joined(separator: "\n             or ") + "\n"
    for (index, setting) in card.settings.enumerated() {
      text +=
        (index == 0 ? "settings     " : "             ") + "\(setting.name): \(setting.meaning)\n"
    }
    text += "can          \(vendor.abilities.joined(separator: ", "))\n"
    let starts = card.startsElsewhere.map { "It cannot start runs. \($0)." }
    for (index, note) in (card.notes + [starts].compactMap { $0 }).enumerated() {
      text += (index == 0 ? "know         " : "             ") + note + "\n"
    }
    return text + "documents    \(card.documents)\n"
  }
}

extension VendorCard {
  /// The form of a whole target.
  var target: String { "\(name):\(form)" }
}

extension Vendor {
  /// What the vendor can do, read from what it conforms to.
  static var abilities: [String] {
    let all: [(String, Bool)] = [
      ("wait", true), ("check", true), ("trigger", self is any Startable.Type),
      ("--key", self is any Markable.Type), ("cancel", self is any Cancelable.Type),
      ("logs", self is any Logged.Type), ("history", self is any Remembered.Type),
      ("events", self is any Announcing.Type),
    ]
    return all.filter(\.1).map(\.0)
  }
}

extension CredentialForm {
  /// The variables or files, for people.
  var told: String {
    switch self {
    case .token(let names): ([Keyring.common] + names).joined(separator: ", ")
    case .keys(let id, let secret, let session):
      "\(id) + \(secret)" + (session.map { " (+ \($0))" } ?? "")
    case .login(let user, let password): "\(user) + \(password)"
    case .role(let role): role.variables.joined(separator: " + ")
    case .file(let file): file.path
    case .anonymous: "none"
    }
  }
}

extension String {
  /// Filled with spaces on the right to `width` characters.
  func filled(_ width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}
