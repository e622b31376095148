//! The state of the service (`/desk/admin/system`): the database, the disk, the queue and the versions.

use askama::Template;
use axum::{extract::State, response::Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    staff::rights::Right,
    text::{
        locale::{Language, Words},
        problem,
    },
};
use hotline_store::{db::condition::StorageCondition, jobs::sizes::QueueSize};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    admin::schedules::{ScheduleJson, schedules},
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        page::{Frame, page as written},
        problems,
    },
    state::Desk,
};

/// The state of the service.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SystemJson {
    version: &'static str,
    started_at: DateTime<Utc>,
    /// `SQLite` or `PostgreSQL`.
    database: &'static str,
    /// The name of the newest migration of the database.
    schema: String,
    database_bytes: i64,
    /// The number of stored files of attachments and large raw messages.
    files: usize,
    file_bytes: u64,
    /// Whether only a part of the files was counted.
    files_are_partial: bool,
    free_bytes: u64,
    /// If fewer bytes are free, no message is accepted.
    reserve_bytes: u64,
    queue: Vec<QueueSizeJson>,
    /// The number of messages to people whose delivery failed or is unknown; at most 100.
    failed_messages: usize,
    lines: Vec<LineJson>,
    /// The opening hours of the centre and of each line that has its own, and the shift plan.
    schedules: Vec<ScheduleJson>,
    /// The scanner for malware; null if the settings name none, so that files are not scanned.
    scanner: Option<ScannerJson>,
    /// How the last backups ended.
    backup: BackupJson,
}

/// How the last backups ended.
#[derive(Serialize, JsonSchema)]
struct BackupJson {
    /// The number of hours between two backups of the service; 0 if it makes none.
    every: u16,
    /// When the last good backup was finished, by the service or on the command line; null if there was none.
    finished_at: Option<DateTime<Utc>>,
    /// Whether the last good backup is older than twice `every`.
    is_late: bool,
    /// When the last attempt failed; null if it succeeded.
    failed_at: Option<DateTime<Utc>>,
    /// Why it failed, in English; null if it succeeded.
    problem: Option<String>,
}

/// Reads how the last backups ended.
async fn backup(desk: &Desk) -> Result<BackupJson, PageError> {
    let state = desk.store.backup_state().await?;
    let (now, every) = (desk.clock.now(), desk.program.backup_every);
    let is_late = state.is_late(now, every);
    let (failed_at, problem) = match state.failure {
        Some(failure) => (Some(failure.at), Some(failure.problem)),
        None => (None, None),
    };
    Ok(BackupJson {
        every,
        finished_at: state.finished_at,
        is_late,
        failed_at,
        problem,
    })
}

/// The scanner for malware.
#[derive(Serialize, JsonSchema)]
struct ScannerJson {
    /// The version of the scanner and of its signatures; null if it cannot be reached.
    version: Option<String>,
    /// Why it cannot be reached, in English; null if it can.
    problem: Option<String>,
}

/// Asks the scanner for its version. Returns `None` if the settings name no scanner.
async fn scanner(desk: &Desk) -> Option<ScannerJson> {
    let scanner = desk.program.scanner.as_ref()?;
    let version = scanner.version().await;
    Some(ScannerJson {
        problem: version.as_ref().err().cloned(),
        version: version.ok(),
    })
}

/// The number of unfinished jobs of one kind.
#[derive(Serialize, JsonSchema)]
struct QueueSizeJson {
    kind: &'static str,
    ready: u64,
    running: u64,
    parked: u64,
}

/// A line and its health.
#[derive(Serialize, JsonSchema)]
struct LineJson {
    line: String,
    channel: String,
    /// Whether administrators paused the line: it receives nothing, but still sends replies.
    paused: bool,
    /// Whether the line reached its source at the last attempt.
    up: bool,
    /// When `up` last changed; null if the line has not reported yet.
    since: Option<DateTime<Utc>>,
    /// The problem in English; null if there is none.
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/system.html")]
struct SystemPage<'a> {
    frame: Frame<'a>,
    storage: StorageCondition,
    queue: Vec<QueueSize>,
    /// The number of messages to people whose delivery failed or is unknown, as far as the queue page lists them.
    failed: i64,
    schedules: Vec<ScheduleJson>,
    engine: &'static str,
    started_at: DateTime<Utc>,
    scanner: Option<ScannerJson>,
    backup: BackupJson,
}

impl SystemPage<'_> {
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Formats a number of bytes in MiB, rounded up.
    fn mebibytes(&self, bytes: &impl BytesCount) -> String {
        let mebibytes = i64::try_from(bytes.count().div_ceil(1 << 20)).unwrap_or(i64::MAX);
        self.frame
            .words
            .with("mebibytes", "n", &self.frame.words.number(mebibytes))
    }

    fn number(&self, n: &u64) -> String {
        self.frame.words.number(i64::try_from(*n).unwrap_or(i64::MAX))
    }

    fn files(&self) -> String {
        let files = i64::try_from(self.storage.attachments.files).unwrap_or(i64::MAX);
        self.frame.words.count("system-files", files)
    }

    fn failed_in_words(&self) -> String {
        self.frame.words.count("system-failed-replies", self.failed)
    }

    fn is_nearly_full(&self) -> bool {
        self.storage.free_bytes < self.storage.reserve_bytes
    }
}

/// A number of bytes.
trait BytesCount {
    fn count(&self) -> u64;
}

impl BytesCount for u64 {
    fn count(&self) -> u64 {
        *self
    }
}

impl BytesCount for i64 {
    fn count(&self) -> u64 {
        u64::try_from(*self).unwrap_or_default()
    }
}

/// `GET /desk/admin/system`: shows the state of the service.
pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    written(&SystemPage {
        frame: Frame::new(&desk, &jar, &me, "admin").await?,
        storage: desk.store.storage_condition().await?,
        queue: desk.store.queue_sizes().await?,
        failed: i64::try_from(desk.store.failed_messages().await?.len()).unwrap_or(i64::MAX),
        schedules: schedules(&desk).await?,
        engine: desk.store.engine(),
        started_at: desk.program.started_at,
        scanner: scanner(&desk).await,
        backup: backup(&desk).await?,
    })
}

/// `GET /api/v1/admin/system`: returns the state of the service.
pub(crate) async fn show(State(desk): State<Desk>) -> Result<Answer<SystemJson>, PageError> {
    let words = desk.locales.of(Language::En);
    let storage = desk.store.storage_condition().await?;
    let queue = desk.store.queue_sizes().await?;
    let lines = desk.store.line_states().await?;
    Ok(Answer::Json(SystemJson {
        version: SystemPage::VERSION,
        started_at: desk.program.started_at,
        database: desk.store.engine(),
        schedules: schedules(&desk).await?,
        scanner: scanner(&desk).await,
        backup: backup(&desk).await?,
        schema: storage.schema,
        database_bytes: storage.database_bytes,
        files: storage.attachments.files,
        file_bytes: storage.attachments.bytes,
        files_are_partial: storage.attachments.is_partial,
        free_bytes: storage.free_bytes,
        reserve_bytes: storage.reserve_bytes,
        failed_messages: desk.store.failed_messages().await?.len(),
        queue: queue
            .into_iter()
            .map(|size| QueueSizeJson {
                kind: size.kind.as_str(),
                ready: size.ready,
                running: size.running,
                parked: size.parked,
            })
            .collect(),
        lines: lines
            .into_iter()
            .map(|line| LineJson {
                problem: localized_problem(words, &line.problem),
                line: line.line,
                channel: line.channel,
                paused: line.paused,
                up: line.up,
                since: line.since,
            })
            .collect(),
    }))
}

pub(super) fn localized_problem(words: &Words, noted: &str) -> Option<String> {
    (!noted.is_empty()).then(|| problem::localize(words, noted))
}
