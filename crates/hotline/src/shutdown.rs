//! Startup and shutdown. At shutdown every task is asked to stop and has eight seconds to finish. The process then ends even if a
//! task is still running.

use std::{pin::pin, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long an idle worker waits before it checks for work again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long running tasks may take to finish at shutdown, and a reader of a line when its line changes.
pub const GRACE: Duration = Duration::from_secs(8);

/// The termination signals of the process. A signal that arrives between the installation and [`Lifecycle::until_stopped`] is kept.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs the signal handlers. Call this before the process accepts anything: without handlers, a signal ends the process at once,
    /// and the write-ahead log of the database stays unmerged.
    ///
    /// # Errors
    /// Fails if the handlers cannot be installed.
    pub fn install() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Cancels `stop` when the first signal arrives. Commands use this to remove what they have not completed. A second signal ends the
    /// process.
    pub fn cancel(self, stop: CancellationToken) {
        tokio::spawn(self.cancel_and_end(stop));
    }

    async fn cancel_and_end(mut self, stop: CancellationToken) {
        self.received().await;
        stop.cancel();
        self.received().await;
        end_now()
    }

    /// Does work, and cancels `stop` if a signal arrives meanwhile. Still waits until the work has ended, but a second signal ends the
    /// process.
    pub async fn cancel_during<T>(&mut self, stop: &CancellationToken, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.received() => stop.cancel(),
        }
        tokio::select! {
            done = &mut work => done,
            () = self.received() => end_now(),
        }
    }

    /// Waits for a termination signal.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends the process without waiting for anything. The database rolls open transactions back.
fn end_now() -> ! {
    eprintln!("hotline: ended by a second signal");
    std::process::exit(1)
}

/// The running tasks and the signal that stops them.
#[derive(Clone, Default)]
pub struct Lifecycle {
    /// Cancelled at shutdown.
    pub stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Spawns a task that shutdown waits for.
    pub fn run(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tasks.spawn(task)
    }

    /// Waits for a termination signal or for `self.stop`, then for the tasks to finish. A second signal ends the wait for the tasks.
    pub async fn until_stopped(&self, mut signals: Signals) {
        tokio::select! {
            () = signals.received() => {}
            () = self.stop.cancelled() => {}
        }
        tracing::info!("Stopping");
        self.stop.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(GRACE) => tracing::warn!("Some work did not end in time; its jobs come back"),
            () = signals.received() => {}
        }
    }
}
