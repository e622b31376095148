//! What can go wrong with stored things.

use sea_orm::{DbErr, RuntimeErr};

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was named is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It was changed by somebody else, or does not allow this now.
    #[error("{0}")]
    Conflict(Conflict),
    /// The database refused or is away.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    /// A sealed value does not open: another master key, or damage.
    #[error("{0} does not open with this master key")]
    Sealed(&'static str),
    /// A file could not be read or written.
    #[error("a file: {0}")]
    File(#[from] std::io::Error),
    /// The disk has less free space than is kept in reserve.
    #[error("the disk is nearly full: {0} MiB free")]
    DiskFull(u64),
    /// The database file, or its log, is not at its place any more: what is written now would be lost.
    #[error(
        "the database file or its log was deleted, replaced or moved while it was open; put it back, or stop the service and \
         restore a backup"
    )]
    DatabaseMoved,
    /// More messages wait to be registered than may wait.
    #[error("{0} messages wait to be registered already")]
    Backlog(u64),
}

/// Why something cannot be done as things stand. Staff are told so in their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A contact is another's.
    #[error("somebody else holds this contact")]
    HeldByOther,
    /// A reply has nowhere to go.
    #[error("this person left no address to answer to")]
    NoAddress,
    /// A reply is to go where nobody asked for it.
    #[error("this person did not ask to be answered there")]
    NotAskedFor,
    /// A step was taken before.
    #[error("somebody did that already")]
    DoneAlready,
    /// Reopening would give somebody two open contacts.
    #[error("this person has a newer contact open; answer there")]
    NewerOpen,
    /// A text is empty.
    #[error("there is no text")]
    NoText,
    /// A text is longer than [`hotline_core::contact::message::LONGEST_TEXT`].
    #[error("the text is longer than 20,000 characters")]
    TooLong,
    /// There is nothing by which its writer is known again.
    #[error("this contact has no identifier")]
    NoIdentifier,
    /// A reply was begun before something that its writer has not seen.
    #[error("something came that you have not seen yet")]
    NotSeen,
    /// Who proposes does not confirm.
    #[error("somebody else has to confirm what you proposed")]
    SecondPerson,
    /// A case is closed when nothing of it waits.
    #[error("a proposal waits for a second person; confirm it or take it back first")]
    ToConfirm,
    /// A referral that does not say what is sent.
    #[error("it does not say what is sent")]
    NothingSent,
    /// Somebody changed it while it was read.
    #[error("it was changed since you opened it; read it again")]
    Changed,
    /// What a second person has confirmed is not changed behind their back.
    #[error("what was confirmed stays as it was")]
    Confirmed,
    /// A field that no canned reply has.
    #[error("only {{reference}}, {{counsellor}} and {{centre}} are filled in")]
    NoField,
    /// Two things of one name.
    #[error("this name is taken")]
    NameTaken,
    /// A case that was closed.
    #[error("this case is closed")]
    CaseClosed,
    /// A time that was to come.
    #[error("this time has passed")]
    HasPassed,
    /// A time centuries away.
    #[error("this time lies too far off")]
    TooFar,
    /// What is logged has happened.
    #[error("this time has not come yet")]
    InTheFuture,
    /// No such network is logged here.
    #[error("no such network is logged here")]
    NoNetwork,
    /// A contact is closed only when it is classified.
    #[error("complete the wrap-up first")]
    NotWrappedUp,
    /// Somebody waits for a reply, and closing says why there is none.
    #[error("this person had no reply; say why it is closed without one")]
    ReasonNeeded,
    /// What was asked for is so already.
    #[error("it is so already")]
    SoAlready,
    /// A reply that is the beginning of the name of a canned one.
    #[error("a reply is not the name of a canned reply; choose one from the list or write words")]
    CannedNotChosen,
    /// The scheme has no such question or answer.
    #[error("the classification has no such question or answer")]
    Unlawful,
    /// A reply is on its way, or gone.
    #[error("this reply has left already")]
    HasLeft,
    /// Only who wrote a reply takes it back.
    #[error("somebody else wrote this")]
    NotYours,
    /// What did not fail is not sent again.
    #[error("only a message that failed can be sent again")]
    NotFailed,
    /// Who asked us to stop is not written to.
    #[error("this person asked not to be written to; answer after the next message")]
    Stopped,
    /// A file that is here, under way or not to be had.
    #[error("this file is here or being fetched already, or cannot be fetched")]
    NothingToFetch,
    /// A line that sends no files.
    #[error("no files can be sent on this line")]
    SendsNoFiles,
    /// Files come another way on this line.
    #[error("files cannot be asked for on this line")]
    NoFilesOnRequest,
    /// An opening balance without its channel or source.
    #[error("an opening balance names its channel and its source")]
    BalanceWithoutSource,
    /// An opening balance that is none.
    #[error("an opening balance is not negative and its period does not run backwards")]
    BalanceBackwards,
    /// An opening balance for days that another one has, or that are counted here.
    #[error("this channel has figures for some of these days already")]
    BalanceOverlaps,
    /// What is open is not erased.
    #[error("it is open; close it first")]
    StillOpen,
    /// A case of the contact is open: its texts are still worked on.
    #[error("a case of it is open; close the case first")]
    CaseOpen,
    /// A token that nobody knows what it is for.
    #[error("the name of a token has 1 to 60 characters")]
    TokenWithoutName,
    /// An event that was held on no day.
    #[error("what was held was held on a day")]
    EventWithoutDay,
    /// A number nobody reaches.
    #[error("a number is below zero or too large")]
    EventNumber,
    /// A correction without why.
    #[error("a correction says why")]
    CorrectionWithoutReason,
    /// A figure of a channel or an institution there is not.
    #[error("no figure of this name is counted here")]
    NoSuchFigure,
    /// Nothing is counted by it.
    #[error("figures are cut by one or two of the dimensions there are")]
    NoDimension,
    /// What tells of persons is not shown by the hour.
    #[error("figures about persons are shown by month and longer, and not by when or how soon")]
    TooFine,
    /// Very many contacts would be looked at one by one.
    #[error("by day or week two dimensions are crossed for at most 200,000 communications")]
    TooManyToCross,
    /// A return is read for the days for which it is due.
    #[error("a return is of a whole period that is over")]
    NotDue,
    /// The same correction once more.
    #[error("this correction is entered already")]
    CorrectionTwice,
    /// A call of a day whose calls were entered as a figure.
    #[error("the calls of this day were entered as a figure")]
    DayEntered,
    /// More lines than are entered at once.
    #[error("a register is entered in parts of at most 10,000 lines")]
    TooManyLines,
    /// Somebody named twice.
    #[error("somebody is named twice")]
    NamedTwice,
    /// Too many log in at once.
    #[error("too many are logging in; try again in a minute")]
    Busy,
    /// Two processes and one SQLite database.
    #[error("another hotline serves this data folder already")]
    Served,
    /// A log-in name with other characters.
    #[error("a log-in name is up to 60 letters, digits, '.', '-', '_' and '@'")]
    UnlawfulLogin,
    /// A team without a name, or with a long one.
    #[error("the name of a team has 1 to 40 characters")]
    UnlawfulTeam,
    /// A log-in name somebody has.
    #[error("this log-in name is taken")]
    LoginTaken,
    /// A password that is too short.
    #[error("a password has at least 12 characters")]
    ShortPassword,
    /// A password that is too long.
    #[error("a password has at most 128 characters")]
    LongPassword,
    /// A password that is guessed soon.
    #[error(
        "this password is easily guessed; take four words that do not belong together, or a longer random one"
    )]
    WeakPassword,
    /// A password the hash function refuses.
    #[error("the password could not be hashed")]
    UnhashablePassword,
}

impl Conflict {
    /// The key of its text in the locale files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::HeldByOther => "conflict-held",
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
            Self::Unlawful => "conflict-unlawful-answer",
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
            // Met on the command line only.
            Self::Served
            | Self::UnlawfulLogin
            | Self::UnlawfulTeam
            | Self::LoginTaken
            | Self::UnhashablePassword => "conflict-other",
        }
    }
}

/// What we wrote ourselves and cannot read is damage, and nothing is counted as if it were not there.
pub(crate) fn unreadable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Database(DbErr::Json(why.to_string()))
}

impl StoreError {
    /// Whether the database or the disk is to blame, and not what was to be done: it works again once they do.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::File(_) | Self::DiskFull(_) | Self::DatabaseMoved | Self::Backlog(_) => true,
            Self::NotFound(_) | Self::Conflict(_) | Self::Sealed(_) => false,
            Self::Database(
                DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
            ) => {
                // Where the database did not answer, it was the connection.
                error
                    .as_database_error()
                    .is_none_or(|refused| !blames_the_statement(refused.code().as_deref()))
            }
            Self::Database(error) => matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)),
        }
    }
}

/// SQLSTATE classes 22, 23, 42 and 54, and SQLite's ERROR, TOOBIG, CONSTRAINT, MISMATCH and RANGE: the same statement would
/// fail again.
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
