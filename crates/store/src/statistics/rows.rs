//! Registered communications one by one, with only the data by which they are counted. These data include no personal data and no
//! identifying value.

use hotline_core::{
    contact::classification::Answers,
    statistics::figures::{Facts, Measure},
    time::{clock::start_of_day, period::Period},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, records},
        store::Store,
    },
    error::{StoreError, unreadable},
    statistics::figures::Seen,
};

/// Number of rows read at once.
const PAGE: u64 = 5_000;

/// The columns of a contact that determine how it is counted: id, channel, language, marking, the times of opening, closing, first reply
/// and first reading, and the answers chosen.
pub(super) type CountedContact = (
    Uuid,
    String,
    Option<String>,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

/// Selects exactly these columns.
pub(super) fn looked_at(contacts: Select<contacts::Entity>) -> Select<contacts::Entity> {
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
}

/// The position after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    opened_at: i64,
    id: Uuid,
}

impl Store {
    /// Loads the next registered communications of a period in the order of registration, and the position of the next page. The position
    /// is `None` at the end.
    ///
    /// # Errors
    /// If a database query fails.
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
        let mut query = looked_at(contacts::Entity::find())
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
        let page: Vec<CountedContact> = query.into_tuple().all(on).await?;
        let next = page.last().map(|(id, .., opened_at, _, _, _, _)| After {
            opened_at: *opened_at,
            id: *id,
        });
        let mut rows = Vec::with_capacity(page.len());
        for contact in &page {
            let facts = self.facts_of(contact)?;
            rows.extend(facts.into_iter().find(|facts| facts.of == Measure::Contact));
        }
        Ok((rows, next))
    }

    pub(super) fn facts_of(&self, looked: &CountedContact) -> Result<Vec<Facts>, StoreError> {
        let (_, channel, language, marking, opened_at, closed_at, first_reply_at, first_read_at, answers) =
            looked;
        let seen = Seen {
            channel,
            language: language.as_deref(),
            marking: marking.as_deref(),
            opened_at: *opened_at,
            closed_at: *closed_at,
            first_reply_at: *first_reply_at,
            first_read_at: *first_read_at,
        };
        let chosen = answers
            .as_ref()
            .map(|answers| serde_json::from_str::<Answers>(answers));
        let chosen = chosen.transpose().map_err(unreadable)?;
        Ok(self.facts(seen, &chosen.unwrap_or_default()))
    }
}
