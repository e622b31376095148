//! Enums that are stored in columns.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The kind of a history event: what happened to a contact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    schemars::JsonSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// The first message opened the contact.
    Registered,
    /// A later message of the person joined the contact.
    Joined,
    /// An automatic reply joined the contact.
    AutoReply,
    /// The person edited the newest message.
    Edited,
    /// The person edited an earlier message.
    EditedEarlier,
    /// The platform reported something about the person, such as a block.
    News,
    /// A message from a blocked identifier opened the contact, so the contact was snoozed.
    KeptOut,
    /// The routing rules assigned the contact.
    Assigned,
    /// A counsellor took the contact.
    Claimed,
    /// The assignee gave the contact back, or the assignee's account was disabled.
    GivenBack,
    /// The contact was handed over to a colleague or a team.
    HandedOver,
    /// A colleague asked for the contact.
    AskedFor,
    /// The contact was snoozed.
    Snoozed,
    /// The contact's snooze was ended.
    Woken,
    /// The contact's identifier was blocked.
    Blocked,
    /// The contact's identifier was unblocked.
    Unblocked,
    /// A reply was queued.
    Replied,
    /// A reply was taken back before it left.
    Unsent,
    /// The state of a delivery changed.
    Delivery,
    /// No acknowledgement was sent, because the identifier had already received the maximum number of acknowledgements in 24 hours.
    NotAcknowledged,
    /// An internal note was written.
    Noted,
    /// All required questions of the wrap-up were answered.
    Classified,
    /// Some required questions of the wrap-up were answered.
    ClassifiedInPart,
    /// The marking of the contact (spam, test or duplicate) was set or removed.
    Marked,
    /// The contact was closed.
    Closed,
    /// The contact was reopened.
    Reopened,
    /// A call was logged.
    Logged,
    /// The contact was linked to another contact.
    Linked,
    /// A link to another contact was removed.
    Unlinked,
    /// The person was asked for files.
    FilesAsked,
    /// A file was requested from the platform.
    FileWanted,
    /// A file was fetched from the platform.
    FileFetched,
    /// A file could not be fetched.
    FileFailed,
    /// The contact became part of a case.
    InCase,
    /// The contact's case was forwarded to an institution.
    Forwarded,
    /// An outreach event was planned for the contact.
    PlannedEvent,
    /// The contact's content was erased.
    Erased,
}

/// The outcome of a raw message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The raw message waits to be registered.
    Accepted,
    /// The raw message became a message of a contact.
    Message,
    /// The raw message could not be parsed. It is registered without text and with the raw message attached.
    Unreadable,
    /// The raw message became a part of an existing message.
    Part,
    /// The raw message was a newer or older version of an existing message.
    Version,
    /// The raw message was a notice from the platform about a person.
    Notice,
    /// The raw message was a delivery report.
    Report,
    /// The raw message was ignored, for example as a repeated delivery. It is still kept.
    Ignored,
}

/// The direction of a message: who wrote it, and to whom.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    schemars::JsonSchema,
)]
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
    /// The job runs as soon as it is due.
    Ready,
    /// A worker holds the lease of the job.
    Running,
    /// The job failed permanently and waits until staff run it again.
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

/// The state of fetching an attachment's file from its platform.
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
    /// Fetching failed and can be requested again.
    Failed,
}

/// Implements `Display` with the stored name of a value. The API, locale keys and style sheets use the same name.
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
