import NIOCore
import NIOPosix

/// The one thread on which connections, timers and gates take turns: a look that is handed from thread to thread costs a
/// third more.
final class Loop: TaskExecutor {
  /// The program's own.
  static let shared = Loop()

  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let loop: any EventLoop

  init() { loop = group.next() }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Throws only when the surrounding task is canceled.
  func sleep(for duration: Duration) async throws(CancellationError) {
    let timer = loop.scheduleTask(in: TimeAmount(duration)) {}
    do {
      try await withTaskCancellationHandler {
        try await timer.futureResult.get()
      } onCancel: {
        timer.cancel()
      }
    } catch {
      throw CancellationError()
    }
  }
}
