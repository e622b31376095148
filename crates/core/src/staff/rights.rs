//! The table of roles and rights. The desk checks every request against this table before it reads any data.

/// The role of a member of staff.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Answers the people who write in.
    Counsellor,
    /// Sees all contacts and the parked jobs (jobs that wait for staff to run them again). Can work on contacts that are assigned to
    /// others.
    Supervisor,
    /// Reads the statistics, and decides about locked files together with another person. Has no access to messages or to details about
    /// people.
    Manager,
    /// Operates the service. Has no access to messages or to details about people.
    Administrator,
    /// Reads the audit, and nothing else.
    Auditor,
}

crate::named!(Role);

/// Permission for one kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See the inbox and read contacts.
    ReadContacts,
    /// Claim, answer, annotate, close, reopen and mark contacts.
    WorkOnContacts,
    /// Go on duty, so that contacts are assigned to this member of staff automatically.
    TakeDuty,
    /// Work on a contact that is assigned to another member of staff.
    WorkOnOthers,
    /// See the queue, the availability and load of counsellors, and the decisions of routing; change skills, hours and shifts.
    SeeRouting,
    /// See parked jobs (jobs that wait for staff to run them again) and ignored messages (messages that opened no contact). The right does
    /// not include the content of the messages.
    SeeQueue,
    /// Run a parked job again. A parked job waits until staff do this.
    RunAgain,
    /// Read the statistics.
    ReadStatistics,
    /// Enter opening balances and adjustments of the statistics, and issue API tokens with which programs read the statistics.
    EnterAdjustments,
    /// Enter events, schools and peer educators, and see the names of the peer educators.
    EditOutreach,
    /// See the health of the lines.
    SeeHealth,
    /// Write and change the canned replies and macros that all counsellors share.
    EditCanned,
    /// Draft a new version of the wrap-up questions, and put it into force.
    EditScheme,
    /// Invite staff, change and disable accounts, and end sessions.
    ManageStaff,
    /// See the settings in force and the state of the service, and test lines.
    OperateService,
    /// Read and verify the audit, which shows who did what.
    ReadAudit,
    /// See the rules of retention, how much they erase and when, and the protocol of what was erased. Only with [`Right::ReadContacts`] does
    /// the reader also see references.
    SeeRetention,
    /// Place and lift legal holds, and erase a person.
    PlaceHolds,
    /// See which files are locked as suspected abuse material, without the files, and decide about them together with another person. Only
    /// with [`Right::ReadContacts`] does the reader also see references.
    DecideLockedFiles,
}

impl Role {
    /// Returns whether this role has the right.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        use Right::{
            DecideLockedFiles, EditCanned, EditOutreach, EditScheme, EnterAdjustments, ManageStaff,
            OperateService, PlaceHolds, ReadAudit, ReadContacts, ReadStatistics, RunAgain, SeeHealth,
            SeeQueue, SeeRetention, SeeRouting, TakeDuty, WorkOnContacts, WorkOnOthers,
        };
        match (self, right) {
            (
                Self::Counsellor,
                ReadContacts | WorkOnContacts | TakeDuty | ReadStatistics | SeeHealth | EditOutreach,
            ) => true,
            (
                Self::Counsellor,
                WorkOnOthers | SeeRouting | SeeQueue | RunAgain | EnterAdjustments | EditCanned | EditScheme
                | ManageStaff | OperateService | ReadAudit | SeeRetention | PlaceHolds | DecideLockedFiles,
            ) => false,
            (Self::Supervisor, EnterAdjustments | ManageStaff | OperateService | ReadAudit) => false,
            (
                Self::Supervisor,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeRouting | SeeQueue | RunAgain
                | ReadStatistics | SeeHealth | EditCanned | EditOutreach | EditScheme | SeeRetention
                | PlaceHolds | DecideLockedFiles,
            ) => true,
            (Self::Manager, ReadStatistics | EnterAdjustments | DecideLockedFiles) => true,
            (
                Self::Manager,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeRouting | SeeQueue | RunAgain
                | SeeHealth | EditCanned | EditOutreach | EditScheme | ManageStaff | OperateService
                | ReadAudit | SeeRetention | PlaceHolds,
            ) => false,
            (
                Self::Administrator,
                SeeQueue | RunAgain | SeeHealth | EditScheme | ManageStaff | OperateService | SeeRetention,
            ) => true,
            (
                Self::Administrator,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeRouting | ReadStatistics
                | EnterAdjustments | EditCanned | EditOutreach | ReadAudit | PlaceHolds | DecideLockedFiles,
            ) => false,
            (Self::Auditor, ReadAudit) => true,
            (
                Self::Auditor,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeRouting | SeeQueue | RunAgain
                | ReadStatistics | EnterAdjustments | SeeHealth | EditCanned | EditOutreach | EditScheme
                | ManageStaff | OperateService | SeeRetention | PlaceHolds | DecideLockedFiles,
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_administrators_and_auditors_get_no_content() {
        for role in [Role::Manager, Role::Administrator, Role::Auditor] {
            assert!(!role.may(Right::ReadContacts));
            assert!(!role.may(Right::WorkOnContacts));
            assert!(!role.may(Right::PlaceHolds));
        }
    }
}
