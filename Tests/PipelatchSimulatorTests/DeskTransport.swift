import PipelatchCore
import PipelatchSimulator
import PipelatchVendors

/// Carries a vendor's requests to a desk without a network.
struct DeskTransport: Transport {
  let desk: any Desk

  func send(_ request: Request) async throws(Failure) -> Response {
    var headers = request.headers.map { (name: $0.name, value: $0.value) }
    if request.header("Host") == nil { headers.append(("Host", request.server.authority)) }
    let answer = await desk.answer(
      Ask(request.method.rawValue, request.target, headers: headers, body: request.body))
    if answer.resets {
      throw Failure(.unreachable, "the connection was reset", address: request.address)
    }
    return Response(
      status: answer.status, headers: answer.headers.map { Request.Pair($0.name, $0.value) },
      body: answer.body)
  }
}
