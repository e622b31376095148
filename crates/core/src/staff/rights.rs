//! Who may do what. One table, asked before anything is read.

/// What a member of staff is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers people.
    Counsellor,
    /// Sees the whole queue and helps counsellors.
    Supervisor,
    /// Reads totals. No message, no person.
    Manager,
    /// Runs the service. No message, no person.
    Administrator,
}

/// Something a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See the inbox and read contacts.
    ReadContacts,
    /// Claim, reply, note, close, reopen, mark.
    WorkOnContacts,
    /// Take part in routing: switch oneself to available.
    TakeDuty,
    /// Work on a contact somebody else holds.
    WorkOnOthers,
    /// See what was parked or set aside, without its content.
    SeeQueue,
    /// Run again what was parked.
    RunAgain,
    /// Read the statistic.
    ReadStatistics,
    /// Enter figures from before the software and corrections, and let programs read figures.
    EnterBalances,
    /// Write events, schools and peer educators down, and see who they are.
    EditOutreach,
    /// See how the lines are doing.
    SeeHealth,
    /// Write and change canned replies.
    EditCanned,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Counsellor,
        Self::Supervisor,
        Self::Manager,
        Self::Administrator,
    ];

    /// Its name in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counsellor => "counsellor",
            Self::Supervisor => "supervisor",
            Self::Manager => "manager",
            Self::Administrator => "administrator",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether this role has the right: the table.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        use Right::{
            EditCanned, EditOutreach, EnterBalances, ReadContacts, ReadStatistics, RunAgain, SeeHealth,
            SeeQueue, TakeDuty, WorkOnContacts, WorkOnOthers,
        };
        match (self, right) {
            (
                Self::Counsellor,
                ReadContacts | WorkOnContacts | TakeDuty | ReadStatistics | SeeHealth | EditOutreach,
            ) => true,
            (Self::Counsellor, WorkOnOthers | SeeQueue | RunAgain | EnterBalances | EditCanned) => false,
            (Self::Supervisor, EnterBalances) => false,
            (
                Self::Supervisor,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeQueue | RunAgain
                | ReadStatistics | SeeHealth | EditCanned | EditOutreach,
            ) => true,
            (Self::Manager, ReadStatistics | EnterBalances) => true,
            (
                Self::Manager,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | SeeQueue | RunAgain | SeeHealth
                | EditCanned | EditOutreach,
            ) => false,
            (Self::Administrator, SeeQueue | RunAgain | SeeHealth) => true,
            (
                Self::Administrator,
                ReadContacts | WorkOnContacts | TakeDuty | WorkOnOthers | ReadStatistics | EnterBalances
                | EditCanned | EditOutreach,
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_and_administrators_get_no_content() {
        for role in [Role::Manager, Role::Administrator] {
            assert!(!role.may(Right::ReadContacts));
            assert!(!role.may(Right::WorkOnContacts));
        }
    }
}
