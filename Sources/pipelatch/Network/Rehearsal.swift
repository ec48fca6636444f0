import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix

extension Loop {
  /// Puts a connection together and drops it before it is opened. What the Swift runtime uses for the first time it
  /// looks for among all that there is, and the loop is idle while the arguments are read.
  func rehearse() {
    _ = ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let parts = channel.pipeline.syncOperations
          try parts.addHandler(HTTPRequestEncoder())
          try parts.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
          try parts.addHandler(NIOHTTPResponseDecompressor(limit: .none))
          _ = channel.eventLoop.description
          throw ChannelError.eof
        }
      }
      .connect(host: "127.0.0.1", port: 9)
  }
}
