//! Columns that hold one of a few values.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What happened to a contact: one row of its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// The first message opened the contact.
    Registered,
    /// A later message of the person joined.
    Joined,
    /// An automatic reply joined.
    AutoReply,
    /// The person edited the newest message.
    Edited,
    /// The person edited an earlier message.
    EditedEarlier,
    /// The platform reported something about the person, such as a block.
    News,
    /// A blocked identifier wrote; the contact is snoozed.
    KeptOut,
    /// The routing rules assigned it.
    Assigned,
    /// A counsellor took it.
    Claimed,
    /// The assignee gave it back, or was disabled.
    GivenBack,
    /// It was handed over to a colleague or a team.
    HandedOver,
    /// A colleague asked for it.
    AskedFor,
    /// It was snoozed.
    Snoozed,
    /// Its snooze was ended.
    Woken,
    /// Its identifier was blocked.
    Blocked,
    /// Its identifier was unblocked.
    Unblocked,
    /// A reply was queued.
    Replied,
    /// A reply was taken back before it left.
    Unsent,
    /// The state of a delivery changed.
    Delivery,
    /// No acknowledgement was sent, because too many were sent before.
    NotAcknowledged,
    /// An internal note was written.
    Noted,
    /// All required questions of the wrap-up were answered.
    Classified,
    /// Some required questions of the wrap-up were answered.
    ClassifiedInPart,
    /// It was marked as spam, test or duplicate, or a marking was removed.
    Marked,
    /// It was closed.
    Closed,
    /// It was reopened.
    Reopened,
    /// A call was logged.
    Logged,
    /// It was linked to another contact.
    Linked,
    /// A link was removed.
    Unlinked,
    /// The person was asked for files.
    FilesAsked,
    /// A file was requested from the platform.
    FileWanted,
    /// A file was fetched from the platform.
    FileFetched,
    /// A file could not be fetched.
    FileFailed,
    /// It became part of a case.
    InCase,
    /// Its case was forwarded.
    Forwarded,
    /// An outreach event was planned from it.
    PlannedEvent,
    /// Its content was erased.
    Erased,
}

/// What a raw message became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It waits to be registered.
    Accepted,
    /// A message of a contact.
    Message,
    /// A message that could not be parsed; it opened a contact with the raw message attached.
    Unreadable,
    /// A part of a message that the contact already had.
    Part,
    /// A later or earlier version of a message that the contact already had.
    Version,
    /// A notice of the platform about a person.
    Notice,
    /// A delivery report.
    Report,
    /// It is kept on record, and opened no contact.
    Ignored,
}

/// Who wrote a message, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The person wrote.
    In,
    /// A counsellor replied to the person.
    Reply,
    /// A member of staff wrote an internal note.
    Note,
    /// The service sent an automatic text to the person.
    Automatic,
    /// The platform reported something about the person.
    Notice,
    /// A counsellor logged a call.
    Call,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It is run as soon as it is due.
    Ready,
    /// A worker holds its lease.
    Running,
    /// It failed for good and waits for an administrator.
    Parked,
}

/// The kind of message that a draft becomes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    /// A reply to the person.
    Reply,
    /// An internal note.
    Note,
}

/// Whether the file of an attachment is still to be fetched from its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum FetchState {
    /// Fetching was not requested, or the file was fetched.
    #[sea_orm(string_value = "")]
    Idle,
    /// Fetching is queued or running.
    Wanted,
    /// The file exceeds the platform's download limit.
    TooLarge,
    /// Fetching failed. It can be requested again.
    Failed,
}

/// Writes a value as its column holds it, which is also its name in the API, in locale keys and in style sheets.
macro_rules! display_as_stored {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_value())
            }
        })*
    };
}

display_as_stored!(HistoryKind, Outcome, Direction, JobState, DraftKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_it_is_stored() {
        assert_eq!(HistoryKind::ClassifiedInPart.to_string(), "classified_in_part");
        assert_eq!(Direction::In.to_string(), "in");
        assert_eq!(JobState::Parked.to_string(), "parked");
        let json = serde_json::to_string(&Outcome::Unreadable);
        assert_eq!(json.ok().as_deref(), Some("\"unreadable\""));
    }
}
