//! The facts on which routing decides: the counsellors with their loads, and the waiting contacts with their needs.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use hotline_core::{
    contact::lifecycle::Status,
    routing::{decide::Counsellor, skills::Need},
    staff::audit::AuditAction,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
    sea_query::{Expr, LockBehavior, LockType},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{audit, contacts, events, messages, offers},
        store::{Store, time},
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    staff::availability::Colleague,
};

/// An answered contact counts in the load as long as the person wrote within this time, because a chat goes on after each reply.
const CHAT: TimeDelta = TimeDelta::minutes(30);

/// A contact that a counsellor declined is not offered to this counsellor again for this time.
const DECLINED: TimeDelta = TimeDelta::minutes(15);

/// The severe contacts of a member of staff are counted for this time before now.
const SEVERE_WITHIN: TimeDelta = TimeDelta::hours(12);

/// A number of contacts for each member of staff.
type Counts = HashMap<Uuid, u32>;

impl Store {
    /// Builds the facts about counsellors.
    pub(super) async fn counsellors(
        &self,
        connection: &impl ConnectionTrait,
        colleagues: Vec<Colleague>,
    ) -> Result<Vec<Counsellor>, StoreError> {
        let plan = self.shift_plan_in(connection).await?;
        let now = self.clock.now();
        let loads = self.loads(connection).await?;
        let week = self.given_since(connection, TimeDelta::days(7), false).await?;
        let severe = self.given_since(connection, SEVERE_WITHIN, true).await?;
        let counsellors = colleagues.into_iter().map(|one| {
            let id = one.member.id;
            Counsellor {
                staff: id,
                available: one.availability.is_available(),
                on_shift: plan.is_empty() || plan.is_planned(id, one.member.team.as_deref(), now, self.zone),
                load: loads.get(&id).copied().unwrap_or_default(),
                severe: u16::try_from(severe.get(&id).copied().unwrap_or_default()).unwrap_or(u16::MAX),
                given_this_week: week.get(&id).copied().unwrap_or_default(),
                last_given: one.last_given.map(time),
                team: one.member.team,
                skills: one.member.skills,
            }
        });
        Ok(counsellors.collect())
    }

    /// Returns the number of severe contacts (urgent or in danger) that a member of staff got in the last twelve hours. Only the member of
    /// staff sees this number.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn severe_contacts_of(&self, who: Uuid) -> Result<u32, StoreError> {
        let severe = self.given_since(&self.reading, SEVERE_WITHIN, true).await?;
        Ok(severe.get(&who).copied().unwrap_or_default())
    }

    /// Returns the number of pictures and recordings that a member of staff looked at in the last twelve hours, by the audit. Only the member
    /// of staff sees this number.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn pictures_looked_at(&self, who: Uuid) -> Result<u64, StoreError> {
        let since = self.clock.now() - SEVERE_WITHIN;
        Ok(audit::Entity::find()
            .filter(audit::Column::Actor.eq(who))
            .filter(audit::Column::At.gt(since.timestamp_micros()))
            .filter(audit::Column::Action.eq(AuditAction::Look.as_str()))
            .count(&self.reading)
            .await?)
    }

    /// Returns the load of each member of staff in points. The load consists of assigned contacts that wait for a reply, assigned and
    /// answered contacts in which the person wrote within [`CHAT`], and contacts on offer to the member of staff. Assigned contacts that
    /// are snoozed do not count.
    async fn loads(&self, connection: &impl ConnectionTrait) -> Result<HashMap<Uuid, u16>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            staff: Uuid,
            channel: String,
            count: i64,
        }
        let now = self.now();
        let recent = now - CHAT.num_microseconds().unwrap_or_default();
        let active = Condition::any()
            .add(contacts::Column::Status.eq(Status::Waiting.as_str()))
            .add(
                Condition::all()
                    .add(contacts::Column::Status.eq(Status::Answered.as_str()))
                    .add(contacts::Column::LastInAt.gt(recent)),
            );
        let assigned: Vec<Row> = contacts::Entity::find()
            .select_only()
            .column_as(contacts::Column::Assignee, "staff")
            .column(contacts::Column::Channel)
            .column_as(contacts::Column::Id.count(), "count")
            .filter(contacts::Column::Assignee.is_not_null())
            .filter(active)
            .filter(self.in_sight())
            .group_by(contacts::Column::Assignee)
            .group_by(contacts::Column::Channel)
            .into_model()
            .all(connection)
            .await?;
        let offered = offers::Entity::find()
            .filter(offers::Column::Open.eq(true))
            .all(connection)
            .await?;
        let of_offers = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(offered.iter().map(|offer| offer.contact_id)))
            .all(connection)
            .await?;
        let offered = offered.iter().filter_map(|offer| {
            let contact = of_offers.iter().find(|contact| contact.id == offer.contact_id)?;
            Some(Row {
                staff: offer.staff_id,
                channel: contact.channel.clone(),
                count: 1,
            })
        });
        let mut loads = HashMap::new();
        for row in assigned.into_iter().chain(offered) {
            let points = i64::from(self.routing.weight(&row.channel)).saturating_mul(row.count);
            let load: &mut u16 = loads.entry(row.staff).or_default();
            *load = load.saturating_add(u16::try_from(points).unwrap_or(u16::MAX));
        }
        Ok(loads)
    }

    /// Counts the contacts that each counsellor got in the time `within` before now. If `severe` is `false`, counts only contacts that were
    /// assigned automatically. If `severe` is `true`, counts only contacts that are urgent or in danger, whether they were assigned
    /// automatically or taken by the counsellor.
    async fn given_since(
        &self,
        connection: &impl ConnectionTrait,
        within: TimeDelta,
        severe: bool,
    ) -> Result<Counts, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            actor: Uuid,
            count: i64,
        }
        let since = self.now() - within.num_microseconds().unwrap_or_default();
        let mut query = events::Entity::find()
            .select_only()
            .column(events::Column::Actor)
            .column_as(events::Column::ContactId.count(), "count")
            .filter(events::Column::At.gt(since))
            .filter(events::Column::Actor.is_not_null());
        let kinds = if severe {
            let urgent = contacts::Entity::find()
                .select_only()
                .column(contacts::Column::Id)
                .filter(Expr::cust("contacts.id = events.contact_id AND urgency > 0"));
            query = query.filter(Expr::exists(sea_orm::QueryTrait::into_query(urgent)));
            vec![HistoryKind::Assigned, HistoryKind::Claimed]
        } else {
            vec![HistoryKind::Assigned]
        };
        let rows: Vec<Row> = query
            // The database can use the partial index, because this SQL condition repeats the condition of the index word for word.
            .filter(Expr::cust("kind IN ('assigned', 'claimed')"))
            .filter(events::Column::Kind.is_in(kinds))
            .group_by(events::Column::Actor)
            .into_model()
            .all(connection)
            .await?;
        let count = |row: Row| (row.actor, u32::try_from(row.count).unwrap_or(u32::MAX));
        Ok(rows.into_iter().map(count).collect())
    }

    /// Returns the condition that a contact is not snoozed.
    pub(super) fn in_sight(&self) -> Condition {
        Condition::any()
            .add(contacts::Column::SnoozedUntil.is_null())
            .add(contacts::Column::SnoozedUntil.lte(self.now()))
    }

    /// Builds the query of the contacts that wait for a counsellor, in the order of the queue.
    pub(super) fn queue(&self) -> Select<contacts::Entity> {
        contacts::Entity::find()
            .filter(Expr::cust(
                "status = 'waiting' AND holder IS NULL AND marking IS NULL",
            ))
            .filter(self.in_sight())
            .order_by_desc(contacts::Column::Urgency)
            .order_by_asc(contacts::Column::WaitingSince)
            .order_by_asc(contacts::Column::Id)
    }

    /// Locks the rows of a query on PostgreSQL. Rows that another transaction has locked are left out; the next pass finds them.
    pub(super) fn skip_locked(&self, query: Select<contacts::Entity>) -> Select<contacts::Entity> {
        if self.on_sqlite() {
            return query;
        }
        query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
    }

    /// Builds the needs of waiting contacts. Contacts that are on offer to a counsellor are left out.
    pub(super) async fn needs(
        &self,
        connection: &impl ConnectionTrait,
        waiting: &[contacts::Model],
    ) -> Result<Vec<Need>, StoreError> {
        let ids = || waiting.iter().map(|contact| contact.id);
        let offered = offers::Entity::find()
            .filter(offers::Column::ContactId.is_in(ids()))
            .all(connection)
            .await?;
        let known = self.known_to(connection, waiting).await?;
        let recent = self.now() - DECLINED.num_microseconds().unwrap_or_default();
        let is_free = |contact: &&contacts::Model| {
            !offered
                .iter()
                .any(|offer| offer.contact_id == contact.id && offer.open)
        };
        let needs = waiting.iter().filter(is_free).map(|contact| Need {
            contact: contact.id,
            urgency: contact.urgency,
            waiting_since: time(contact.waiting_since.unwrap_or(contact.last_in_at)),
            language: contact.language.map(|language| language.0.into()),
            channel: contact.channel.clone(),
            topic: contact.topic.clone(),
            team: contact.team.clone(),
            known_to: known.get(&contact.id).cloned().unwrap_or_default(),
            declined_by: offered
                .iter()
                .filter(|offer| offer.contact_id == contact.id && offer.offered_at > recent)
                .map(|offer| offer.staff_id)
                .collect(),
        });
        Ok(needs.collect())
    }

    /// Returns the counsellors who answered each person before, in the same contact or in another contact of the same identifier.
    async fn known_to(
        &self,
        connection: &impl ConnectionTrait,
        waiting: &[contacts::Model],
    ) -> Result<HashMap<Uuid, BTreeSet<Uuid>>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            contact_id: Uuid,
            author: Uuid,
        }
        let hashes: Vec<Vec<u8>> = waiting
            .iter()
            .filter_map(|contact| contact.identifier_hash.clone())
            .collect();
        let ids = waiting.iter().map(|contact| contact.id);
        let same: Vec<(Uuid, String, Option<Vec<u8>>)> = contacts::Entity::find()
            .select_only()
            .column(contacts::Column::Id)
            .column(contacts::Column::Line)
            .column(contacts::Column::IdentifierHash)
            .filter(
                Condition::any()
                    .add(contacts::Column::IdentifierHash.is_in(hashes))
                    .add(contacts::Column::Id.is_in(ids)),
            )
            .into_tuple()
            .all(connection)
            .await?;
        let rows: Vec<Row> = messages::Entity::find()
            .select_only()
            .column(messages::Column::ContactId)
            .column(messages::Column::Author)
            .distinct()
            .filter(messages::Column::ContactId.is_in(same.iter().map(|(id, ..)| *id)))
            .filter(messages::Column::Direction.eq(Direction::Reply))
            .filter(messages::Column::Author.is_not_null())
            .into_model()
            .all(connection)
            .await?;
        let mut known: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
        for row in rows {
            let Some((_, line, hash)) = same.iter().find(|(id, ..)| *id == row.contact_id) else {
                continue;
            };
            let of_person = waiting.iter().filter(|contact| {
                contact.id == row.contact_id
                    || (hash.is_some() && contact.identifier_hash == *hash && contact.line == *line)
            });
            for contact in of_person {
                known.entry(contact.id).or_default().insert(row.author);
            }
        }
        Ok(known)
    }
}
