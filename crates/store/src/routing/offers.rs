//! Offers of contacts to counsellors, and the next contact that a counsellor asks for.

use hotline_core::{identifiers::reference::Reference, routing::queue::next_for};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};

use crate::{
    db::{
        contact_row::{reference_of, write_contact},
        entity::{contacts, offers},
        store::{Store, time},
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    staff::{accounts::StaffMember, availability::note_given},
};

/// The number of waiting contacts among which the next contact is chosen.
const SEARCHED: u64 = 500;

/// A contact on offer to a counsellor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Reference of the contact.
    pub reference: Reference,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// Until when the counsellor can accept.
    pub until: chrono::DateTime<chrono::Utc>,
}

impl Store {
    /// Returns the contacts on offer to a counsellor, the first to end first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn offers_to(&self, who: &StaffMember) -> Result<Vec<Offer>, StoreError> {
        let open = offers::Entity::find()
            .filter(offers::Column::StaffId.eq(who.id))
            .filter(offers::Column::Open.eq(true))
            .filter(offers::Column::Until.gt(self.now()))
            .all(&self.reading)
            .await?;
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(open.iter().map(|offer| offer.contact_id)))
            .all(&self.reading)
            .await?;
        let mut offered: Vec<Offer> = rows
            .iter()
            .filter(|row| row.assignee.is_none())
            .filter_map(|row| {
                let offer = open.iter().find(|offer| offer.contact_id == row.id)?;
                Some(Offer {
                    reference: reference_of(row),
                    urgency: row.urgency,
                    until: time(offer.until),
                })
            })
            .collect();
        offered.sort_by_key(|offer| offer.until);
        Ok(offered)
    }

    /// Declines an offer, so that the contact is offered to the next counsellor.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact is not on offer to `who`.
    pub async fn decline(&self, who: &StaffMember, reference: Reference) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_on(reference).await?;
        let offer = offers::Entity::find_by_id((contact.id, who.id))
            .filter(offers::Column::Open.eq(true))
            .one(&transaction)
            .await?
            .ok_or(StoreError::NotFound("offer"))?;
        self.end_offer(&transaction, &offer, HistoryKind::OfferDeclined)
            .await?;
        self.commit(transaction).await?;
        self.route_due.notify_one();
        Ok(())
    }

    /// Returns whether any offer is open.
    pub(super) async fn open_offers(&self, connection: &impl ConnectionTrait) -> Result<bool, StoreError> {
        let open = offers::Entity::find()
            .filter(offers::Column::Open.eq(true))
            .one(connection)
            .await?;
        Ok(open.is_some())
    }

    /// Ends the offers whose time is over, and the offers of contacts that are no longer in the queue.
    pub(super) async fn end_offers(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let open = offers::Entity::find()
            .filter(offers::Column::Open.eq(true))
            .all(transaction)
            .await?;
        let mut needed: Vec<uuid::Uuid> = self
            .queue()
            .filter(contacts::Column::Id.is_in(open.iter().map(|offer| offer.contact_id)))
            .select_only()
            .column(contacts::Column::Id)
            .into_tuple()
            .all(transaction)
            .await?;
        let quarantined = self.unassigned_quarantined(transaction).await?;
        needed.extend(quarantined.iter().map(|contact| contact.id));
        let now = self.now();
        for offer in open {
            if !needed.contains(&offer.contact_id) {
                close_offer(transaction, &offer).await?;
            } else if offer.until <= now {
                self.end_offer(transaction, &offer, HistoryKind::OfferEnded)
                    .await?;
            }
        }
        Ok(())
    }

    async fn end_offer(
        &self,
        transaction: &DatabaseTransaction,
        offer: &offers::Model,
        kind: HistoryKind,
    ) -> Result<(), StoreError> {
        close_offer(transaction, offer).await?;
        self.add_event(transaction, offer.contact_id, Some(offer.staff_id), kind, "")
            .await
    }

    /// Assigns the next contact of the queue that `who` is able to take. Returns `None` if there is none.
    ///
    /// # Errors
    /// Returns [`Conflict::NotAvailable`] if `who` is not available.
    pub async fn take_next(&self, who: &StaffMember) -> Result<Option<Reference>, StoreError> {
        let transaction = self.begin().await?;
        self.lock_routing(&transaction).await?;
        let colleagues = self.availabilities_in(&transaction).await?;
        let all = self.counsellors(&transaction, colleagues).await?;
        let me = all.into_iter().find(|one| one.staff == who.id);
        let Some(me) = me.filter(|me| me.available) else {
            return Err(StoreError::Conflict(Conflict::NotAvailable));
        };
        let first = self.skip_locked(self.queue().limit(SEARCHED));
        let mut waiting = first.all(&transaction).await?;
        waiting.extend(self.unassigned_quarantined(&transaction).await?);
        let now = self.steady.now(self.clock.now());
        let needs = self.needs(&transaction, &waiting).await?;
        let next = next_for(&needs, &me, &self.routing, now);
        let Some(contact) = waiting.iter().find(|contact| Some(contact.id) == next) else {
            return Ok(None);
        };
        let assigned = contacts::Model {
            assignee: Some(who.id),
            team: me.team.clone(),
            ..contact.clone()
        };
        write_contact(&transaction, contact, &assigned).await?;
        note_given(&transaction, who.id, self.now()).await?;
        self.add_event(
            &transaction,
            contact.id,
            Some(who.id),
            HistoryKind::Claimed,
            "next",
        )
        .await?;
        self.commit(transaction).await?;
        Ok(Some(reference_of(contact)))
    }
}

async fn close_offer(transaction: &DatabaseTransaction, offer: &offers::Model) -> Result<(), StoreError> {
    offers::Entity::update_many()
        .col_expr(offers::Column::Open, Expr::value(false))
        .filter(offers::Column::ContactId.eq(offer.contact_id))
        .filter(offers::Column::StaffId.eq(offer.staff_id))
        .exec(transaction)
        .await?;
    Ok(())
}
