//! The connection state of the lines, as shown to staff.

use chrono::{DateTime, Utc};
use hotline_core::{health::Health, identifiers::line_name::LineName};
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder, sea_query::OnConflict};

use crate::{
    db::{
        entity::lines,
        store::{Store, time},
    },
    error::StoreError,
};

/// The connection state of one line.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LineState {
    /// Name of the line.
    pub line: String,
    /// Name of the line's channel.
    pub channel: String,
    /// Whether the line reached its source (such as a mail server) at the last attempt. `true` if the line has not reported yet.
    pub up: bool,
    /// When `up` last changed. `None` if the line has not reported yet.
    pub since: Option<DateTime<Utc>>,
    /// Whether administrators paused the line: it receives no messages, but still sends replies.
    pub paused: bool,
    /// Why the line did not reach its source, or what fails on a line that reached its source. Empty if nothing fails.
    pub problem: String,
}

impl Store {
    /// Stores the reported state of a line. Does nothing if the same state is already stored.
    pub(crate) async fn note_health(&self, line: &LineName, health: &Health) -> Result<(), StoreError> {
        let (up, problem) = match health {
            Health::Up => (true, ""),
            Health::Ailing(problem) => (true, problem.as_str()),
            Health::Down(problem) => (false, problem.as_str()),
        };
        if up {
            note_success(line.as_str(), self.clock.now());
        }
        let known = lines::Entity::find_by_id(line.as_str().to_owned())
            .one(&self.reading)
            .await?;
        if known
            .as_ref()
            .is_some_and(|known| known.up == up && known.problem == problem)
        {
            return Ok(());
        }
        let since = known
            .filter(|known| known.up == up)
            .map_or(self.now(), |known| known.since);
        let channel = self
            .line(line.as_str())
            .map(|settings| settings.channel.clone())
            .unwrap_or_default();
        let row = lines::ActiveModel {
            line: Set(line.as_str().to_owned()),
            channel: Set(channel),
            up: Set(up),
            since: Set(since),
            problem: Set(problem.chars().take(500).collect()),
        };
        let transaction = self.begin().await?;
        lines::Entity::insert(row)
            .on_conflict(
                OnConflict::column(lines::Column::Line)
                    .update_columns([
                        lines::Column::Channel,
                        lines::Column::Up,
                        lines::Column::Since,
                        lines::Column::Problem,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the state of every configured line. A line that has not reported its state yet counts as up.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn line_states(&self) -> Result<Vec<LineState>, StoreError> {
        let rows = lines::Entity::find()
            .order_by_asc(lines::Column::Line)
            .all(&self.reading)
            .await?;
        let lines = self.lines();
        let states = lines.iter().map(|line| {
            // What a paused line reported before the pause is no problem now.
            let row = rows.iter().find(|row| row.line == line.name && !line.paused);
            LineState {
                line: line.name.clone(),
                channel: line.channel.clone(),
                up: row.is_none_or(|row| row.up),
                since: row.map(|row| time(row.since)),
                paused: line.paused,
                problem: row.map(|row| row.problem.clone()).unwrap_or_default(),
            }
        });
        Ok(states.collect())
    }
}

/// Records when a line last reached its source or accepted a message. Only the metrics of this process contain this time.
pub(super) fn note_success(line: &str, at: DateTime<Utc>) {
    let since_1970 = (at - DateTime::UNIX_EPOCH).to_std().unwrap_or_default();
    metrics::gauge!("hotline_line_last_success_timestamp_seconds", "line" => line.to_owned()).set(since_1970);
}
