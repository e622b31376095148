//! Errors of the store, and the conflicts that are shown to staff.

use sea_orm::{DbErr, RuntimeErr};

/// The reason why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The record does not exist. The value is the kind of the record, such as "contact".
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The record was changed by someone else, or its state does not allow the operation.
    #[error("{0}")]
    Conflict(Conflict),
    /// The database reported an error or could not be reached.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    /// A sealed (encrypted) value could not be opened: it was sealed with another master key, or it is damaged.
    #[error("{0} does not open with this master key")]
    Sealed(&'static str),
    /// A file could not be read or written.
    #[error("a file: {0}")]
    File(#[from] std::io::Error),
    /// The disk has less free space than the configured reserve.
    #[error("the disk is nearly full: {0} MiB free")]
    DiskFull(u64),
    /// The database file or the write-ahead log was deleted, replaced or moved. Anything written now would be lost.
    #[error(
        "the database file or its log was deleted, replaced or moved while it was open; put it back, or stop the service and \
         restore a backup"
    )]
    DatabaseMoved,
    /// The queue of messages waiting to be registered is full.
    #[error("{0} messages wait to be registered already")]
    Backlog(u64),
}

/// A reason why the current state of the data does not allow an operation. Staff see it in their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The contact is assigned to someone else. This member of staff may not work on contacts that are assigned to others.
    #[error("this contact is assigned to somebody else")]
    AssignedToOther,
    /// The person left no address to reply to.
    #[error("this person left no address to answer to")]
    NoAddress,
    /// The writer of the reply chose an address at which the person did not ask for replies.
    #[error("this person did not ask to be answered there")]
    NotAskedFor,
    /// The operation was already performed, or the record is no longer in a state that allows it.
    #[error("somebody did that already")]
    DoneAlready,
    /// Reopening the contact would give its person two open contacts.
    #[error("this person has a newer contact open; answer there")]
    NewerOpen,
    /// The text is empty.
    #[error("there is no text")]
    NoText,
    /// The text is longer than [`hotline_core::contact::message::LONGEST_TEXT`].
    #[error("the text is longer than 20,000 characters")]
    TooLong,
    /// The contact has no identifier that could be blocked.
    #[error("this contact has no identifier")]
    NoIdentifier,
    /// The contact changed after the writer of the reply last saw it. A message arrived, or another event happened that can make the reply
    /// unsuitable.
    #[error("something came that you have not seen yet")]
    NotSeen,
    /// The member of staff who proposed a referral may not confirm it.
    #[error("somebody else has to confirm what you proposed")]
    SecondPerson,
    /// The case cannot be closed while one of its referrals is unconfirmed.
    #[error("a proposal waits for a second person; confirm it or take it back first")]
    ToConfirm,
    /// The referral does not describe the information that is sent to the institution.
    #[error("it does not say what is sent")]
    NothingSent,
    /// The referral was changed after the member of staff read it.
    #[error("it was changed since you opened it; read it again")]
    Changed,
    /// The change would alter information that a second member of staff has already confirmed.
    #[error("what was confirmed stays as it was")]
    Confirmed,
    /// The canned reply uses an unknown placeholder.
    #[error("only {{reference}}, {{counsellor}} and {{centre}} are filled in")]
    NoField,
    /// The name is taken by another record.
    #[error("this name is taken")]
    NameTaken,
    /// The case is closed.
    #[error("this case is closed")]
    CaseClosed,
    /// The given time is in the past, but has to be in the future.
    #[error("this time has passed")]
    HasPassed,
    /// The given time is too far in the future or in the past.
    #[error("this time lies too far off")]
    TooFar,
    /// The given time is in the future, but the event must already have happened.
    #[error("this time has not come yet")]
    InTheFuture,
    /// The name of the network is invalid, so no call or message can be logged for this network.
    #[error("no such network is logged here")]
    NoNetwork,
    /// The contact cannot be closed before its wrap-up is complete.
    #[error("complete the wrap-up first")]
    NotWrappedUp,
    /// The person is still waiting for a reply, so closing needs a reason.
    #[error("this person had no reply; say why it is closed without one")]
    ReasonNeeded,
    /// The record is already in the requested state.
    #[error("it is so already")]
    SoAlready,
    /// The text of the reply is an unfinished search for a canned reply, such as a slash and the beginning of a name.
    #[error("a reply is not the name of a canned reply; choose one from the list or write words")]
    CannedNotChosen,
    /// The classification scheme has no such question or answer.
    #[error("the classification has no such question or answer")]
    InvalidAnswers,
    /// The reply was already handed to its channel, or is being handed to it now.
    #[error("this reply has left already")]
    HasLeft,
    /// Only the author of a reply can take it back.
    #[error("somebody else wrote this")]
    NotYours,
    /// Only a failed message can be sent again.
    #[error("only a message that failed can be sent again")]
    NotFailed,
    /// The person asked not to be written to. Replies are possible again after the person's next message.
    #[error("this person asked not to be written to; answer after the next message")]
    Stopped,
    /// The file is already stored, is being fetched, or cannot be fetched.
    #[error("this file is here or being fetched already, or cannot be fetched")]
    NothingToFetch,
    /// The line cannot send files.
    #[error("no files can be sent on this line")]
    SendsNoFiles,
    /// Counsellors cannot ask for files on this line.
    #[error("files cannot be asked for on this line")]
    NoFilesOnRequest,
    /// The opening balance has no channel or no source.
    #[error("an opening balance names its channel and its source")]
    BalanceWithoutSource,
    /// The opening balance is negative, or its last day is before its first day.
    #[error("an opening balance is not negative and its period does not run backwards")]
    BalanceBackwards,
    /// The opening balance overlaps another opening balance, or days on which Hotline counted contacts.
    #[error("this channel has figures for some of these days already")]
    BalanceOverlaps,
    /// An open contact cannot be erased.
    #[error("it is open; close it first")]
    StillOpen,
    /// The contact cannot be erased yet, because it belongs to an open case. Staff still need the contact's texts for this case.
    #[error("a case of it is open; close the case first")]
    CaseOpen,
    /// The token has no name, or its name is too long.
    #[error("the name of a token has 1 to 60 characters")]
    TokenWithoutName,
    /// The outreach event is marked as held but has no day.
    #[error("what was held was held on a day")]
    EventWithoutDay,
    /// A number of people is negative or too large.
    #[error("a number is below zero or too large")]
    EventNumber,
    /// The correction has no reason.
    #[error("a correction says why")]
    CorrectionWithoutReason,
    /// The statistics do not count a channel or institution with this name.
    #[error("no figure of this name is counted here")]
    NoSuchFigure,
    /// The statistics do not have the requested dimension, or the request names too many dimensions.
    #[error("figures are cut by one or two of the dimensions there are")]
    NoDimension,
    /// Figures about persons are grouped too finely, for example by day or by hour. Suppressing small figures would not protect the
    /// persons.
    #[error("figures about persons are shown by month and longer, and not by when or how soon")]
    TooFine,
    /// A breakdown by these two dimensions would have to read too many contacts one by one.
    #[error("by day or week two dimensions are crossed for at most 200,000 communications")]
    TooManyToCross,
    /// The requested days are not exactly one reporting period of the return (for example a quarter), or the period is not over.
    #[error("a return is of a whole period that is over")]
    NotDue,
    /// The same correction was already entered.
    #[error("this correction is entered already")]
    CorrectionTwice,
    /// An opening balance already contains the calls of this day.
    #[error("the calls of this day were entered as a figure")]
    DayEntered,
    /// The import has more lines than the limit for one import.
    #[error("a register is entered in parts of at most 10,000 lines")]
    TooManyLines,
    /// The same peer educator is named twice.
    #[error("somebody is named twice")]
    NamedTwice,
    /// Too many log-ins are being checked at once.
    #[error("too many are logging in; try again in a minute")]
    Busy,
    /// Another process already serves this SQLite database.
    #[error("another hotline serves this data folder already")]
    Served,
    /// The log-in name contains characters that are not allowed, or is too long.
    #[error("a log-in name is up to 60 letters, digits, '.', '-', '_' and '@'")]
    InvalidLogin,
    /// The team name is empty or too long.
    #[error("the name of a team has 1 to 40 characters")]
    InvalidTeam,
    /// The log-in name is taken by another account.
    #[error("this log-in name is taken")]
    LoginTaken,
    /// The password is too short.
    #[error("a password has at least 12 characters")]
    ShortPassword,
    /// The password is too long.
    #[error("a password has at most 128 characters")]
    LongPassword,
    /// The password is easy to guess.
    #[error(
        "this password is easily guessed; take four words that do not belong together, or a longer random one"
    )]
    WeakPassword,
    /// The hash function rejected the password.
    #[error("the password could not be hashed")]
    UnhashablePassword,
}

impl Conflict {
    /// Returns the key of the conflict's text in the locale files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::AssignedToOther => "conflict-held",
            Self::NoAddress => "conflict-no-address",
            Self::NotAskedFor => "conflict-not-asked-for",
            Self::DoneAlready => "conflict-done",
            Self::NewerOpen => "conflict-newer",
            Self::NoText => "conflict-no-text",
            Self::TooLong => "conflict-long",
            Self::NoIdentifier => "conflict-no-identifier",
            Self::NotFailed => "conflict-not-failed",
            Self::NotSeen => "conflict-not-seen",
            Self::HasLeft => "conflict-has-left",
            Self::SecondPerson => "conflict-second-person",
            Self::ToConfirm => "conflict-to-confirm",
            Self::NothingSent => "conflict-nothing-sent",
            Self::Changed => "conflict-changed",
            Self::Confirmed => "conflict-confirmed",
            Self::NoField => "conflict-no-field",
            Self::NameTaken => "conflict-name-taken",
            Self::CaseClosed => "conflict-case-closed",
            Self::HasPassed => "conflict-has-passed",
            Self::TooFar => "conflict-too-far",
            Self::InTheFuture => "conflict-in-the-future",
            Self::NoNetwork => "conflict-no-network",
            Self::NotWrappedUp => "conflict-not-wrapped-up",
            Self::ReasonNeeded => "conflict-reason-needed",
            Self::SoAlready => "conflict-so-already",
            Self::CannedNotChosen => "conflict-canned-not-chosen",
            Self::InvalidAnswers => "conflict-unlawful-answer",
            Self::NotYours => "conflict-not-yours",
            Self::Stopped => "conflict-stopped",
            Self::NothingToFetch => "conflict-nothing-to-fetch",
            Self::SendsNoFiles => "conflict-sends-no-files",
            Self::NoFilesOnRequest => "conflict-no-files",
            Self::BalanceWithoutSource => "conflict-balance-source",
            Self::BalanceBackwards => "conflict-balance-backwards",
            Self::BalanceOverlaps => "conflict-balance-overlaps",
            Self::StillOpen => "conflict-still-open",
            Self::CaseOpen => "conflict-case-open",
            Self::TokenWithoutName => "conflict-token-name",
            Self::EventWithoutDay => "conflict-event-day",
            Self::EventNumber => "conflict-event-number",
            Self::CorrectionWithoutReason => "conflict-correction-reason",
            Self::NoSuchFigure => "conflict-no-such-figure",
            Self::NoDimension => "conflict-no-dimension",
            Self::TooFine => "conflict-too-fine",
            Self::TooManyToCross => "conflict-too-many-to-cross",
            Self::NotDue => "conflict-not-due",
            Self::CorrectionTwice => "conflict-correction-twice",
            Self::DayEntered => "conflict-day-entered",
            Self::TooManyLines => "conflict-too-many-lines",
            Self::NamedTwice => "conflict-named-twice",
            Self::Busy => "conflict-busy",
            Self::ShortPassword => "conflict-short-password",
            Self::LongPassword => "conflict-long-password",
            Self::WeakPassword => "conflict-weak-password",
            // These conflicts occur only on the command line.
            Self::Served
            | Self::InvalidLogin
            | Self::InvalidTeam
            | Self::LoginTaken
            | Self::UnhashablePassword => "conflict-other",
        }
    }
}

/// Builds the error for stored data that cannot be parsed. The operation fails. If it skipped the damaged data, the figures would be wrong.
pub(crate) fn unreadable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Database(DbErr::Json(why.to_string()))
}

impl StoreError {
    /// Returns whether the same operation may succeed later. This is the case if the database connection or the disk failed, or if too many
    /// messages wait to be registered.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::File(_) | Self::DiskFull(_) | Self::DatabaseMoved | Self::Backlog(_) => true,
            Self::NotFound(_) | Self::Conflict(_) | Self::Sealed(_) => false,
            Self::Database(
                DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
            ) => {
                // An error that does not come from the database means that the connection failed.
                error
                    .as_database_error()
                    .is_none_or(|refused| !blames_the_statement(refused.code().as_deref()))
            }
            Self::Database(error) => matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)),
        }
    }
}

/// Returns whether the statement itself caused the error and would therefore fail again. Such errors have the SQLSTATE classes 22, 23, 42
/// and 54, or the SQLite codes ERROR, TOOBIG, CONSTRAINT, MISMATCH and RANGE.
fn blames_the_statement(code: Option<&str>) -> bool {
    let code = code.unwrap_or_default();
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 1 | 18 | 19 | 20 | 25),
        _ => ["22", "23", "42", "54"]
            .iter()
            .any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_restart_pass_and_a_broken_rule_does_not() {
        for passing in ["13", "10", "778", "5", "57P01", "53100", "08006", "40001"] {
            assert!(!blames_the_statement(Some(passing)), "{passing}");
        }
        for stays in ["19", "2067", "1", "23505", "22001", "42P01"] {
            assert!(blames_the_statement(Some(stays)), "{stays}");
        }
    }
}
