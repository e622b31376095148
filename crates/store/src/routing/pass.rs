//! One pass of routing: contacts of absent assignees return to the queue, offers end, and waiting contacts get counsellors.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use hotline_core::routing::{
    availability::Duty,
    decide::{Counsellor, Decision},
    queue::assign_all,
    settings::Mode,
    skills::Need,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::write_contact,
        entity::{contacts, offers},
        store::Store,
        values::HistoryKind,
    },
    error::StoreError,
    staff::availability::{Colleague, note_given},
};

/// The time between two passes if nothing happens. An absence or the end of an offer is noticed after this time at the latest.
const PASS: Duration = Duration::from_secs(2);
/// The shortest time between two passes, so that a burst of messages does not start a pass for each.
const SHORTEST: Duration = Duration::from_millis(100);
/// The number of waiting contacts that one step of a pass reads.
const STEP: u64 = 200;
/// The maximum number of steps in one pass.
const STEPS: u64 = 50;
/// The number of the PostgreSQL advisory lock that allows one pass at a time in all processes.
const ROUTING_LOCK: i64 = 0x686f_746c_0002;

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// The number of contacts that returned to the queue.
    pub returned: usize,
    /// The number of contacts that were assigned.
    pub assigned: usize,
    /// The number of contacts that were offered.
    pub offered: usize,
}

/// Whether a query locks the rows that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locks {
    Nothing,
    Rows,
}

impl Store {
    /// Routes contacts and records missed reply targets until the future is dropped.
    pub async fn keep_routing(self: Arc<Self>) {
        let mut changes = self.watch();
        let mut looked = Instant::now();
        loop {
            if let Err(error) = self.route().await {
                tracing::warn!(error = %error, "Contacts could not be routed");
            }
            if looked.elapsed() >= PASS {
                looked = Instant::now();
                if let Err(error) = self.note_missed_targets().await {
                    tracing::warn!(error = %error, "Missed reply targets could not be recorded");
                }
            }
            tokio::time::sleep(SHORTEST).await;
            let happened = async {
                tokio::select! {
                    () = self.route_due.notified() => {}
                    // If the store closed the feed, the pause below still limits the loop.
                    changed = changes.changed() => if changed.is_err() { std::future::pending().await },
                }
            };
            let _ = tokio::time::timeout(PASS, happened).await;
        }
    }

    /// Runs one pass of routing: returns the contacts of absent assignees to the queue, ends offers, and assigns or offers the waiting
    /// contacts.
    ///
    /// # Errors
    /// Fails if a database query fails. The changes of the failed step are not written.
    pub async fn route(&self) -> Result<Pass, StoreError> {
        let mut pass = Pass::default();
        if !self.has_work().await? {
            return Ok(pass);
        }
        let transaction = self.begin().await?;
        self.lock_routing(&transaction).await?;
        let colleagues = self.availabilities_in(&transaction).await?;
        pass.returned = self.return_contacts(&transaction, &colleagues).await?;
        self.end_offers(&transaction).await?;
        let mut counsellors = self.counsellors(&transaction, colleagues).await?;
        if counsellors.iter().any(|one| one.available) {
            self.give_all(&transaction, &mut counsellors, &mut pass).await?;
        }
        self.commit(transaction).await?;
        Ok(pass)
    }

    /// Returns whether a pass may have something to do. Reads without a lock, so that an idle service writes nothing.
    async fn has_work(&self) -> Result<bool, StoreError> {
        let colleagues = self.availabilities().await?;
        let anybody = colleagues.iter().any(|one| one.availability.is_available());
        if anybody && self.queue().one(&self.reading).await?.is_some() {
            return Ok(true);
        }
        if self.open_offers(&self.reading).await? {
            return Ok(true);
        }
        if anybody && !self.unassigned_quarantined(&self.reading).await?.is_empty() {
            return Ok(true);
        }
        let leaving = self.to_return(&self.reading, &colleagues, Locks::Nothing);
        Ok(!leaving.await?.is_empty())
    }

    /// Allows one pass at a time. On SQLite, the transaction already holds the only write lock.
    pub(super) async fn lock_routing(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        if !self.on_sqlite() {
            let lock = format!("SELECT pg_advisory_xact_lock({ROUTING_LOCK})");
            transaction.execute_unprepared(&lock).await?;
        }
        Ok(())
    }

    /// Returns the waiting contacts whose assignee has been away for too long, or is not among the staff who may work.
    async fn to_return(
        &self,
        connection: &impl ConnectionTrait,
        colleagues: &[Colleague],
        locks: Locks,
    ) -> Result<Vec<contacts::Model>, StoreError> {
        let available = colleagues
            .iter()
            .filter(|one| one.availability.is_available())
            .map(|one| one.member.id);
        let mut query = contacts::Entity::find()
            .filter(Expr::cust("status = 'waiting'"))
            .filter(contacts::Column::Assignee.is_not_null())
            .filter(contacts::Column::Assignee.is_not_in(available))
            .filter(self.in_sight());
        if locks == Locks::Rows {
            query = self.skip_locked(query);
        }
        let now = self.steady.now(self.clock.now());
        let duties: HashMap<Uuid, Duty> = colleagues.iter().map(|one| (one.member.id, one.duty)).collect();
        let mut waiting = query.all(connection).await?;
        waiting.retain(|contact| {
            let duty = contact.assignee.and_then(|assignee| duties.get(&assignee));
            duty.is_none_or(|duty| duty.must_return(contact.urgency > 0, &self.routing, now))
        });
        Ok(waiting)
    }

    async fn return_contacts(
        &self,
        transaction: &DatabaseTransaction,
        colleagues: &[Colleague],
    ) -> Result<usize, StoreError> {
        let waiting = self.to_return(transaction, colleagues, Locks::Rows).await?;
        for contact in &waiting {
            let returned = contacts::Model {
                assignee: None,
                team: None,
                ..contact.clone()
            };
            write_contact(transaction, contact, &returned).await?;
            let from = colleagues
                .iter()
                .find(|one| Some(one.member.id) == contact.assignee);
            let from = from.map_or("", |one| one.member.name.as_str());
            self.add_event(transaction, contact.id, None, HistoryKind::Returned, from)
                .await?;
        }
        Ok(waiting.len())
    }

    /// Assigns or offers waiting contacts, a part of the queue at a time, until no counsellor has capacity left.
    async fn give_all(
        &self,
        transaction: &DatabaseTransaction,
        counsellors: &mut [Counsellor],
        pass: &mut Pass,
    ) -> Result<(), StoreError> {
        let mut skipped = 0;
        for step in 0..STEPS {
            // Contacts in danger may exceed the capacity. They are in the first part of the queue.
            let has_room = |one: &Counsellor| one.available && one.load < one.capacity(&self.routing);
            if step > 0 && !counsellors.iter().any(has_room) {
                return Ok(());
            }
            let part = self.skip_locked(self.queue().offset(skipped).limit(STEP));
            let mut waiting = part.all(transaction).await?;
            let last = (waiting.len() as u64) < STEP;
            if step == 0 {
                waiting.extend(self.unassigned_quarantined(transaction).await?);
            }
            let now = self.steady.now(self.clock.now());
            let needs = self.needs(transaction, &waiting).await?;
            let mut given = 0;
            for (need, decision) in assign_all(needs, counsellors, &self.routing, now) {
                let Some(contact) = waiting.iter().find(|contact| contact.id == need.contact) else {
                    continue;
                };
                given += self
                    .give(transaction, contact, &need, &decision, counsellors, pass)
                    .await?;
            }
            if last {
                return Ok(());
            }
            skipped += STEP.saturating_sub(given);
        }
        Ok(())
    }

    /// Writes one decision. Returns by how many contacts the queue became shorter: 0 or 1.
    async fn give(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        need: &Need,
        decision: &Decision,
        counsellors: &[Counsellor],
        pass: &mut Pass,
    ) -> Result<u64, StoreError> {
        let Some(chosen) = &decision.chosen else {
            return Ok(0);
        };
        let team = counsellors
            .iter()
            .find(|one| one.staff == chosen.staff)
            .and_then(|one| one.team.clone());
        let detail = serde_json::to_string(decision).unwrap_or_default();
        let now = self.now();
        note_given(transaction, chosen.staff, now).await?;
        match self.routing.mode_of(team.as_deref()) {
            Mode::Offer => {
                let until = now.saturating_add(self.routing.accept_within().num_microseconds().unwrap_or(0));
                let offer = offers::ActiveModel {
                    contact_id: Set(need.contact),
                    staff_id: Set(chosen.staff),
                    offered_at: Set(now),
                    until: Set(until),
                    open: Set(true),
                };
                let again = OnConflict::columns([offers::Column::ContactId, offers::Column::StaffId])
                    .update_columns([
                        offers::Column::OfferedAt,
                        offers::Column::Until,
                        offers::Column::Open,
                    ])
                    .to_owned();
                offers::Entity::insert(offer)
                    .on_conflict(again)
                    .exec_without_returning(transaction)
                    .await?;
                self.add_event(
                    transaction,
                    contact.id,
                    Some(chosen.staff),
                    HistoryKind::Offered,
                    &detail,
                )
                .await?;
                pass.offered += 1;
                Ok(0)
            }
            Mode::Assign | Mode::Pull => {
                let assigned = contacts::Model {
                    assignee: Some(chosen.staff),
                    team,
                    ..contact.clone()
                };
                write_contact(transaction, contact, &assigned).await?;
                self.add_event(
                    transaction,
                    contact.id,
                    Some(chosen.staff),
                    HistoryKind::Assigned,
                    &detail,
                )
                .await?;
                pass.assigned += 1;
                Ok(1)
            }
        }
    }
}
