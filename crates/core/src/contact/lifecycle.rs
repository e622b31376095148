//! A contact: its status and what may lawfully follow.

/// Where a contact stands. Who holds it is a matter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The person waits for us.
    Waiting,
    /// We answered and wait for the person.
    Answered,
    /// A counsellor ended it.
    Closed,
}

/// Something that happens to a contact and may change its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A person's message joined.
    Wrote,
    /// A counsellor's reply was queued.
    Replied,
    /// A counsellor closed it.
    Close,
    /// A counsellor opened it again.
    Reopen,
}

/// A step that cannot be taken from where the contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// Closing what is closed.
    #[error("this contact is closed already")]
    AlreadyClosed,
    /// Reopening what is open.
    #[error("this contact is open already")]
    AlreadyOpen,
}

impl Status {
    /// Every status, in the order of a contact's life.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Answered, Self::Closed];

    /// Its name in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a message may join without the reopening days being counted.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Answered => true,
            Self::Closed => false,
        }
    }

    /// The status after `step`.
    ///
    /// # Errors
    /// When the step makes no sense from here: closing twice, reopening what is open.
    pub const fn after(self, step: Step) -> Result<Self, TransitionError> {
        match (self, step) {
            (_, Step::Wrote) => Ok(Self::Waiting),
            (_, Step::Replied) => Ok(Self::Answered),
            (Self::Closed, Step::Close) => Err(TransitionError::AlreadyClosed),
            (Self::Waiting | Self::Answered, Step::Close) => Ok(Self::Closed),
            (Self::Closed, Step::Reopen) => Ok(Self::Waiting),
            (Self::Waiting | Self::Answered, Step::Reopen) => Err(TransitionError::AlreadyOpen),
        }
    }
}

/// What is known of a contact when somebody wants to close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeforeClosing {
    /// Where it stands.
    pub status: Status,
    /// Whether somebody found it urgent.
    pub urgent: bool,
    /// Whether somebody is assigned to it.
    pub assigned: bool,
    /// Whether a reply was ever sent.
    pub was_answered: bool,
    /// Whether it is a call: somebody answered it as it came.
    pub is_call: bool,
    /// Whether its kind is counselling, if it is classified.
    pub counselling: Option<bool>,
}

impl BeforeClosing {
    /// Whether closing it leaves somebody without the answer they wait for. Whoever closes it then has to say why.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        if self.is_call || !self.waits() {
            return false;
        }
        self.urgent || (!self.was_answered && !matches!(self.counselling, Some(false)))
    }

    /// The same for a marking as spam, test or duplicate: such a contact needs no reply, but an urgent one that nobody looks after is
    /// not put away with one key.
    #[must_use]
    pub const fn needs_reason_to_mark(self) -> bool {
        self.waits() && !self.is_call && self.urgent && !self.assigned
    }

    const fn waits(self) -> bool {
        matches!(self.status, Status::Waiting)
    }
}

/// Why a contact leaves the total. The marking is audited and can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marking {
    /// Advertising and the like.
    Spam,
    /// Somebody tried whether it works.
    Test,
    /// The same thing came in twice.
    Duplicate,
}

impl Marking {
    /// Every marking.
    pub const ALL: [Self; 3] = [Self::Spam, Self::Test, Self::Duplicate];

    /// Its name in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Test => "test",
            Self::Duplicate => "duplicate",
        }
    }

    /// The marking with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|marking| marking.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_never_leaves_its_graph() {
        use Status::{Answered, Closed, Waiting};
        assert_eq!(Waiting.after(Step::Replied), Ok(Answered));
        assert_eq!(
            Closed.after(Step::Wrote),
            Ok(Waiting),
            "a late message opens it again"
        );
        assert_eq!(Closed.after(Step::Close), Err(TransitionError::AlreadyClosed));
        assert_eq!(Answered.after(Step::Reopen), Err(TransitionError::AlreadyOpen));
        assert_eq!(Closed.after(Step::Reopen), Ok(Waiting));
    }

    #[test]
    fn closing_asks_for_a_reason_when_somebody_is_left_without_an_answer() {
        let waiting = BeforeClosing {
            status: Status::Waiting,
            urgent: false,
            assigned: true,
            was_answered: false,
            is_call: false,
            counselling: Some(true),
        };
        let cases = [
            (waiting, true, false),
            (
                BeforeClosing {
                    counselling: None,
                    ..waiting
                },
                true,
                false,
            ),
            (
                BeforeClosing {
                    counselling: Some(false),
                    ..waiting
                },
                false,
                false,
            ),
            (
                BeforeClosing {
                    was_answered: true,
                    ..waiting
                },
                false,
                false,
            ),
            (
                BeforeClosing {
                    was_answered: true,
                    urgent: true,
                    ..waiting
                },
                true,
                false,
            ),
            (
                BeforeClosing {
                    counselling: Some(false),
                    urgent: true,
                    ..waiting
                },
                true,
                false,
            ),
            (
                BeforeClosing {
                    urgent: true,
                    assigned: false,
                    ..waiting
                },
                true,
                true,
            ),
            (
                BeforeClosing {
                    status: Status::Answered,
                    urgent: true,
                    assigned: false,
                    ..waiting
                },
                false,
                false,
            ),
            (
                BeforeClosing {
                    is_call: true,
                    urgent: true,
                    assigned: false,
                    ..waiting
                },
                false,
                false,
            ),
        ];
        for (contact, to_close, to_mark) in cases {
            assert_eq!(
                (contact.needs_reason(), contact.needs_reason_to_mark()),
                (to_close, to_mark),
                "{contact:?}"
            );
        }
    }
}
