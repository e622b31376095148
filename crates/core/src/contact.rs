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
}
