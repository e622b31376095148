//! Peer educators: their chosen names, their schools, and the events in which they took part. No other personal data is stored.

use std::collections::{BTreeSet, HashMap};

use hotline_core::{
    identifiers::ids,
    staff::audit::AuditAction,
    statistics::outreach::{EventState, Part, Reached},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{
        entity::{educators, event_educators, outreach},
        store::Store,
        stored::Stored,
    },
    error::{Conflict, StoreError},
    outreach::{reached, schools::root_of, short},
    staff::accounts::StaffMember,
};

/// A peer educator: a young person trained to teach other young people.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Educator {
    /// The id of the peer educator.
    pub id: Uuid,
    /// The name that the peer educator chose.
    pub name: String,
    /// The school of the peer educator, if known.
    pub school: Option<Uuid>,
    /// Whether the peer educator is still active.
    pub active: bool,
    /// Number of trainings that the peer educator attended.
    pub trainings: i64,
    /// Number of events that the peer educator led.
    pub led: i64,
    /// Number of people reached by the events that the peer educator led.
    pub reached: i64,
}

impl Store {
    /// Changes the peer educator `id`, or adds one if `id` is `None`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the name is empty or too long.
    pub async fn write_educator(
        &self,
        who: &StaffMember,
        id: Option<Uuid>,
        name: &str,
        school: Option<Uuid>,
        active: bool,
    ) -> Result<Uuid, StoreError> {
        let name = short(name)?;
        if name.is_empty() {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let transaction = self.begin().await?;
        let school = match school {
            Some(school) => Some(root_of(&transaction, school).await?),
            None => None,
        };
        let new = id.unwrap_or_else(|| ids::new(self.clock.now()));
        let mut row = educators::ActiveModel {
            id: Set(new),
            name: Set(name),
            school_id: Set(school),
            active: Set(active),
        };
        if id.is_some() {
            row.id = Unchanged(new);
            let known = educators::Entity::find_by_id(new).one(&transaction).await?;
            known.ok_or(StoreError::NotFound("educator"))?;
            row.update(&transaction).await?;
        } else {
            row.insert(&transaction).await?;
        }
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::WriteEducator,
            &new.to_string(),
        )
        .await?;
        self.commit(transaction).await?;
        Ok(new)
    }

    /// Returns the peer educators, sorted by name. Inactive peer educators come last.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn educators(&self) -> Result<Vec<Educator>, StoreError> {
        let all = educators::Entity::find()
            .order_by_desc(educators::Column::Active)
            .order_by_asc(educators::Column::Name)
            .all(&self.reading)
            .await?;
        let held: HashMap<Uuid, Reached> = outreach::Entity::find()
            .filter(outreach::Column::State.eq(EventState::Held.as_str()))
            .all(&self.reading)
            .await?
            .iter()
            .map(|row| (row.id, reached(row)))
            .collect();
        let mut did: HashMap<Uuid, (i64, i64, i64)> = HashMap::new();
        for tie in event_educators::Entity::find().all(&self.reading).await? {
            let Some(reached) = held.get(&tie.outreach_id) else {
                continue;
            };
            let (trainings, led, all) = did.entry(tie.educator_id).or_default();
            match tie.part.0 {
                Part::Led => {
                    *led += 1;
                    *all += reached.all();
                }
                Part::Trained => *trainings += 1,
            }
        }
        Ok(all
            .into_iter()
            .map(|row| {
                let (trainings, led, reached) = did.get(&row.id).copied().unwrap_or_default();
                Educator {
                    id: row.id,
                    name: row.name,
                    school: row.school_id,
                    active: row.active,
                    trainings,
                    led,
                    reached,
                }
            })
            .collect())
    }
}

/// Replaces the educators of an event with `all`. Fails if an educator is named twice or does not exist.
pub(super) async fn put(
    transaction: &DatabaseTransaction,
    event: Uuid,
    all: &[(Uuid, Part)],
) -> Result<(), StoreError> {
    let of_event =
        event_educators::Entity::delete_many().filter(event_educators::Column::OutreachId.eq(event));
    of_event.exec(transaction).await?;
    let each: BTreeSet<Uuid> = all.iter().map(|(educator, _)| *educator).collect();
    if each.len() < all.len() {
        return Err(StoreError::Conflict(Conflict::NamedTwice));
    }
    for (educator, part) in all {
        let known = educators::Entity::find_by_id(*educator).one(transaction).await?;
        known.ok_or(StoreError::NotFound("educator"))?;
        let tie = event_educators::ActiveModel {
            outreach_id: Set(event),
            educator_id: Set(*educator),
            part: Set(Stored(*part)),
        };
        event_educators::Entity::insert(tie)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
