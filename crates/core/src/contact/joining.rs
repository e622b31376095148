//! The rules for counting registered communications, and for deciding which contact a message belongs to.
//!
//! A contact counts as one registered communication. It counts under its channel, on the local day on which its first message
//! arrived. Contacts marked as spam, test or duplicate are left out of the total.
//!
//! A later message joins the contact, and is not counted, if all of these are true: (1) the sender takes part in the contact ([`Sender`]);
//! (2) the message carries the required proof ([`Joining`]); (3) the contact is open or was closed within the last `reopen_days` days.

use chrono::{DateTime, Duration, Utc};

use crate::contact::lifecycle::{Marking, Status};

/// Returns whether a contact with this marking counts as a registered communication.
#[must_use]
pub const fn counts(marking: Option<Marking>) -> bool {
    marking.is_none()
}

/// The condition under which a message may join a contact of the same identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Joining {
    /// The same identifier is sufficient, because only its owner can send messages under it. Chat accounts and receipt codes are such
    /// identifiers.
    ByIdentifier,
    /// The identifier, such as an e-mail address, can be forged. The message must therefore also carry proof that it belongs to the contact
    /// ([`Proof`]).
    #[default]
    ByEvidence,
}

/// How a message proves that it belongs to a particular contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Proof {
    /// The message carries no proof.
    #[default]
    None,
    /// The message refers to an earlier message that the same sender wrote in this contact.
    EarlierMessage,
    /// The message carries the thread token from one of our replies.
    Token,
}

/// How the sender of a message takes part in a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The contact has the same identifier and line as the message.
    Same,
    /// A reply in this contact was sent to the sender's address, but the contact has another identifier. This happens if the person gave
    /// the address in a Reply-To header or in the web form. The contact can be on any line.
    WrittenTo,
}

/// A contact that a message might join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<I> {
    /// The id of the contact.
    pub id: I,
    /// The status of the contact.
    pub status: Status,
    /// When the contact was closed. `None`: the contact is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// How the sender takes part in the contact.
    pub sender: Sender,
    /// How the message proves that it belongs to this contact.
    pub proof: Proof,
}

/// The contact that a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs<I> {
    /// The message joins this contact. The number of registered communications does not change.
    Joins(I),
    /// The message opens a new contact, which counts as one registered communication.
    Opens {
        /// The earlier contact to link to the new contact. This is the candidate for which the message carries proof or, without proof, the
        /// first candidate. `None`: there are no candidates.
        earlier: Option<I>,
    },
}

/// Decides which contact a message belongs to. `now` is when the message arrived.
///
/// `candidates` contains the contacts in which the sender takes part. Contacts of the same identifier ([`Sender::Same`]) come first, open
/// before closed and newer before older. Contacts of another identifier ([`Sender::WrittenTo`]) come last. A message can join a contact of
/// another identifier only with the thread token as proof. For a message without an identifier, `candidates` is empty.
///
/// With [`Joining::ByEvidence`], a message that carries proof only for an older contact joins the older contact, even if a newer contact of
/// the same identifier is open.
#[must_use]
pub fn belongs<I: Copy>(
    candidates: &[Candidate<I>],
    joining: Joining,
    reopen_days: u16,
    now: DateTime<Utc>,
) -> Belongs<I> {
    let still_takes = |candidate: &Candidate<I>| match (candidate.status, candidate.closed_at) {
        (Status::Closed, Some(closed)) => now - closed <= Duration::days(i64::from(reopen_days)),
        (Status::Closed, None) => false,
        (Status::Waiting | Status::Answered, _) => true,
    };
    let proven = |candidate: &&Candidate<I>| match (candidate.sender, joining) {
        (Sender::Same, Joining::ByIdentifier) => true,
        (Sender::Same, Joining::ByEvidence) => candidate.proof > Proof::None,
        (Sender::WrittenTo, _) => candidate.proof == Proof::Token,
    };
    let evident = candidates.iter().find(|candidate| candidate.proof > Proof::None);
    match candidates
        .iter()
        .filter(proven)
        .find(|candidate| still_takes(candidate))
    {
        Some(candidate) => Belongs::Joins(candidate.id),
        None => Belongs::Opens {
            earlier: evident.or(candidates.first()).map(|candidate| candidate.id),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000 + days)
    }

    fn closed(id: u8, day: i64, evidence: bool) -> Candidate<u8> {
        Candidate {
            status: Status::Closed,
            closed_at: Some(at(day)),
            ..open(id, evidence)
        }
    }

    fn open(id: u8, evidence: bool) -> Candidate<u8> {
        Candidate {
            id,
            status: Status::Waiting,
            closed_at: None,
            sender: Sender::Same,
            proof: if evidence {
                Proof::EarlierMessage
            } else {
                Proof::None
            },
        }
    }

    fn written_to(proof: Proof) -> Candidate<u8> {
        Candidate {
            sender: Sender::WrittenTo,
            proof,
            ..open(1, false)
        }
    }

    #[test]
    fn a_mail_joins_an_open_contact_only_with_evidence() {
        let decide = |evidence| belongs(&[open(1, evidence)], Joining::ByEvidence, 7, at(0));
        assert_eq!(decide(true), Belongs::Joins(1));
        assert_eq!(decide(false), Belongs::Opens { earlier: Some(1) });
    }

    #[test]
    fn a_receipt_code_joins_by_itself() {
        assert_eq!(
            belongs(&[open(1, false)], Joining::ByIdentifier, 7, at(0)),
            Belongs::Joins(1)
        );
    }

    #[test]
    fn a_closed_contact_takes_a_message_for_seven_days_and_no_longer() {
        let decide = |now| belongs(&[closed(1, 0, true)], Joining::ByEvidence, 7, now);
        assert_eq!(decide(at(7)), Belongs::Joins(1));
        assert_eq!(
            decide(at(7) + Duration::seconds(1)),
            Belongs::Opens { earlier: Some(1) }
        );
    }

    #[test]
    fn who_was_written_to_joins_by_the_token_alone() {
        for joining in [Joining::ByEvidence, Joining::ByIdentifier] {
            let decide = |proof| belongs(&[written_to(proof)], joining, 7, at(0));
            assert_eq!(decide(Proof::Token), Belongs::Joins(1), "{joining:?}");
            for proof in [Proof::None, Proof::EarlierMessage] {
                assert_eq!(
                    decide(proof),
                    Belongs::Opens { earlier: Some(1) },
                    "{joining:?} {proof:?}"
                );
            }
        }
    }

    #[test]
    fn evidence_beats_recency() {
        let candidates = [open(2, false), closed(1, -1, true)];
        assert_eq!(
            belongs(&candidates, Joining::ByEvidence, 7, at(0)),
            Belongs::Joins(1)
        );
        assert_eq!(
            belongs(
                &[open(2, false), closed(1, -30, true)],
                Joining::ByEvidence,
                7,
                at(0)
            ),
            Belongs::Opens { earlier: Some(1) },
            "linked to what it answers, not to what is newest"
        );
    }

    proptest! {
        #[test]
        fn without_evidence_no_mail_ever_joins(
            ids in proptest::collection::vec((any::<bool>(), -20i64..1), 0..8)
        ) {
            let candidates: Vec<_> = ids.iter().enumerate().map(|(id, (is_open, day))| {
                let id = u8::try_from(id).unwrap();
                if *is_open { open(id, false) } else { closed(id, *day, false) }
            }).collect();
            let decided = belongs(&candidates, Joining::ByEvidence, 7, at(0));
            let joined = matches!(decided, Belongs::Joins(_));
            prop_assert!(!joined);
        }
    }
}
