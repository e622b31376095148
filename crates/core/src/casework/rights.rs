//! Who may do what in a case. `docs/decisions/0030-owner-of-a-case.md` gives the reasons.

use crate::staff::rights::{Right, Role};

/// An action in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray)]
pub enum CaseAction {
    /// Replace the summary.
    ChangeSummary,
    /// Propose, change or withdraw a referral, and record its days, its number and its outcome.
    ChangeReferrals,
    /// Close or reopen the case.
    Close,
    /// Confirm a referral that somebody else proposed, or return it for changes.
    Review,
    /// Write an addition, which is signed with the name of its author.
    WriteAddition,
    /// Become the owner of the case, with a reason.
    TakeOver,
}

/// The relation of a member of staff to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray)]
pub enum CaseParty {
    /// The member of staff owns the case: formed it, or took it over.
    Owner,
    /// A supervisor who does not own the case.
    Supervisor,
    /// Another member of staff who works on contacts.
    Colleague,
    /// A member of staff who does not work on contacts.
    Outsider,
}

impl CaseParty {
    /// Returns the relation of a member of staff with this role to a case.
    #[must_use]
    pub const fn of(role: Role, is_owner: bool) -> Self {
        if !role.may(Right::WorkOnContacts) {
            Self::Outsider
        } else if is_owner {
            Self::Owner
        } else if role.may(Right::WorkOnOthers) {
            Self::Supervisor
        } else {
            Self::Colleague
        }
    }

    /// Returns whether the action is permitted. The rule that nobody confirms their own proposal applies in addition.
    #[must_use]
    pub const fn may(self, action: CaseAction) -> bool {
        use CaseAction::{ChangeReferrals, ChangeSummary, Close, Review, TakeOver, WriteAddition};
        match (self, action) {
            (Self::Owner, ChangeSummary | ChangeReferrals | Close | Review | WriteAddition) => true,
            (Self::Owner, TakeOver) => false,
            (
                Self::Supervisor,
                ChangeSummary | ChangeReferrals | Close | Review | WriteAddition | TakeOver,
            ) => true,
            (Self::Colleague, Review | WriteAddition | TakeOver) => true,
            (Self::Colleague, ChangeSummary | ChangeReferrals | Close) => false,
            (Self::Outsider, ChangeSummary | ChangeReferrals | Close | Review | WriteAddition | TakeOver) => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn only_the_owner_and_supervisors_change_a_case() {
        for action in [
            CaseAction::ChangeSummary,
            CaseAction::ChangeReferrals,
            CaseAction::Close,
        ] {
            assert!(CaseParty::of(Role::Counsellor, true).may(action), "{action:?}");
            assert!(CaseParty::of(Role::Supervisor, false).may(action), "{action:?}");
            assert!(!CaseParty::of(Role::Counsellor, false).may(action), "{action:?}");
        }
    }

    #[test]
    fn colleagues_review_write_additions_and_take_cases_over() {
        for action in [
            CaseAction::Review,
            CaseAction::WriteAddition,
            CaseAction::TakeOver,
        ] {
            assert!(CaseParty::of(Role::Counsellor, false).may(action), "{action:?}");
        }
    }

    #[test]
    fn an_owner_who_became_a_manager_or_administrator_does_nothing_in_a_case() {
        for role in [Role::Manager, Role::Administrator, Role::Auditor] {
            for action in CaseAction::VARIANTS {
                assert!(!CaseParty::of(role, true).may(*action), "{role:?} {action:?}");
            }
        }
    }
}
