//! Contacts in danger that wait for a reply: which of them are neglected, and why the rules of urgency raised them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hotline_core::{identifiers::reference::Reference, routing::skills::DANGER};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::{is_unread, reference_of},
        entity::{contacts, events},
        store::{Store, time},
        values::HistoryKind,
    },
    error::StoreError,
    staff::availability::Colleague,
};

/// A contact in danger that waits for a reply and has no present assignee who has opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnattendedDanger {
    /// Reference of the contact.
    pub reference: Reference,
    /// Since when the person has waited.
    pub since: DateTime<Utc>,
    /// The assignee. `None` if the contact is unassigned.
    pub assignee: Option<DangerAssignee>,
    /// The ids of the rules that last raised the urgency, separated by spaces. Empty if staff set the urgency.
    pub raised_by: String,
}

/// The assignee of a contact in danger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DangerAssignee {
    /// Id of the member of staff.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// Whether the assignee has opened the contact since it was raised to danger. If so, the assignee is not present, because otherwise the
    /// contact would not be unattended.
    pub has_opened: bool,
}

/// How the contacts in danger that wait for a reply are cared for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DangerBacklog {
    /// The number of those that nobody has opened: their newest message is unread, and their assignee has not opened them since they were
    /// raised to danger.
    pub unopened: usize,
    /// Since when the person who has waited longest has waited. `None`: no contact in danger waits.
    pub oldest_since: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns how the contacts in danger that wait for a reply are cared for.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn danger_backlog(&self) -> Result<DangerBacklog, StoreError> {
        let waiting = self.endangered(&self.reading).await?;
        let is_unopened = |contact: &&contacts::Model| contact.danger_seen_at.is_none() && is_unread(contact);
        Ok(DangerBacklog {
            unopened: waiting.iter().filter(is_unopened).count(),
            oldest_since: waiting
                .iter()
                .filter_map(|contact| contact.waiting_since)
                .min()
                .map(time),
        })
    }

    /// Builds the query of the contacts in danger that wait, the longest-waiting first.
    pub(super) fn in_danger(&self) -> Select<contacts::Entity> {
        contacts::Entity::find()
            .filter(Expr::cust("status <> 'closed' AND urgency > 0"))
            .filter(contacts::Column::Urgency.gte(DANGER))
            // Not `IS NOT NULL`, because SQLite can search an index only for a comparison.
            .filter(contacts::Column::WaitingSince.gt(0))
            .filter(self.in_sight())
            .order_by_asc(contacts::Column::WaitingSince)
    }

    /// Returns the contacts in danger that wait: all contacts that are not quarantined, and the contacts of
    /// [`Store::quarantined_in_danger`].
    pub(super) async fn endangered(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let others = Expr::cust("(marking IS NULL OR marking <> 'quarantine')");
        let mut waiting = self.in_danger().filter(others).all(connection).await?;
        waiting.extend(self.quarantined_in_danger(connection).await?);
        Ok(waiting)
    }

    /// Returns the contacts in danger for which the desk of every available counsellor plays a sound: the contacts that wait for a reply
    /// and have no present assignee who has opened them. Contacts without an assignee come first. Within these two groups, contacts outside
    /// the quarantine come first, then the longest-waiting.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn ringing(&self) -> Result<Vec<UnattendedDanger>, StoreError> {
        let mut waiting = self.unattended().await?;
        // The sort is stable, so it keeps the order by waiting time.
        waiting.sort_by_key(|contact| contact.assignee.is_some());
        let raised = self.last_raised_by(&waiting).await?;
        let names: HashMap<Uuid, String> = self.names().await?.into_iter().collect();
        let ringing = waiting.iter().map(|contact| UnattendedDanger {
            reference: reference_of(contact),
            since: time(contact.waiting_since.unwrap_or(contact.last_in_at)),
            assignee: contact.assignee.map(|id| DangerAssignee {
                id,
                name: names.get(&id).cloned().unwrap_or_default(),
                has_opened: contact.danger_seen_at.is_some(),
            }),
            raised_by: raised.get(&contact.id).cloned().unwrap_or_default(),
        });
        Ok(ringing.collect())
    }

    /// Returns the contacts in danger that wait for a reply and have no present assignee who has opened them.
    pub(crate) async fn unattended(&self) -> Result<Vec<contacts::Model>, StoreError> {
        let mut waiting = self.endangered(&self.reading).await?;
        if waiting.is_empty() {
            return Ok(waiting);
        }
        let colleagues = self.availabilities().await?;
        waiting.retain(|contact| !is_in_care(contact, &colleagues));
        Ok(waiting)
    }

    /// Returns the ids of the rules that last raised each of these contacts, separated by spaces. Leaves out contacts that are not in
    /// danger, and contacts that the rules never raised.
    pub(crate) async fn last_raised_by(
        &self,
        contacts: &[contacts::Model],
    ) -> Result<HashMap<Uuid, String>, StoreError> {
        let endangered = contacts.iter().filter(|contact| contact.urgency >= DANGER);
        let ids: Vec<Uuid> = endangered.map(|contact| contact.id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let raised = events::Entity::find()
            .filter(events::Column::ContactId.is_in(ids))
            .filter(events::Column::Kind.eq(HistoryKind::Raised))
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        Ok(raised
            .into_iter()
            .map(|event| (event.contact_id, event.detail))
            .collect())
    }
}

/// Returns whether the assignee of a contact in danger is present and has opened the contact since it was raised to danger.
pub(super) fn is_in_care(contact: &contacts::Model, colleagues: &[Colleague]) -> bool {
    let mut all = colleagues.iter();
    contact.danger_seen_at.is_some() && all.any(|one| Some(one.member.id) == contact.assignee && one.present)
}
