//! Assigning contacts (taking, giving back, handing over), snoozing contacts and blocking identifiers. Each operation writes the change and
//! its history event in one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::lifecycle::Status,
    identifiers::{ids, reference::Reference},
    staff::audit::AuditAction,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    contacts::reply::not_too_long,
    db::{
        contact_row::write_contact,
        entity::contacts,
        store::Store,
        values::{Direction, HistoryKind},
    },
    error::{Conflict, StoreError},
    intake::choices,
    staff::{accounts::StaffMember, work::is_assigned_to_other},
};

/// The longest time for which a contact can be snoozed.
const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(366);
/// The longest time for which an identifier can be blocked.
const LONGEST_BLOCK: TimeDelta = TimeDelta::days(90);

/// The recipient of a handed-over contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A colleague.
    Person(Uuid),
    /// A team; any of its members can take the contact.
    Team(String),
}

impl Store {
    /// Assigns a contact to `who`. The contact must have no assignee, or an assignee who is absent. If several members of staff try to take
    /// an unassigned contact at the same time, the first one succeeds. Returns `false` if the contact was already assigned to `who`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else who is present.
    pub async fn take(&self, who: &StaffMember, reference: Reference) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        if contact.assignee == Some(who.id) {
            return Ok(false);
        }
        let from = match contact.assignee {
            Some(assignee) if is_assigned_to_other(who, &contact) => {
                let colleagues = self.availabilities_in(&transaction).await?;
                match colleagues.into_iter().find(|one| one.member.id == assignee) {
                    Some(one) if one.present => {
                        return Err(StoreError::Conflict(Conflict::AssignedToOther));
                    }
                    Some(one) => one.member.name,
                    None => String::new(),
                }
            }
            Some(_) | None => String::new(),
        };
        let claimed = contacts::Model {
            assignee: Some(who.id),
            team: who.team.clone(),
            ..contact.clone()
        };
        write_contact(&transaction, &contact, &claimed).await?;
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::Claimed,
            &from,
        )
        .await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Removes the assignee and the team of a contact. Returns `false` if the contact had neither.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else.
    pub async fn give_back(&self, who: &StaffMember, reference: Reference) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if contact.assignee.is_none() && contact.team.is_none() {
            return Ok(false);
        }
        let given_back = contacts::Model {
            assignee: None,
            team: None,
            ..contact.clone()
        };
        write_contact(&transaction, &contact, &given_back).await?;
        self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::GivenBack, "")
            .await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Hands a contact over to a colleague or a team. The history records the hand-over with a short reason.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else or closed. Returns [`StoreError::NotFound`] if the
    /// colleague or team does not exist.
    pub async fn hand_over(
        &self,
        who: &StaffMember,
        reference: Reference,
        to: &Recipient,
        note: &str,
    ) -> Result<(), StoreError> {
        let note = not_too_long(note)?;
        let (assignee, team, name) = match to {
            Recipient::Person(id) => {
                let person = self.colleague(*id).await?;
                (Some(person.id), person.team, person.name)
            }
            Recipient::Team(team) => {
                if !self.teams().await?.contains(team) {
                    return Err(StoreError::NotFound("team"));
                }
                (None, Some(team.clone()), team.clone())
            }
        };
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if !contact.status.0.is_open() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let now = self.now();
        if !note.is_empty() {
            let id = ids::new(self.clock.now());
            self.write_message(&transaction, &contact, who, id, Direction::Note, note, now)
                .await?;
        }
        let handed_over = contacts::Model {
            assignee,
            team,
            snoozed_until: None,
            ..contact.clone()
        };
        write_contact(&transaction, &contact, &handed_over).await?;
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::HandedOver,
            &name,
        )
        .await?;
        self.commit(transaction).await
    }

    /// Records that `who` asks the assignee to hand the contact over to `who`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is unassigned or already assigned to `who`.
    pub async fn ask_for(&self, who: &StaffMember, reference: Reference) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        if contact.assignee.is_none_or(|assignee| assignee == who.id) {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        self.add_event(&transaction, contact.id, Some(who.id), HistoryKind::AskedFor, "")
            .await?;
        self.commit(transaction).await
    }

    /// Snoozes a contact, that is, hides it from the views of open contacts until `until`. `None` ends the snooze. A new message from the
    /// person also ends the snooze.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] for a contact that is closed or assigned to someone else, and for an `until` that is in the past or
    /// too far ahead.
    pub async fn snooze(
        &self,
        who: &StaffMember,
        reference: Reference,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        if until.is_some_and(|until| until > self.clock.now() + LONGEST_SNOOZE) {
            return Err(StoreError::Conflict(Conflict::TooFar));
        }
        let until = until.map(|until| until.timestamp_micros());
        if until.is_some_and(|until| until <= now) {
            return Err(StoreError::Conflict(Conflict::HasPassed));
        }
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if !contact.status.0.is_open() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let snoozed = contacts::Model {
            snoozed_until: until,
            ..contact.clone()
        };
        write_contact(&transaction, &contact, &snoozed).await?;
        let kind = if until.is_some() {
            HistoryKind::Snoozed
        } else {
            HistoryKind::Woken
        };
        self.add_event(&transaction, contact.id, Some(who.id), kind, "")
            .await?;
        self.commit(transaction).await
    }

    /// Blocks the identifier of a contact until `until`; `None` unblocks the identifier. Messages from a blocked identifier are registered,
    /// counted and stored as usual. Their contacts are snoozed until `until`, and counsellors are not notified of the messages.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if this contact has no identifier, if `until` is in the past or too far ahead, or if this contact
    /// or another open contact with the same identifier is assigned to someone else.
    pub async fn block(
        &self,
        who: &StaffMember,
        reference: Reference,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if until.is_some_and(|until| until > now + LONGEST_BLOCK) {
            return Err(StoreError::Conflict(Conflict::TooFar));
        }
        if until.is_some_and(|until| until <= now) {
            return Err(StoreError::Conflict(Conflict::HasPassed));
        }
        let (transaction, contact) = self.begin_work(who, reference).await?;
        let Some(hash) = contact.identifier_hash.clone() else {
            return Err(StoreError::Conflict(Conflict::NoIdentifier));
        };
        let until = until.map(|until| until.timestamp_micros());
        let (kind, action) = if until.is_some() {
            (HistoryKind::Blocked, AuditAction::Blocked)
        } else {
            (HistoryKind::Unblocked, AuditAction::Unblocked)
        };
        let before = choices::choice_of(&transaction, &contact).await?.blocked_until;
        // The block is written to the history of every open contact with this identifier. It is refused if any of these contacts is
        // assigned to someone else.
        let mut open = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(hash.clone()))
            .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
            .order_by_asc(contacts::Column::Id);
        if !self.on_sqlite() {
            open = open.lock_exclusive();
        }
        let open = open.all(&transaction).await?;
        if open.iter().any(|one| is_assigned_to_other(who, one)) {
            return Err(StoreError::Conflict(Conflict::AssignedToOther));
        }
        let _now = self.now();
        for one in open.iter().filter(|one| one.id != contact.id) {
            self.add_event(&transaction, one.id, Some(who.id), kind, "")
                .await?;
        }
        self.add_event(&transaction, contact.id, Some(who.id), kind, "")
            .await?;
        // If an earlier block had snoozed a contact, the contact is now snoozed until the end of the new block. If the identifier was
        // unblocked, the snooze ends.
        for one in open
            .iter()
            .filter(|one| before.is_some() && one.snoozed_until == before)
        {
            let snoozed = contacts::Model {
                snoozed_until: until,
                ..one.clone()
            };
            write_contact(&transaction, one, &snoozed).await?;
        }
        choices::block(&transaction, &contact.line, hash, until).await?;
        self.audit_in(&transaction, Some(who.id), action, &reference.to_string())
            .await?;
        self.commit(transaction).await
    }
}
