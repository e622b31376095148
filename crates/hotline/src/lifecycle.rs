//! Starting and stopping: everything that runs is told to stop, gets eight seconds, and is then left behind.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long an idle worker waits before it looks again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long running work may take to end.
const GRACE: Duration = Duration::from_secs(8);

/// Everything that runs.
#[derive(Clone, Default)]
pub struct Lifecycle {
    /// Cancelled when it is time to stop.
    pub stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Runs a task to its end.
    pub fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits for a signal to stop, or for `self.stop`, and then for the tasks.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub async fn until_stopped(&self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = self.stop.cancelled() => {}
        }
        tracing::info!("Stopping");
        self.stop.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(GRACE) => tracing::warn!("Some work did not end in time; its jobs come back"),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
}
