//! Startup and shutdown. At shutdown every task is asked to stop and has eight seconds to finish. The process then ends even if a
//! task is still running.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long an idle worker waits before it checks for work again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long running tasks may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(8);

/// The running tasks and the signal that stops them.
#[derive(Clone, Default)]
pub struct Lifecycle {
    /// Cancelled at shutdown.
    pub stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Spawns a task that shutdown waits for.
    pub fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits for a termination signal or for `self.stop`, then for the tasks to finish.
    ///
    /// # Errors
    /// Fails if the signal handlers cannot be installed.
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
