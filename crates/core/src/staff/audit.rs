//! The audit: the kinds of actions that it records, and the settings `[audit]`.

use std::path::PathBuf;

/// The `[audit]` table of the settings: where the signed end of the audit is copied to, and how long entries are kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// The file to which the signed head is appended. `None`: `audit-heads.jsonl` in the data folder. A file on another machine also
    /// protects the audit from people who can write to the data folder.
    pub copy_file: Option<PathBuf>,
    /// The number of minutes after which the head is appended again, if it has changed.
    pub copy_minutes: u16,
    /// The number of months after which an entry is removed; 0: never.
    pub months: u16,
    /// Whether each entry is also written to the log of the program, which the system can forward to another machine.
    pub log: bool,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            copy_file: None,
            copy_minutes: 5,
            months: 24,
            log: true,
        }
    }
}

/// An action of a member of staff, of the command line or of the service, as the audit records it.
///
/// The names are stored in the audit, and the chain of the audit covers them, so a name never changes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum AuditAction {
    /// Logged in.
    LogIn,
    /// Logged out, or logged in again in the same browser.
    LogOut,
    /// Log-ins were refused. The object is their number since the last entry.
    LogInRefused,
    /// Typed a wrong current password.
    PasswordRefused,
    /// Changed the own password.
    ChangePassword,
    /// Ended one of the own sessions.
    EndOwnSession,
    /// Ended all own sessions but one.
    EndOtherOwnSessions,
    /// Let a device be notified.
    PushOn,
    /// Ended the notifications of a device.
    PushOff,
    /// Went on duty.
    Available,
    /// Went off duty.
    Away,
    /// Began or ended a break.
    Break,
    /// Wants a talk with a supervisor, or wants none any more.
    WantTalk,
    /// Talked with a colleague who wanted a talk.
    NoteTalk,
    /// Looked at a list of contacts. The object is the view with its filters.
    ListContacts,
    /// Searched contacts and cases. The object is a keyed hash of the words.
    Search,
    /// Opened a contact.
    OpenContact,
    /// Downloaded an attachment.
    Attachment,
    /// Looked at an attachment on the page of its contact.
    Look,
    /// Downloaded a raw message.
    Source,
    /// Was refused a file in which the scanner found malware. The object is the file with the name of the finding.
    MalwareFound,
    /// Changed a contact. The object is the contact with the kind of the change.
    ChangeContact,
    /// Logged a call, or a message on a network without a line.
    Log,
    /// Changed whether a contact counts, for example as spam.
    Mark,
    /// Let a person send files.
    AskForFiles,
    /// Fetched a file from a platform.
    Fetch,
    /// Blocked an identifier.
    Blocked,
    /// Unblocked an identifier.
    Unblocked,
    /// Erased a contact.
    Erase,
    /// Wrote contacts of the past in bulk.
    WritePast,
    /// Moved the contacts of a colleague.
    MoveWork,
    /// Looked at a list of cases.
    ListCases,
    /// Opened a case.
    OpenCase,
    /// Opened the letter of a referral.
    OpenLetter,
    /// Formed a case.
    FormCase,
    /// Changed the summary of a case.
    DescribeCase,
    /// Added a text to a case.
    AddToCase,
    /// Took a case over.
    TakeCaseOver,
    /// Closed a case.
    CloseCase,
    /// Reopened a case.
    ReopenCase,
    /// Proposed a referral.
    ProposeReferral,
    /// Confirmed a referral.
    ConfirmReferral,
    /// Returned a proposed referral.
    ReturnReferral,
    /// Added the number or the outcome of a referral.
    DetailReferral,
    /// Withdrew a referral.
    WithdrawReferral,
    /// Exported the exact figures of a report.
    Report,
    /// Exported exact figures.
    Figures,
    /// Exported the exact figures of a narrative report.
    Narrative,
    /// Opened or exported a return.
    Return,
    /// Exported the rows behind the figures.
    Rows,
    /// Looked at the contacts behind a figure.
    ListFigure,
    /// Entered an opening balance.
    OpeningBalance,
    /// Entered an adjustment.
    Correction,
    /// Withdrew an opening balance or an adjustment.
    WithdrawFigure,
    /// Counted all figures again.
    RebuildFigures,
    /// Issued a read-only token.
    MakeToken,
    /// Ended a read-only token.
    EndToken,
    /// Entered an outreach event.
    WriteEvent,
    /// Changed an outreach event.
    ChangeEvent,
    /// Added a school.
    AddSchool,
    /// Merged two schools.
    MergeSchools,
    /// Entered or changed a peer educator.
    WriteEducator,
    /// Wrote a canned reply or macro.
    WriteCannedReply,
    /// Deleted a canned reply or macro.
    DeleteCannedReply,
    /// Changed opening hours.
    Hours,
    /// Changed the shift plan.
    Shifts,
    /// Sent a test alarm.
    AlarmTest,
    /// Ran parked jobs again.
    RunAgain,
    /// Tested a line.
    TestLine,
    /// Connected or changed a line.
    SaveLine,
    /// Paused a line.
    PauseLine,
    /// Resumed a line.
    ResumeLine,
    /// Replaced a text that the public reads.
    ReplaceText,
    /// Put a version of the wrap-up questions into force.
    PutWrapUpQuestionsInForce,
    /// Renamed a team.
    RenameTeam,
    /// Added an account.
    StaffAdd,
    /// Invited a member of staff.
    StaffInvite,
    /// Chose a password with a one-time link.
    AcceptInvitation,
    /// Made a one-time link for a new password.
    StaffResetByLink,
    /// Set a password at the command line.
    StaffReset,
    /// Changed the team of an account.
    StaffTeam,
    /// Changed the name of an account.
    StaffName,
    /// Changed the role of an account.
    StaffRole,
    /// Changed the skills of a colleague.
    StaffSkills,
    /// Disabled an account.
    StaffDisable,
    /// Enabled an account.
    StaffEnable,
    /// Ended the sessions of an account.
    StaffEndSessions,
    /// Typed the right password; the second factor is still missing.
    LogInBegun,
    /// Removed the own second factors.
    RemoveSecondFactors,
    /// Made new recovery codes.
    MakeRecoveryCodes,
    /// Removed the second factors of an account.
    StaffResetFactors,
    /// Set up a second factor.
    SetUpSecondFactor,
    /// Typed a wrong code.
    CodeRefused,
    /// Connected an identity of the identity provider to the own account.
    ConnectIdentity,
    /// Disconnected the identity of the identity provider.
    DisconnectIdentity,
    /// Disconnected the identity of another account.
    StaffDisconnectIdentity,
    /// Made the address of the own calendar, in place of an earlier one.
    MakeCalendarAddress,
    /// Revoked the address of the own calendar.
    RevokeCalendarAddress,
    /// Removed the entries of the audit whose time was over.
    CutAudit,
    /// Added a passkey.
    AddPasskey,
    /// Removed a passkey of the own account.
    RemovePasskey,
    /// Changed the address to which notices about the own account go.
    SetNoticeAddress,
    /// Replaced the master key, at the command line.
    ReplaceMasterKey,
    /// Placed a legal hold.
    Hold,
    /// Lifted a legal hold.
    LiftHold,
    /// Looked at legal holds.
    Holds,
    /// Revealed the identity of the person in a contact. The object names the contact and the reason.
    Reveal,
    /// Exported what is kept about a person. The object is one of the contacts.
    ExportPerson,
    /// Locked a file as suspected abuse material, or the list of known files did.
    LockFile,
    /// Looked at the list of locked files.
    LockedFiles,
    /// Proposed a decision about a locked file.
    ProposeLockDecision,
    /// Withdrew the proposal of a decision about a locked file.
    WithdrawLockDecision,
    /// Confirmed the decision about a locked file.
    ConfirmLockDecision,
    /// Destroyed a locked file.
    PurgeFile,
    /// Opened the protocol of a locked file.
    LockProtocol,
    /// Looked at the exports of evidence.
    EvidenceExports,
    /// Proposed an export of evidence.
    ProposeEvidence,
    /// Withdrew a proposed export of evidence.
    WithdrawEvidence,
    /// Confirmed an export of evidence, and downloaded the package.
    ExportEvidence,
    /// Read the protocol of erasures.
    ProtocolOfErasures,
    /// Read the audit.
    ReadAudit,
}

crate::named!(AuditAction);
