//! Errors of the store, and the conflicts that are shown to staff.

use sea_orm::{DbErr, RuntimeErr};

/// The reason why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The record does not exist. The string is the kind of the record, such as "contact".
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The operation is refused. The [`Conflict`] gives the reason.
    #[error("{0}")]
    Conflict(Conflict),
    /// The file is locked as suspected abuse material, or is inside a raw message with such a file. Nobody may open it.
    #[error("it is locked as suspected abuse material")]
    Locked,
    /// The database reported an error or could not be reached.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    /// A sealed (encrypted) value could not be decrypted: it was sealed with another master key, or it is damaged. The string names the
    /// value.
    #[error("{0} does not open with this master key")]
    Sealed(&'static str),
    /// A file could not be read or written.
    #[error("a file: {0}")]
    File(#[from] std::io::Error),
    /// The disk has less free space than the configured reserve. The number is the free space in MiB.
    #[error("the disk is nearly full: {0} MiB free")]
    DiskFull(u64),
    /// The SQLite database file or its write-ahead log was deleted, replaced or moved while the database was open. Anything written now
    /// would be lost, because SQLite still writes to the old file.
    #[error(
        "the database file or its log was deleted, replaced or moved while it was open; put it back, or stop the service and \
         restore a backup"
    )]
    DatabaseMoved,
    /// A newer version of Hotline has migrated the database, so this program must not write to it.
    #[error(
        "a newer version of Hotline has migrated the database, so this program writes nothing; stop it, and start the newer version"
    )]
    Outdated,
    /// Another process is migrating the PostgreSQL database.
    #[error("another process is migrating the database; try again when it has ended")]
    Migrating,
    /// Too many accepted messages wait to be registered, so no further message is accepted. The number is how many messages wait.
    #[error("{0} messages wait to be registered already")]
    Backlog(u64),
}

/// The reason why an operation is refused: the stored data does not allow the operation, or the request is invalid. Staff see the reason in
/// their own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The contact is assigned to someone else, and the member of staff who made the request may not work on contacts that are assigned to
    /// others.
    #[error("this contact is assigned to somebody else")]
    AssignedToOther,
    /// The contact that is to join the same new case is assigned to someone else.
    #[error("the other contact is assigned to somebody else")]
    OtherOneAssigned,
    /// The contact is quarantined, and the member of staff who made the request may not release or discard it.
    #[error("this contact is in quarantine; a supervisor releases or discards it")]
    Quarantined,
    /// The member of staff who asks for the next contact is not available.
    #[error("you are not available for contacts")]
    NotAvailable,
    /// Somebody else stored a newer version of the opening hours or the shift plan.
    #[error("somebody changed it since you opened it; load the page again")]
    ScheduleChanged,
    /// The opening hours or the shift plan cannot work, for example because times overlap.
    #[error("these times cannot work: they overlap, end before they begin, or are never open")]
    InvalidSchedule,
    /// The person left no address to reply to.
    #[error("this person left no address to answer to")]
    NoAddress,
    /// The reply is addressed to an address that the person did not give for replies.
    #[error("this person did not ask to be answered there")]
    NotAskedFor,
    /// The operation was already performed, or the record is no longer in a state that allows the operation.
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
    /// The reply is refused, because its writer has not seen the newest events of the contact. A new message, for example, can make the
    /// reply unsuitable.
    #[error("something came that you have not seen yet")]
    NotSeen,
    /// A referral must be confirmed by another member of staff than the one who proposed it.
    #[error("somebody else has to confirm what you proposed")]
    SecondPerson,
    /// Only the owner of the case and supervisors may do this in the case.
    #[error("this case belongs to a colleague; write an addition, or take the case over")]
    NotCaseOwner,
    /// The referral has no outcome yet, because it is not confirmed.
    #[error("this referral is not confirmed yet")]
    NotConfirmed,
    /// The referral cannot be confirmed, because it was returned for changes and has not been changed since.
    #[error("this was returned for changes, and nothing was changed since")]
    ReferralReturned,
    /// The case cannot be closed, because one of its referrals is unconfirmed.
    #[error("a proposal waits for a second person; confirm it or take it back first")]
    ToConfirm,
    /// The referral cannot be confirmed, because its letter would be empty: the case has no summary, and nothing is enclosed.
    #[error("the letter would be empty: write the summary of the case, or name the enclosures")]
    NothingSent,
    /// The referral cannot be confirmed, because it was changed after the confirming member of staff had read it.
    #[error("it was changed since you opened it; read it again")]
    Changed,
    /// A second member of staff has already confirmed the referral. The referral can no longer be withdrawn, its wording can no longer be
    /// changed, and its case accepts no further contacts.
    #[error("what was confirmed stays as it was")]
    Confirmed,
    /// The canned reply contains a placeholder that the service cannot fill in.
    #[error("only {{reference}}, {{counsellor}} and {{centre}} are filled in")]
    NoField,
    /// Another record already has this name.
    #[error("this name is taken")]
    NameTaken,
    /// A macro hands over to a team that does not exist.
    #[error("there is no such team")]
    NoTeam,
    /// The case is closed.
    #[error("this case is closed")]
    CaseClosed,
    /// The given time is in the past, but has to be in the future.
    #[error("this time has passed")]
    HasPassed,
    /// The given time is too far in the past or in the future.
    #[error("this time lies too far off")]
    TooFar,
    /// The duration of a call is not positive or is longer than [`talk::LONGEST`](hotline_core::time::talk::LONGEST).
    #[error("a call lasts from one second to twelve hours")]
    TalkTime,
    /// The given time is in the future, but the event must already have happened.
    #[error("this time has not come yet")]
    InTheFuture,
    /// The name of the network is invalid, so no call or message can be logged for this network.
    #[error("no such network is logged here")]
    NoNetwork,
    /// The contact cannot be closed before its wrap-up (the required questions of the classification) is complete.
    #[error("complete the wrap-up first")]
    NotWrappedUp,
    /// The person is still waiting for a reply, so closing needs a reason.
    #[error("this person had no reply; say why it is closed without one")]
    ReasonNeeded,
    /// The record already is in the state that was requested.
    #[error("it is so already")]
    SoAlready,
    /// The member of staff has revealed as many identities in this shift as the settings permit.
    #[error("no further identity can be revealed in this shift; ask a supervisor")]
    TooManyReveals,
    /// Two reply addresses look the same while they are masked.
    #[error("these addresses look the same while they are masked; show the identity first, then choose")]
    MaskedAlike,
    /// The text of the reply is an unfinished search for a canned reply, such as a slash followed by the beginning of the name of a canned
    /// reply.
    #[error("a reply is not the name of a canned reply; choose one from the list or write words")]
    CannedNotChosen,
    /// The answers contain a question or an answer that the classification scheme does not have.
    #[error("the classification has no such question or answer")]
    InvalidAnswers,
    /// The reply cannot be taken back, because it was already sent or is being sent now.
    #[error("this reply has left already")]
    HasLeft,
    /// A reply can be taken back only by its author.
    #[error("somebody else wrote this")]
    NotYours,
    /// The message cannot be sent again, because its delivery neither failed nor ended with an unknown result, or because it is already
    /// queued again.
    #[error("only a message that failed can be sent again")]
    NotFailed,
    /// The person sent `/stop`. Replies are allowed again after the person's next message.
    #[error("this person asked not to be written to; answer after the next message")]
    Stopped,
    /// The file cannot be requested from the platform, because the file is already stored, is already being fetched, or has no address at
    /// the platform.
    #[error("this file is here or being fetched already, or cannot be fetched")]
    NothingToFetch,
    /// The line cannot send files.
    #[error("no files can be sent on this line")]
    SendsNoFiles,
    /// Counsellors cannot ask for files on this line.
    #[error("files cannot be asked for on this line")]
    NoFilesOnRequest,
    /// So many notes about a person are pinned that nobody would read more of them.
    #[error("too many notes about this person are pinned already")]
    TooManyPinned,
    /// The opening balance (counts from before Hotline was used) does not name its channel, or does not say where the numbers come from.
    #[error("an opening balance names its channel and its source")]
    BalanceWithoutSource,
    /// The opening balance is negative, or its last day is before its first day.
    #[error("an opening balance is not negative and its period does not run backwards")]
    BalanceBackwards,
    /// The opening balance covers days for which its figure already has counts: from another opening balance, or from contacts or cases
    /// that Hotline counted.
    #[error("this channel has figures for some of these days already")]
    BalanceOverlaps,
    /// The contact cannot be erased, because it is still open.
    #[error("it is open; close it first")]
    StillOpen,
    /// The contact cannot be erased, because it belongs to an open case. Staff still need the contact's texts for this case.
    #[error("a case of it is open; close the case first")]
    CaseOpen,
    /// The contact cannot be erased, because a legal hold is in force on it, on one of its cases, or on another contact of these cases.
    #[error("a legal hold is in force on it, its case or another contact of the case")]
    OnHold,
    /// The contact has a file that is locked as suspected abuse material, and two people have not decided about it or hold it for the
    /// police. Neither the contact is erased nor the file fetched.
    #[error("a file of it is locked as suspected abuse material; two people decide about it first")]
    FileLocked,
    /// The settings do not permit this decision about a locked file.
    #[error("the settings do not permit this decision")]
    DecisionNotPermitted,
    /// Another process is erasing what is due.
    #[error("another process is erasing already")]
    RetentionRuns,
    /// The name of the API token is empty or too long.
    #[error("the name of a token has 1 to 60 characters")]
    TokenWithoutName,
    /// The outreach event is marked as held, but the day on which it was held is missing.
    #[error("what was held was held on a day")]
    EventWithoutDay,
    /// The number of people at the outreach event is negative or too large.
    #[error("a number is below zero or too large")]
    EventNumber,
    /// The correction of a figure does not give a reason.
    #[error("a correction says why")]
    CorrectionWithoutReason,
    /// The opening balance or correction names a channel, a kind of case or an institution that the statistics do not count.
    #[error("no figure of this name is counted here")]
    NoSuchFigure,
    /// The request asks for figures grouped by an unknown dimension, by more than two dimensions, by the same dimension twice, or by more
    /// than one interval.
    #[error("figures are cut by one or two of the dimensions there are")]
    NoDimension,
    /// Figures about persons are requested in groups that are too small, for example by day or by hour. In such groups, suppressing small
    /// figures would not be enough to protect the persons.
    #[error("figures about persons are shown by month and longer, and not by when or how soon")]
    TooFine,
    /// The requested breakdown by two dimensions is not stored. Computing it would have to read too many contacts.
    #[error("by day or week two dimensions are crossed for at most 200,000 communications")]
    TooManyToCross,
    /// The same correction of a figure was already entered.
    #[error("this correction is entered already")]
    CorrectionTwice,
    /// The call cannot be logged, because an opening balance already includes the calls of its day.
    #[error("the calls of this day were entered as a figure")]
    DayEntered,
    /// The import has more lines than one import may have.
    #[error("a register is entered in parts of at most 10,000 lines")]
    TooManyLines,
    /// The outreach event names the same peer educator twice.
    #[error("somebody is named twice")]
    NamedTwice,
    /// The role of the account needs a second factor, so the last one cannot be removed.
    #[error("this role needs a second factor; set up another app in its place")]
    FactorNeeded,
    /// The account has no second factor, so recovery codes would replace nothing.
    #[error("set up an authenticator app or a passkey first")]
    NoFactor,
    /// The account has as many passkeys as it may have.
    #[error("an account has at most ten passkeys; remove one first")]
    TooManyPasskeys,
    /// Too many wrong codes were typed in a row, so codes of the app are refused.
    #[error("too many wrong codes; use a recovery code, or ask an administrator to reset the second factors")]
    TooManyCodes,
    /// The password was not checked, because too many other log-ins are being checked at this time.
    #[error("too many are logging in; try again in a minute")]
    Busy,
    /// Another Hotline process already runs the jobs of this SQLite database.
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
    /// The list of breached passwords contains the password.
    #[error("this password was in a data breach; choose another one")]
    BreachedPassword,
    /// A newer version of the text was stored since the page was opened.
    #[error("somebody else changed this text; look at the new version first")]
    TextChanged,
    /// A newer version of the line was stored since the page was opened.
    #[error("somebody else changed this line; look at its new settings first")]
    LineChanged,
    /// A line of another channel has or had this name.
    #[error("a line of another channel has or had this name; choose another name")]
    LineOfOtherChannel,
    /// The text has a mistake, such as an unknown field.
    #[error("the text has a mistake")]
    InvalidText,
    /// There is no draft of the wrap-up questions.
    #[error("there is no draft of the wrap-up questions")]
    NoSchemeDraft,
    /// Somebody changed the draft of the wrap-up questions since the page was opened.
    #[error("somebody else changed the draft; look at it first")]
    SchemeDraftChanged,
    /// The draft of the wrap-up questions has a mistake.
    #[error("the draft of the wrap-up questions has a mistake")]
    InvalidScheme,
    /// The note that explains a new version of the wrap-up questions is empty or too long.
    #[error("a note says why the questions change, in at most 500 characters")]
    InvalidSchemeNote,
    /// The display name of the account is empty or too long.
    #[error("a name has 1 to 60 characters")]
    InvalidName,
    /// An administrator tried to disable, demote or reset the own account.
    #[error("another administrator does this to your account")]
    OwnAccount,
    /// The identity at the identity provider is connected to another account.
    #[error("the identity is connected to another account")]
    IdentityTaken,
    /// No other enabled administrator could log in.
    #[error("this is the last administrator who can log in; add another one first")]
    LastAdministrator,
    /// The account is disabled.
    #[error("this account is disabled; enable it first")]
    AccountDisabled,
    /// The link was used, has expired, or was replaced or withdrawn.
    #[error("this link cannot be used any more; ask an administrator for a new one")]
    InvitationEnded,
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
            Self::OtherOneAssigned => "conflict-other-held",
            Self::Quarantined => "conflict-quarantined",
            Self::NotAvailable => "conflict-not-available",
            Self::ScheduleChanged => "conflict-schedule-changed",
            Self::InvalidSchedule => "conflict-invalid-schedule",
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
            Self::NotCaseOwner => "conflict-not-case-owner",
            Self::NotConfirmed => "conflict-not-confirmed",
            Self::ReferralReturned => "conflict-referral-returned",
            Self::ToConfirm => "conflict-to-confirm",
            Self::NothingSent => "conflict-nothing-sent",
            Self::Changed => "conflict-changed",
            Self::Confirmed => "conflict-confirmed",
            Self::NoField => "conflict-no-field",
            Self::NameTaken => "conflict-name-taken",
            Self::NoTeam => "conflict-no-team",
            Self::CaseClosed => "conflict-case-closed",
            Self::HasPassed => "conflict-has-passed",
            Self::TooFar => "conflict-too-far",
            Self::TalkTime => "conflict-talk-time",
            Self::InTheFuture => "conflict-in-the-future",
            Self::NoNetwork => "conflict-no-network",
            Self::NotWrappedUp => "conflict-not-wrapped-up",
            Self::ReasonNeeded => "conflict-reason-needed",
            Self::SoAlready => "conflict-so-already",
            Self::TooManyReveals => "conflict-too-many-reveals",
            Self::MaskedAlike => "conflict-masked-alike",
            Self::CannedNotChosen => "conflict-canned-not-chosen",
            Self::InvalidAnswers => "conflict-unlawful-answer",
            Self::NotYours => "conflict-not-yours",
            Self::Stopped => "conflict-stopped",
            Self::NothingToFetch => "conflict-nothing-to-fetch",
            Self::SendsNoFiles => "conflict-sends-no-files",
            Self::TooManyPinned => "conflict-too-many-pinned",
            Self::NoFilesOnRequest => "conflict-no-files",
            Self::BalanceWithoutSource => "conflict-balance-source",
            Self::BalanceBackwards => "conflict-balance-backwards",
            Self::BalanceOverlaps => "conflict-balance-overlaps",
            Self::StillOpen => "conflict-still-open",
            Self::CaseOpen => "conflict-case-open",
            Self::OnHold => "conflict-on-hold",
            Self::FileLocked => "conflict-file-locked",
            Self::DecisionNotPermitted => "conflict-decision-not-permitted",
            Self::RetentionRuns => "conflict-retention-runs",
            Self::TokenWithoutName => "conflict-token-name",
            Self::EventWithoutDay => "conflict-event-day",
            Self::EventNumber => "conflict-event-number",
            Self::CorrectionWithoutReason => "conflict-correction-reason",
            Self::NoSuchFigure => "conflict-no-such-figure",
            Self::NoDimension => "conflict-no-dimension",
            Self::TooFine => "conflict-too-fine",
            Self::TooManyToCross => "conflict-too-many-to-cross",
            Self::CorrectionTwice => "conflict-correction-twice",
            Self::DayEntered => "conflict-day-entered",
            Self::TooManyLines => "conflict-too-many-lines",
            Self::NamedTwice => "conflict-named-twice",
            Self::FactorNeeded => "conflict-factor-needed",
            Self::NoFactor => "conflict-no-factor",
            Self::TooManyPasskeys => "conflict-too-many-passkeys",
            Self::TooManyCodes => "conflict-too-many-codes",
            Self::Busy => "conflict-busy",
            Self::ShortPassword => "conflict-short-password",
            Self::LongPassword => "conflict-long-password",
            Self::WeakPassword => "conflict-weak-password",
            Self::BreachedPassword => "conflict-breached-password",
            Self::InvalidLogin => "conflict-invalid-login",
            Self::InvalidTeam => "conflict-invalid-team",
            Self::LoginTaken => "conflict-login-taken",
            Self::TextChanged => "conflict-text-changed",
            Self::LineChanged => "conflict-line-changed",
            Self::LineOfOtherChannel => "conflict-line-of-other-channel",
            Self::InvalidText => "conflict-invalid-text",
            Self::NoSchemeDraft => "conflict-no-scheme-draft",
            Self::SchemeDraftChanged => "conflict-scheme-draft-changed",
            Self::InvalidScheme => "conflict-invalid-scheme",
            Self::InvalidSchemeNote => "conflict-invalid-scheme-note",
            Self::InvalidName => "conflict-invalid-name",
            Self::OwnAccount => "conflict-own-account",
            Self::IdentityTaken => "conflict-identity-taken",
            Self::LastAdministrator => "conflict-last-administrator",
            Self::AccountDisabled => "conflict-account-disabled",
            Self::InvitationEnded => "conflict-invitation-ended",
            // These conflicts occur only on the command line.
            Self::Served | Self::UnhashablePassword => "conflict-other",
        }
    }
}

/// Builds the error for stored data that cannot be parsed. The operation returns this error instead of skipping the damaged data, because
/// figures computed without that data would be wrong.
pub(crate) fn unreadable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Database(DbErr::Json(why.to_string()))
}

impl StoreError {
    /// Returns whether the same operation may succeed later. An operation may succeed later if it failed because of the database
    /// connection, because of the disk, or because too many messages wait to be registered.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::File(_)
            | Self::DiskFull(_)
            | Self::DatabaseMoved
            | Self::Outdated
            | Self::Migrating
            | Self::Backlog(_) => true,
            Self::NotFound(_) | Self::Conflict(_) | Self::Locked | Self::Sealed(_) => false,
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

/// Returns whether the SQL statement itself caused the error with this code, so that the same statement would fail again. Such errors have
/// the SQLSTATE classes 22, 23, 42 and 54 on PostgreSQL, or the codes ERROR, TOOBIG, CONSTRAINT, MISMATCH and RANGE on SQLite.
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
