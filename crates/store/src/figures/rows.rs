//! Registered communications one by one, as far as they are counted: nothing of a person, and nothing by which one is found.

use hotline_core::{
    classification::Answers,
    clock::start_of_day,
    figures::{Facts, Of},
    period::Period,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    entity::{contacts, records},
    error::StoreError,
    store::Store,
};

/// Rows read at once.
const PAGE: u64 = 5_000;

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    opened_at: i64,
    id: Uuid,
}

impl Store {
    /// The next registered communications of a period, in the order of registration, and where to go on; `None`: there are no more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rows(
        &self,
        period: Period,
        after: Option<After>,
    ) -> Result<(Vec<Facts>, Option<After>), StoreError> {
        let mut query = contacts::Entity::find()
            .order_by_asc(contacts::Column::OpenedAt)
            .order_by_asc(contacts::Column::Id)
            .limit(PAGE);
        let start = |day| start_of_day(day, self.zone).timestamp_micros();
        if let Some(from) = period.from {
            query = query.filter(contacts::Column::OpenedAt.gte(start(from)));
        }
        if let Some(next) = period.to.and_then(|to| to.succ_opt()) {
            query = query.filter(contacts::Column::OpenedAt.lt(start(next)));
        }
        if let Some(after) = after {
            let later = Condition::any()
                .add(contacts::Column::OpenedAt.gt(after.opened_at))
                .add(
                    Condition::all()
                        .add(contacts::Column::OpenedAt.eq(after.opened_at))
                        .add(contacts::Column::Id.gt(after.id)),
                );
            query = query
                .filter(contacts::Column::OpenedAt.gte(after.opened_at))
                .filter(later);
        }
        let page = query.all(&self.reading).await?;
        let next = page.last().map(|last| After {
            opened_at: last.opened_at,
            id: last.id,
        });
        let mut answers: std::collections::HashMap<Uuid, Answers> = std::collections::HashMap::new();
        for some in page.chunks(super::AT_ONCE) {
            let of = records::Entity::find()
                .filter(records::Column::ContactId.is_in(some.iter().map(|one| one.id)));
            for record in of.all(&self.reading).await? {
                let chosen = serde_json::from_str(&record.answers).unwrap_or_default();
                answers.insert(record.contact_id, chosen);
            }
        }
        let rows = page.iter().filter_map(|contact| {
            let chosen = answers.remove(&contact.id).unwrap_or_default();
            self.facts(contact, &chosen)
                .into_iter()
                .find(|facts| facts.of == Of::Contact)
        });
        Ok((rows.collect(), next))
    }
}
