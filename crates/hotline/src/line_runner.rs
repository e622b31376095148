//! Runs the lines: starts their readers and routes, and puts lines that administrators connect, change, pause or resume on screen into force
//! without a restart.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::Router;
use futures::future::BoxFuture;
use hotline_core::{health::Health, identifiers::line_name::LineName, intake::Intake};
use hotline_desk::state::{ChannelForm, LineCandidate, LineControl, LineFault};
use hotline_store::{db::store::Store, error::StoreError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    check::check_line,
    lines::{Line, LineOpener, LineSet, Lines, check_link, line_settings},
    listen::listen,
    service::Listening,
    shutdown::{GRACE, Lifecycle},
};

/// The routes of the public listener, which change when the lines change.
#[derive(Default)]
pub struct PublicRoutes {
    /// The routes that stay the same.
    base: Mutex<Router>,
    whole: RwLock<Router>,
}

impl PublicRoutes {
    /// Sets the routes that stay the same.
    pub fn set_base(&self, base: Router) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }

    /// Returns the routes at this moment. Requests that began earlier are finished by the routes with which they began.
    pub fn current(&self) -> Router {
        self.whole.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serve_lines(&self, lines: &LineSet, intake: &Arc<dyn Intake>) {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let routes = lines
            .values()
            .filter_map(|line| line.channel.routes(Arc::clone(intake)));
        let whole = routes.fold(base, Router::merge);
        *self.whole.write().unwrap_or_else(PoisonError::into_inner) = whole;
    }
}

/// Runs the lines of this process.
pub struct LineRunner {
    pub store: Arc<Store>,
    pub opener: LineOpener,
    pub lines: Arc<Lines>,
    pub routes: Arc<PublicRoutes>,
    pub listening: Listening,
    pub lifecycle: Lifecycle,
    /// The readers of the lines. Held while changes are put into force, so that only one change is made at a time.
    pub readers: tokio::sync::Mutex<Readers>,
    /// Held during a test, because the desk tests one line at a time.
    pub testing: tokio::sync::Mutex<()>,
}

/// The readers that run, and the versions of the stored lines that are in force.
#[derive(Default)]
pub struct Readers {
    /// Whether readers run. They start after the listeners.
    started: bool,
    running: BTreeMap<LineName, Reader>,
    versions: BTreeMap<LineName, i64>,
}

/// The task that receives the messages of a line.
struct Reader {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Reader {
    /// Stops the reader after the message that it is storing. A reader that takes too long is ended as by a crash: what it has not stored,
    /// it has not confirmed to its source either.
    async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl LineRunner {
    /// Serves the routes of all lines.
    pub async fn serve_routes(&self) {
        let (lines, intake) = (self.lines.current(), self.intake());
        self.routes.serve_lines(&lines, &intake);
        for (name, line) in &*lines {
            self.report_routes(name, line).await;
        }
    }

    /// Starts the readers of all lines, and keeps the lines as administrators store them until the service stops.
    pub async fn run(self: Arc<Self>) {
        {
            let mut readers = self.readers.lock().await;
            readers.started = self.listening == Listening::All;
            for (name, line) in &*self.lines.current() {
                self.start_reader(&mut readers, name, line);
            }
        }
        let mut changes = self.store.watch_stored_lines();
        loop {
            self.apply_stored_lines().await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.lifecycle.stop.cancelled() => return,
            }
        }
    }

    /// Puts the stored lines into force. The lines that did not change go on undisturbed.
    pub async fn apply_stored_lines(self: &Arc<Self>) {
        // A task of its own, because the caller may be a request that its client cancels half-way.
        let runner = Arc::clone(self);
        let applied = tokio::spawn(async move { runner.apply_changes().await });
        if let Ok(Err(error)) = applied.await {
            tracing::error!(error = %error, "The lines could not be read; the ones read before stay in force");
        }
    }

    /// Returns whether a stored line is missing among the lines in force, because it cannot be opened or read.
    pub async fn lacks_a_stored_line(&self) -> bool {
        let lines = self.lines.current();
        match self.store.stored_lines().await {
            Ok(stored) => stored.iter().any(|stored| !lines.contains_key(&stored.name)),
            Err(_) => true,
        }
    }

    async fn apply_changes(&self) -> Result<(), StoreError> {
        let mut readers = self.readers.lock().await;
        let mut lines = (*self.lines.current()).clone();
        let mut changed = Vec::new();
        for stored in self.store.stored_lines().await? {
            let known = readers.versions.get(&stored.name);
            if known == Some(&stored.version) || self.opener.is_in_file(&stored.name) {
                continue;
            }
            match self.opener.open_stored(&stored, &lines) {
                Ok(line) => {
                    tracing::info!(line.name = %stored.name, stored.version, line.paused, "Line {} changed", stored.name);
                    lines.insert(stored.name.clone(), line);
                    readers.versions.insert(stored.name.clone(), stored.version);
                    changed.push(stored.name);
                }
                Err(error) => {
                    let problem = format!("{error:#}");
                    tracing::error!(line.name = %stored.name, problem, "Line {} cannot be opened", stored.name);
                    self.store.health(&stored.name, Health::Down(problem)).await;
                }
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.opener.share_addresses(&lines);
        self.store.set_lines(line_settings(&lines));
        self.routes.serve_lines(&lines, &self.intake());
        self.lines.set(lines.clone());
        for name in &changed {
            if let Some(reader) = readers.running.remove(name) {
                reader.stop().await;
            }
            if let Some(line) = lines.get(name) {
                self.report_routes(name, line).await;
                self.start_reader(&mut readers, name, line);
            }
        }
        Ok(())
    }

    fn intake(&self) -> Arc<dyn Intake> {
        self.store.clone()
    }

    /// Reports a line with routes as up, since it only waits for requests.
    async fn report_routes(&self, name: &LineName, line: &Line) {
        if line.channel.routes(self.intake()).is_some() {
            self.store.health(name, Health::Up).await;
        }
    }

    fn start_reader(&self, readers: &mut Readers, name: &LineName, line: &Line) {
        if !readers.started || line.paused || readers.running.contains_key(name) {
            return;
        }
        let stop = self.lifecycle.stop.child_token();
        let task = self.lifecycle.run(listen(
            name.clone(),
            Arc::clone(&line.channel),
            self.intake(),
            stop.clone(),
        ));
        readers.running.insert(name.clone(), Reader { stop, task });
    }

    /// Tests an open line, and stores the result as the state of the line.
    async fn test_line(&self, name: &str) -> Option<Result<usize, String>> {
        let lines = self.lines.current();
        let (line, open) = lines.iter().find(|(line, _)| line.as_str() == name)?;
        let tested = self.test_channel(open).await;
        if let Err(error) = &tested {
            tracing::warn!(line = line.as_str(), error, "The test of a line found a fault");
        }
        // Only readers would find that the line works again.
        if open.channel.reports_health() && self.listening == Listening::All {
            let health = match &tested {
                Ok(_) => Health::Up,
                Err(error) => Health::Down(error.clone()),
            };
            self.store.health(line, health).await;
        }
        Some(tested)
    }

    async fn test_channel(&self, line: &Line) -> Result<usize, String> {
        let _permit = self.testing.lock().await;
        match check_line(&line.channel).await {
            Ok(said) => Ok(said.len()),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    async fn try_candidate(&self, candidate: LineCandidate) -> Result<usize, LineFault> {
        let name = candidate.name.clone();
        let open = || {
            let mut lines = (*self.lines.current()).clone();
            let settings = candidate.settings.expose();
            let line = self
                .opener
                .open_json(&name, &candidate.channel, settings, &lines)?;
            lines.insert(name.clone(), line.clone());
            check_link(name.as_str(), &lines)?;
            anyhow::Ok(line)
        };
        let line = open().map_err(|error| LineFault::Settings(format!("{error:#}")))?;
        let checked = self.opener.check_entered_hosts(&line).await;
        checked.map_err(|error| LineFault::Settings(format!("{error:#}")))?;
        if !candidate.tested {
            return Ok(0);
        }
        self.test_channel(&line).await.map_err(LineFault::Connection)
    }
}

/// How the desk reaches the lines.
pub struct DeskLines(pub Arc<LineRunner>);

impl LineControl for DeskLines {
    fn channels(&self) -> Vec<ChannelForm> {
        let form = |kind: &hotline_channels::channel::ChannelKind| ChannelForm {
            name: kind.name,
            platform: kind.platform,
            fields: kind.fields,
        };
        hotline_channels::KINDS.iter().map(form).collect()
    }

    fn test(&self, line: String) -> BoxFuture<'static, Option<Result<usize, String>>> {
        let runner = Arc::clone(&self.0);
        Box::pin(async move { runner.test_line(&line).await })
    }

    fn try_candidate(&self, candidate: LineCandidate) -> BoxFuture<'static, Result<usize, LineFault>> {
        let runner = Arc::clone(&self.0);
        Box::pin(async move { runner.try_candidate(candidate).await })
    }

    fn apply(&self) -> BoxFuture<'static, ()> {
        let runner = Arc::clone(&self.0);
        Box::pin(async move { runner.apply_stored_lines().await })
    }
}
