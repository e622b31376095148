//! A list of registered communications, one row each. A row contains only the data by which the statistics count the communication, without
//! personal data or identifying values.

use hotline_core::{
    contact::classification::Answers,
    statistics::figures::{Facts, Measure},
    time::{clock::start_of_day, period::Period},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, Select, SelectModel, Selector,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, records},
        store::Store,
    },
    error::{StoreError, unreadable},
    statistics::counts::CountedColumns,
};

/// Maximum number of contacts read for one page of [`Store::rows`].
const PAGE: u64 = 5_000;

/// A contact, reduced to its id and the data by which the statistics count it.
#[derive(Debug, FromQueryResult)]
pub(super) struct CountedContact {
    pub(super) id: Uuid,
    #[sea_orm(nested)]
    pub(super) columns: CountedColumns,
    /// The answers chosen in the wrap-up, as JSON.
    answers: Option<String>,
}

/// Selects exactly the columns of a [`CountedContact`].
pub(super) fn select_counted(contacts: Select<contacts::Entity>) -> Selector<SelectModel<CountedContact>> {
    let its_record = contacts::Entity::belongs_to(records::Entity)
        .from(contacts::Column::Id)
        .to(records::Column::ContactId)
        .into();
    contacts
        .select_only()
        .columns([
            contacts::Column::Id,
            contacts::Column::Channel,
            contacts::Column::Language,
            contacts::Column::Marking,
            contacts::Column::OpenedAt,
            contacts::Column::ClosedAt,
            contacts::Column::FirstReplyAt,
            contacts::Column::FirstReadAt,
        ])
        .column(records::Column::Answers)
        .join(JoinType::LeftJoin, its_record)
        .into_model()
}

/// A position in the list of registered communications. The next page begins after this position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    opened_at: i64,
    id: Uuid,
}

impl Store {
    /// Loads the next page of registered communications in a period, in the order of registration. Also returns the position of the
    /// following page, or `None` at the end.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn rows(
        &self,
        period: Period,
        after: Option<After>,
    ) -> Result<(Vec<Facts>, Option<After>), StoreError> {
        self.rows_on(&self.reading, period, after).await
    }

    pub(super) async fn rows_on(
        &self,
        on: &impl ConnectionTrait,
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
        let page = select_counted(query).all(on).await?;
        let next = page.last().map(|contact| After {
            opened_at: contact.columns.opened_at,
            id: contact.id,
        });
        let mut rows = Vec::with_capacity(page.len());
        for contact in &page {
            let facts = self.facts_of(contact)?;
            rows.extend(facts.into_iter().find(|facts| facts.of == Measure::Contact));
        }
        Ok((rows, next))
    }

    pub(super) fn facts_of(&self, contact: &CountedContact) -> Result<Vec<Facts>, StoreError> {
        let chosen = contact
            .answers
            .as_ref()
            .map(|answers| serde_json::from_str::<Answers>(answers));
        let chosen = chosen.transpose().map_err(unreadable)?;
        Ok(self.facts(&contact.columns, &chosen.unwrap_or_default()))
    }
}
