import NIOCore
import Synchronization

/// Notices that a client has closed its connection, or its half of it, and closes that of a client
/// that takes nothing of its response.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  typealias InboundIn = Never

  private struct State {
    var isGone = false
    var action: (@Sendable () -> Void)?
    /// Closes a connection that takes nothing.
    var closing: Scheduled<Void>?
  }

  private static let patience = TimeAmount.seconds(60)

  private let state = Mutex(State())

  /// Has something done once when the client leaves, which may be now; nil for nothing.
  func whenGone(_ action: (@Sendable () -> Void)?) {
    let isGone = state.withLock { state in
      if !state.isGone { state.action = action }
      return state.isGone
    }
    if isGone { action?() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed = event as? ChannelEvent { leave() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let channel = context.channel
    let closing =
      channel.isWritable
      ? nil
      : channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    state.withLock { state in
      state.closing?.cancel()
      state.closing = closing
    }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  private func leave() {
    let action = state.withLock { state in
      state.isGone = true
      state.closing?.cancel()
      return state.action.take()
    }
    action?()
  }
}
