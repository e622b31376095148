//! The status of a contact, and the events that change it.

/// The status of a contact. The status does not show whether the contact has an assignee.
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
pub enum Status {
    /// The person is waiting for a reply.
    Waiting,
    /// The centre replied and is waiting for the person.
    Answered,
    /// A counsellor closed the contact.
    Closed,
}

crate::named!(Status);

/// An event in a contact that may change its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message from the person joined the contact.
    Wrote,
    /// A counsellor's reply was queued.
    Replied,
    /// A counsellor closed the contact.
    Close,
    /// A counsellor reopened the contact.
    Reopen,
}

/// The reason why a step is not permitted in the current status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The contact to close is already closed.
    #[error("this contact is closed already")]
    AlreadyClosed,
    /// The contact to reopen is already open.
    #[error("this contact is open already")]
    AlreadyOpen,
}

impl Status {
    /// Returns whether the contact is open. A message can join an open contact however old the contact is.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Answered => true,
            Self::Closed => false,
        }
    }

    /// Returns the status that the contact has after `step`.
    ///
    /// # Errors
    /// Fails if the status does not permit the step: closing a closed contact, or reopening an open one.
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

/// The facts about a contact that decide whether a counsellor must give a reason for closing or marking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeforeClosing {
    /// The current status of the contact.
    pub status: Status,
    /// Whether the contact was classified as urgent.
    pub urgent: bool,
    /// Whether the contact has an assignee.
    pub assigned: bool,
    /// Whether the centre has sent the person a reply in this contact.
    pub was_answered: bool,
    /// Whether the contact is a telephone call. Closing a call needs no reason, because the caller is answered during the call.
    pub is_call: bool,
    /// Whether the kind of the contact is counselling. `None`: the contact is not classified yet.
    pub counselling: Option<bool>,
}

impl BeforeClosing {
    /// Returns whether the counsellor must give a reason for closing the contact. A reason is needed if closing leaves a waiting person
    /// without a reply that they should get.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        if self.is_call || !self.waits() {
            return false;
        }
        self.urgent || (!self.was_answered && !matches!(self.counselling, Some(false)))
    }

    /// Returns whether the counsellor must give a reason for marking the contact as spam, test or duplicate. Usually no reason is needed,
    /// because a marked contact needs no reply. An urgent contact that is waiting and has no assignee needs a reason, so that a single key
    /// press cannot dismiss it.
    #[must_use]
    pub const fn needs_reason_to_mark(self) -> bool {
        self.waits() && !self.is_call && self.urgent && !self.assigned
    }

    const fn waits(self) -> bool {
        matches!(self.status, Status::Waiting)
    }
}

/// A marking that keeps a contact from being counted as a registered communication. The audit log records who set a marking. Staff can
/// remove a marking.
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
pub enum Marking {
    /// Advertising and other unsolicited mail.
    Spam,
    /// A message with which someone tested whether the channel works.
    Test,
    /// A communication that is already counted as another contact.
    Duplicate,
    /// A contact that may come from a robot, because its post arrived during a flood without a proof of work. The contact stays open until
    /// a supervisor releases or discards it.
    Quarantine,
}

crate::named!(Marking);

impl Marking {
    /// Returns whether setting this marking closes the contact. A quarantined contact stays open, because a person may be waiting.
    #[must_use]
    pub const fn closes(self) -> bool {
        match self {
            Self::Spam | Self::Test | Self::Duplicate => true,
            Self::Quarantine => false,
        }
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
