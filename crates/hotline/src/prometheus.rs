//! The metrics for Prometheus, on a listener of their own (`http.metrics`). Events are counted where they happen, through the crate
//! `metrics`. What the store knows is read when the metrics are scraped, at most every five seconds.
//!
//! No label has a value that people wrote: the labels are names of channels, lines and states, and the version.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use hotline_channels::KINDS;
use hotline_core::{job::Delivery, time::clock::Clock};
use hotline_store::{
    db::{condition::DiskSpace, store::Store},
    error::StoreError,
    intake::lines::LineState,
    jobs::sizes::QueueSize,
    outbound::sizes::OutboxSize,
    routing::in_danger::DangerBacklog,
};
use metrics::{
    counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How long what was read from the store is reused.
const READ_FOR: Duration = Duration::from_secs(5);
/// How often measured times are added to the histograms. Until then, each of them occupies memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// The upper bounds of the classes of measured times, in seconds.
const CLASSES: [f64; 13] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// The media type of the text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of the process. Until it exists, calls that count have no effect.
#[derive(Clone)]
pub struct Counted {
    handle: PrometheusHandle,
    started_at: DateTime<Utc>,
    clock: Arc<dyn Clock>,
}

impl Counted {
    /// Begins to count. Can be called once in a process.
    ///
    /// # Errors
    /// Fails if the process already counts.
    pub fn begin(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets(&CLASSES)?
            .install_recorder()?;
        describe_counted();
        // A rule of Prometheus sees the first event only if the counter was 0 before.
        for kind in KINDS {
            counter!("hotline_messages_accepted_total", "channel" => kind.name).increment(0);
        }
        counter!("hotline_log_ins_refused_total").increment(0);
        let _ = histogram!("hotline_accept_seconds");
        let _ = histogram!("hotline_db_commit_seconds");
        Ok(Self {
            handle,
            started_at: clock.now(),
            clock,
        })
    }

    /// Adds measured times to the histograms until `stop` is cancelled.
    pub async fn keep_up(self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(UPKEEP))
            .await
            .is_some()
        {
            self.handle.run_upkeep();
        }
    }

    /// Returns the route of the metrics.
    pub fn router(self, store: Arc<Store>) -> Router {
        Router::new()
            .route("/metrics", get(show_metrics))
            .with_state(MetricsPage {
                counted: self,
                store,
                read: Arc::default(),
            })
    }
}

#[derive(Clone)]
struct MetricsPage {
    counted: Counted,
    store: Arc<Store>,
    /// The text of what was last read from the store.
    read: Arc<Mutex<Option<(Instant, String)>>>,
}

/// Shows all metrics. If the store cannot be read, the answer is an error, and Prometheus records the service as down.
async fn show_metrics(State(page): State<MetricsPage>) -> Response {
    let mut read = page.read.lock().await;
    let known = read.take().filter(|(at, _)| at.elapsed() < READ_FOR);
    let known = match known {
        Some(known) => known,
        None => match StoreMetrics::read(&page.store).await {
            Ok(metrics) => (Instant::now(), metrics.to_text(&page.counted)),
            Err(error) => {
                tracing::warn!(error = %error, "The metrics could not be read from the store");
                let said = "the store cannot be read";
                return (StatusCode::SERVICE_UNAVAILABLE, said).into_response();
            }
        },
    };
    let text = format!("{}{}", page.counted.handle.render(), known.1);
    *read = Some(known);
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response()
}

/// What is read from the store.
struct StoreMetrics {
    lines: Vec<LineState>,
    queue: Vec<QueueSize>,
    oldest_unregistered: Option<DateTime<Utc>>,
    outbox: Vec<OutboxSize>,
    quarantined: u64,
    danger: DangerBacklog,
    disk: DiskSpace,
    audit_head_age: Duration,
    search_index_behind: Option<u64>,
}

impl StoreMetrics {
    async fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            lines: store.line_states().await?,
            queue: store.queue_sizes().await?,
            oldest_unregistered: store.oldest_unregistered().await?,
            outbox: store.outbox_sizes().await?,
            quarantined: store.quarantine_size().await?,
            danger: store.danger_backlog().await?,
            disk: store.disk_space()?,
            audit_head_age: store.audit_head_age(),
            search_index_behind: store.search_index_behind(),
        })
    }

    /// Returns the text of these metrics. The recorder exists only for this text, so a line that was removed is not in the next one.
    fn to_text(&self, counted: &Counted) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            describe_read();
            self.set_gauges(counted);
        });
        recorder.handle().render()
    }

    fn set_gauges(&self, counted: &Counted) {
        let now = counted.clock.now();
        let age = |since: Option<DateTime<Utc>>| {
            let age = since.and_then(|since| (now - since).to_std().ok());
            age.unwrap_or_default()
        };
        gauge!("hotline_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        let started = (counted.started_at - DateTime::UNIX_EPOCH).to_std();
        gauge!("hotline_process_start_time_seconds").set(started.unwrap_or_default());
        for line in &self.lines {
            gauge!("hotline_line_up", "line" => line.line.clone()).set(u8::from(line.up));
        }
        let jobs = |count: fn(&QueueSize) -> u64| self.queue.iter().map(count).sum::<u64>();
        let parked = jobs(|size| size.parked);
        for (state, count) in [
            ("ready", jobs(|size| size.ready)),
            ("running", jobs(|size| size.running)),
            ("parked", parked),
        ] {
            gauge!("hotline_queue_depth", "state" => state).set(count as f64);
        }
        gauge!("hotline_parked_jobs").set(parked as f64);
        gauge!("hotline_queue_oldest_age_seconds").set(age(self.oldest_unregistered));
        for size in &self.outbox {
            gauge!("hotline_outbox_depth", "state" => size.state.as_str()).set(size.messages as f64);
        }
        let to_send = self.outbox.iter().filter(|size| !is_failed(size.state));
        gauge!("hotline_outbox_oldest_age_seconds").set(age(to_send.filter_map(|size| size.oldest).min()));
        let failed = self.outbox.iter().filter(|size| is_failed(size.state));
        let failed: u64 = failed.map(|size| size.messages).sum();
        gauge!("hotline_failed_deliveries").set(failed as f64);
        gauge!("hotline_quarantined").set(self.quarantined as f64);
        gauge!("hotline_urgent_unopened").set(self.danger.unopened as f64);
        gauge!("hotline_danger_oldest_wait_seconds").set(age(self.danger.oldest_since));
        gauge!("hotline_disk_free_bytes").set(self.disk.free_bytes as f64);
        gauge!("hotline_disk_reserve_bytes").set(self.disk.reserve_bytes as f64);
        gauge!("hotline_audit_head_age_seconds").set(self.audit_head_age);
        if let Some(behind) = self.search_index_behind {
            gauge!("hotline_search_index_behind").set(behind as f64);
        }
    }
}

/// Returns whether a message in this state waits for staff and not for the next attempt.
fn is_failed(state: Delivery) -> bool {
    match state {
        Delivery::Failed | Delivery::Unknown => true,
        Delivery::Queued | Delivery::Sending | Delivery::Sent | Delivery::Delayed => false,
    }
}

/// Describes the metrics of events.
fn describe_counted() {
    describe_counter!(
        "hotline_messages_accepted_total",
        "Messages that were stored for the first time, by the channel of their line, since the process started."
    );
    describe_counter!(
        "hotline_log_ins_refused_total",
        "Log-ins and second factors that were refused since the process started."
    );
    describe_histogram!(
        "hotline_accept_seconds",
        "The time from the arrival of messages until their commit, after which their source gets its confirmation."
    );
    describe_histogram!(
        "hotline_db_commit_seconds",
        "The time that commits took: of messages that arrived, changes of contacts, jobs and the readiness check."
    );
    describe_gauge!(
        "hotline_line_last_success_timestamp_seconds",
        "When the line last reached its source or accepted a message, since the process started."
    );
    describe_gauge!(
        "hotline_telegram_age_seconds",
        "How long messages may have waited at Telegram, which deletes them after 24 hours. Only lines that poll."
    );
}

/// Describes the metrics that are read from the store.
fn describe_read() {
    for (name, description) in [
        (
            "hotline_info",
            "The version of the program. The value is always 1.",
        ),
        (
            "hotline_process_start_time_seconds",
            "When the process started, in seconds since 1970.",
        ),
        (
            "hotline_line_up",
            "1 if the line reached its source at the last attempt or is paused, otherwise 0.",
        ),
        ("hotline_queue_depth", "Unfinished jobs of all kinds, by state."),
        (
            "hotline_queue_oldest_age_seconds",
            "The age of the oldest message that waits for registration.",
        ),
        (
            "hotline_parked_jobs",
            "Jobs that wait until staff run them again.",
        ),
        (
            "hotline_outbox_depth",
            "Messages to people that were not sent, by delivery state.",
        ),
        (
            "hotline_outbox_oldest_age_seconds",
            "The age of the oldest message that is still to be sent.",
        ),
        (
            "hotline_failed_deliveries",
            "Messages whose delivery failed or is unknown, so that staff must act.",
        ),
        ("hotline_quarantined", "Contacts in quarantine."),
        (
            "hotline_urgent_unopened",
            "Waiting contacts in immediate danger that nobody has opened.",
        ),
        (
            "hotline_danger_oldest_wait_seconds",
            "How long the person in immediate danger who has waited longest has waited for a reply.",
        ),
        (
            "hotline_disk_free_bytes",
            "The free bytes of the disk with the data folder.",
        ),
        (
            "hotline_disk_reserve_bytes",
            "The free bytes below which no message is accepted.",
        ),
        (
            "hotline_audit_head_age_seconds",
            "How long ago the audit was last chained and its head was copied.",
        ),
        (
            "hotline_search_index_behind",
            "History events that are newer than the search index. Missing while the index is built.",
        ),
    ] {
        describe_gauge!(name, description);
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::{job::JobKind, time::clock::FixedClock};

    use super::*;

    fn counted(now: DateTime<Utc>) -> Counted {
        Counted {
            handle: PrometheusBuilder::new().build_recorder().handle(),
            started_at: now,
            clock: Arc::new(FixedClock::new(now)),
        }
    }

    fn line(name: &str, up: bool) -> LineState {
        LineState {
            line: name.to_owned(),
            channel: String::new(),
            up,
            since: None,
            paused: false,
            problem: "a word of the problem".to_owned(),
        }
    }

    fn sample(now: DateTime<Utc>) -> StoreMetrics {
        let ago = |seconds| Some(now - chrono::TimeDelta::seconds(seconds));
        let outbox = |state, messages, oldest| OutboxSize {
            state,
            messages,
            oldest,
        };
        StoreMetrics {
            lines: vec![line("mail", false), line("form", true)],
            queue: vec![
                QueueSize {
                    kind: JobKind::Receive,
                    ready: 3,
                    running: 1,
                    parked: 2,
                },
                QueueSize {
                    kind: JobKind::Deliver,
                    ready: 4,
                    running: 0,
                    parked: 0,
                },
            ],
            oldest_unregistered: ago(90),
            outbox: vec![
                outbox(Delivery::Queued, 4, ago(10)),
                outbox(Delivery::Delayed, 1, ago(700)),
                outbox(Delivery::Failed, 2, ago(9_000)),
            ],
            quarantined: 7,
            danger: DangerBacklog {
                unopened: 1,
                oldest_since: ago(60),
            },
            disk: DiskSpace {
                free_bytes: 5_000_000_000,
                reserve_bytes: 512 << 20,
            },
            audit_head_age: Duration::from_millis(500),
            search_index_behind: Some(0),
        }
    }

    #[test]
    fn the_text_has_each_value_and_no_problem_of_a_line() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        let text = sample(now).to_text(&counted(now));
        for sample in [
            "hotline_line_up{line=\"mail\"} 0",
            "hotline_line_up{line=\"form\"} 1",
            "hotline_queue_depth{state=\"ready\"} 7",
            "hotline_queue_depth{state=\"parked\"} 2",
            "hotline_parked_jobs 2",
            "hotline_queue_oldest_age_seconds 90",
            "hotline_outbox_depth{state=\"delayed\"} 1",
            "hotline_outbox_oldest_age_seconds 700",
            "hotline_failed_deliveries 2",
            "hotline_quarantined 7",
            "hotline_urgent_unopened 1",
            "hotline_danger_oldest_wait_seconds 60",
            "hotline_disk_free_bytes 5000000000",
            "hotline_audit_head_age_seconds 0.5",
            "hotline_search_index_behind 0",
        ] {
            assert!(text.lines().any(|line| line == sample), "{sample}: {text}");
        }
        assert!(!text.contains("word of the problem"), "{text}");
    }

    #[test]
    fn a_removed_line_and_an_unknown_value_are_left_out() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        let counted = counted(now);
        let mut metrics = sample(now);
        let before = metrics.to_text(&counted);
        assert!(before.contains("line=\"mail\""), "{before}");
        metrics.lines.remove(0);
        metrics.search_index_behind = None;
        let text = metrics.to_text(&counted);
        assert!(!text.contains("line=\"mail\""), "{text}");
        assert!(!text.contains("hotline_search_index_behind "), "{text}");
    }
}
