//! Enums whose values are stored as text in columns.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Why a contact was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, schemars::JsonSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ErasureCause {
    /// A rule of the settings.
    Rule,
    /// An operator ran `hotline erase`.
    Command,
    /// A supervisor erased all contacts of a person.
    Person,
    /// The list of erasures names the contact, and a restored backup still contained it.
    Replay,
}

impl ErasureCause {
    /// Returns the name of the cause, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Command => "command",
            Self::Replay => "replay",
            Self::Person => "person",
        }
    }
}

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
    /// An automatic reply from the person's side, such as an out-of-office reply, joined the contact.
    AutoReply,
    /// The person edited a message of this contact.
    Edited,
    /// The person edited a message of an earlier contact, which is closed. The edit is shown in this contact, because this contact is open.
    EditedEarlier,
    /// The platform reported something about the person, for example that the person blocked Hotline.
    News,
    /// A message from a blocked identifier opened the contact, so the contact was snoozed until the block ends.
    KeptOut,
    /// The rules of urgency raised the contact.
    Raised,
    /// The routing rules assigned the contact to a member of staff.
    Assigned,
    /// The contact was offered to a member of staff, who can accept or decline it.
    Offered,
    /// A member of staff declined the offered contact.
    OfferDeclined,
    /// A member of staff did not accept the offered contact in time.
    OfferEnded,
    /// The contact returned to the queue, because its assignee was away while the person waited for a reply.
    Returned,
    /// Hotline began to send a step of an alarm about the contact to people outside the desk.
    Alarmed,
    /// The target of the reply to the person was missed.
    TargetMissed,
    /// A counsellor took the contact.
    Claimed,
    /// The assignee gave the contact back, or the assignee's account was disabled.
    GivenBack,
    /// A member of staff handed the contact over to a colleague or a team.
    HandedOver,
    /// A colleague asked the assignee to hand over the contact.
    AskedFor,
    /// The contact was snoozed.
    Snoozed,
    /// A member of staff ended the contact's snooze before its time.
    Woken,
    /// The contact's identifier was blocked.
    Blocked,
    /// The contact's identifier was unblocked.
    Unblocked,
    /// A reply was queued.
    Replied,
    /// A reply was taken back before it was sent.
    Unsent,
    /// The delivery state of an outgoing message changed.
    Delivery,
    /// The first message was not acknowledged, because the identifier had already received the maximum number of acknowledgements within 24
    /// hours.
    NotAcknowledged,
    /// An internal note was written.
    Noted,
    /// The wrap-up (classification) was saved with answers to all required questions.
    Classified,
    /// The wrap-up (classification) was saved without answers to all required questions.
    ClassifiedInPart,
    /// The contact was marked as spam, test or duplicate, or such a marking was removed.
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
    /// A note was pinned: it is shown beside every contact of the person.
    Pinned,
    /// The pin of a note was removed.
    Unpinned,
    /// The person was asked for files.
    FilesAsked,
    /// A counsellor requested an attachment's file, which is still on the platform.
    FileWanted,
    /// An attachment's file was fetched from the platform.
    FileFetched,
    /// An attachment's file could not be fetched from the platform.
    FileFailed,
    /// The contact was added to a case.
    InCase,
    /// The contact's case was forwarded to an institution.
    Forwarded,
    /// An outreach event was planned for the contact.
    PlannedEvent,
    /// The contact's content was erased.
    Erased,
    /// A supervisor placed a legal hold on the contact.
    Held,
    /// A supervisor lifted a legal hold on the contact.
    HoldLifted,
    /// A file of the contact was locked as suspected abuse material.
    FileLocked,
    /// Two people decided that a locked file is no abuse material, and unlocked it.
    FileReleased,
    /// A locked file was destroyed.
    FilePurged,
    /// Two supervisors exported the contact as evidence.
    EvidenceExported,
}

/// The last step of a macro.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MacroEnding {
    /// Close the contact.
    Close,
    /// Snooze the contact until 08:00 on the next day.
    SnoozeTomorrow,
    /// Snooze the contact until 08:00 on the next Monday.
    SnoozeMonday,
    /// Hand the contact over to the team of the macro.
    HandOver,
}

/// The outcome of registering a raw message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The raw message waits to be registered.
    Accepted,
    /// The raw message was parsed and became a message of a contact.
    Message,
    /// The raw message could not be parsed. It became a message without text, and the raw message is the attachment of that message.
    Unreadable,
    /// The raw message became a further part of an existing message, such as the next photo of an album.
    Part,
    /// The raw message was another version of an existing message, for example because the person edited that message.
    Version,
    /// The raw message was a notice from the platform about a person.
    Notice,
    /// The raw message was a delivery report.
    Report,
    /// The raw message was ignored, for example as a repeated delivery. It is still kept.
    Ignored,
}

/// Why an alarm was raised.
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
pub enum AlarmKind {
    /// A contact in danger is neglected.
    Danger,
    /// Staff sent a test.
    Test,
    /// The test that is sent every week.
    WeeklyTest,
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
    /// The job waits until it is due, and can then be claimed by a worker.
    Ready,
    /// A worker claimed the job for a limited time (the lease).
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

/// The state of an attachment's file: whether it is fetched from its platform, and whether it is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum FetchState {
    /// Fetching was not requested, or the file was fetched.
    #[sea_orm(string_value = "")]
    Idle,
    /// Fetching was requested, and the fetch job is queued or running.
    Wanted,
    /// The file is larger than the platform allows to download, so it cannot be fetched.
    TooLarge,
    /// Fetching failed and can be requested again.
    Failed,
    /// The file is locked as suspected abuse material: nobody may open it, and it is not fetched.
    Locked,
    /// The file was locked, and then destroyed.
    Purged,
}

/// Implements `Display` for the given enums. A value is displayed as the name stored in the database, which the API, locale keys and style
/// sheets use too.
macro_rules! display_as_stored {
    ($($name:ident),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_value())
            }
        })*
    };
}

display_as_stored!(AlarmKind, HistoryKind, Outcome, Direction, JobState, DraftKind);

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

/// What a text is that staff added to a case.
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
pub enum CaseEntryKind {
    /// An addition to the case.
    Addition,
    /// The reason for which a member of staff took the case over.
    TakenOver,
    /// The reason for which a referral was returned for changes.
    Returned,
}
