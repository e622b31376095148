//! The lines, the jobs and the messages to people.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::job::Delivery;
use hotline_store::{
    db::store::Store, intake::lines::LineState, operation::inspection::LineProgress,
    staff::lines::UnopenedLine,
};
use serde_json::json;

use super::{Finding, data::listed};

/// The age from which a message that waits for registration needs attention, as in the alert `QueueOld`.
const QUEUE_OLD: TimeDelta = TimeDelta::minutes(10);
/// The age from which a message to a person that waits needs attention, as in the alert `OutboxStuck`.
const OUTBOX_OLD: TimeDelta = TimeDelta::hours(1);
/// The number of parked jobs that are listed at most.
const MOST_LISTED: usize = 20;

pub(super) async fn describe_lines(store: &Store, now: DateTime<Utc>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for state in store.line_states().await? {
        let progress = store.line_progress(&state.line).await?;
        found.push(describe_line(&state, &progress, now));
    }
    found.extend(store.unopened_lines().await?.iter().map(describe_unopened));
    if found.is_empty() {
        found.push(Finding::note("line", "there are no lines".to_owned(), json!([])));
    }
    Ok(found)
}

/// Describes a line that was connected on screen and cannot be opened. The reason can contain a host or an address, so it is left out.
fn describe_unopened(line: &UnopenedLine) -> Finding {
    Finding::wrong(
        "line",
        format!("{} ({}): cannot be opened", line.name, line.channel),
        "Run `hotline check`, which names the reason",
        json!({ "line": line.name, "channel": line.channel, "paused": line.paused, "is_open": false }),
    )
}

/// Describes a line. The reason of a fault can contain an address, so it is left out.
fn describe_line(state: &LineState, progress: &LineProgress, now: DateTime<Utc>) -> Finding {
    let has_trouble = !state.problem.is_empty();
    let condition = match (state.paused, state.since, state.up) {
        (true, _, _) => "paused".to_owned(),
        (false, None, _) => "has not reported yet".to_owned(),
        (false, Some(since), true) if has_trouble => format!("up {}, but something fails", age(since, now)),
        (false, Some(since), true) => format!("up {}", age(since, now)),
        (false, Some(since), false) => format!("down {}", age(since, now)),
    };
    let mut text = format!("{} ({}): {condition}", state.line, state.channel);
    if !progress.positions.is_empty() {
        text.push_str(&format!(", read up to {}", progress.positions.join("; ")));
    }
    if progress.conversations > 0 {
        text.push_str(&format!(
            ", positions in {} conversations",
            progress.conversations
        ));
    }
    Finding::wrong_if(
        !state.paused && (!state.up || has_trouble),
        "line",
        text,
        "See “LineDown” in docs/operating.md; `/desk/queue` and `hotline check` name the reason",
        json!({
            "line": state.line,
            "channel": state.channel,
            "up": state.up,
            "since": state.since,
            "paused": state.paused,
            "has_trouble": has_trouble,
            "progress": progress,
        }),
    )
}

pub(super) async fn describe_jobs(store: &Store, now: DateTime<Utc>) -> Result<Finding> {
    let sizes = store.queue_sizes().await?;
    let oldest = store.oldest_unregistered().await?;
    let parts: Vec<String> = sizes
        .iter()
        .map(|size| {
            let kind = size.kind.as_str();
            format!(
                "{kind} {} ready, {} running, {} parked",
                size.ready, size.running, size.parked
            )
        })
        .collect();
    let facts: Vec<_> = sizes
        .iter()
        .map(|size| {
            json!({
                "kind": size.kind.as_str(),
                "ready": size.ready,
                "running": size.running,
                "parked": size.parked,
            })
        })
        .collect();
    Ok(Finding::wrong_if(
        oldest.is_some_and(|oldest| now - oldest > QUEUE_OLD),
        "jobs",
        parts.join("; "),
        "A message has waited for registration for more than ten minutes: see “QueueOld” in docs/operating.md",
        json!({ "kinds": facts, "oldest_unregistered": oldest }),
    ))
}

pub(super) async fn describe_parked(store: &Store, now: DateTime<Utc>) -> Result<Option<Finding>> {
    let parked = store.listed(true).await?;
    if parked.is_empty() {
        return Ok(None);
    }
    let shown = parked.iter().take(MOST_LISTED);
    let parts: Vec<String> = shown
        .clone()
        .map(|job| {
            format!(
                "{} ({}, made {} ago)",
                job.id,
                job.kind.as_str(),
                span(job.made_at, now)
            )
        })
        .collect();
    let facts: Vec<_> = shown
        .map(|job| json!({ "job": job.id, "kind": job.kind.as_str(), "made_at": job.made_at }))
        .collect();
    let more = match parked.len() > MOST_LISTED {
        true => ", and others",
        false => "",
    };
    Ok(Some(Finding::wrong(
        "parked jobs",
        format!("{}{more}", parts.join(", ")),
        "See “ParkedJobs” in docs/operating.md: correct the cause and run `hotline queue retry`",
        json!(facts),
    )))
}

pub(super) async fn describe_outbox(
    store: &Store,
    states: BTreeMap<String, i64>,
    now: DateTime<Utc>,
) -> Result<Finding> {
    let waiting = store
        .outbox_sizes()
        .await?
        .into_iter()
        .filter(|size| match size.state {
            Delivery::Queued | Delivery::Sending | Delivery::Delayed => true,
            Delivery::Sent | Delivery::Failed | Delivery::Unknown => false,
        });
    let oldest = waiting.filter_map(|size| size.oldest).min();
    Ok(Finding::wrong_if(
        oldest.is_some_and(|oldest| now - oldest > OUTBOX_OLD),
        "outbox",
        listed(&states),
        "A reply has waited for more than an hour: see “OutboxStuck” in docs/operating.md",
        json!({ "states": states, "oldest_waiting": oldest }),
    ))
}

fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("for {}", span(since, now))
}

/// Formats the time from `since` to `now` in its largest unit.
pub(super) fn span(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let span = (now - since).max(TimeDelta::zero());
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (days, _, _) => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Mark;

    fn now() -> DateTime<Utc> {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_line_that_is_down_is_wrong_and_its_reason_is_left_out() {
        let state = LineState {
            line: "mail".to_owned(),
            channel: "c".to_owned(),
            up: false,
            since: Some(now() - TimeDelta::hours(3)),
            paused: false,
            problem: "canary@example.org".to_owned(),
        };
        let found = describe_line(&state, &LineProgress::default(), now());
        assert_eq!(found.mark, Mark::Wrong);
        assert!(found.text.contains("down for 3 h"), "{}", found.text);
        assert!(!format!("{found:?}").contains("canary"));
        let paused = LineState {
            paused: true,
            up: true,
            problem: String::new(),
            ..state
        };
        let found = describe_line(&paused, &LineProgress::default(), now());
        assert_eq!(found.mark, Mark::Ok);
    }

    #[test]
    fn a_line_that_cannot_be_opened_is_wrong() {
        let found = describe_unopened(&UnopenedLine {
            name: "chat".to_owned(),
            channel: "chats".to_owned(),
            paused: false,
        });
        assert_eq!(found.mark, Mark::Wrong);
        assert_eq!(found.text, "chat (chats): cannot be opened");
    }

    #[test]
    fn a_span_has_its_largest_unit() {
        for (minutes, text) in [
            (0, "0 min"),
            (59, "59 min"),
            (60, "1 h"),
            (1_439, "23 h"),
            (4_000, "2 d"),
        ] {
            assert_eq!(span(now() - TimeDelta::minutes(minutes), now()), text);
        }
    }
}
