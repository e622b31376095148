//! How people were taken care of in a period: reply targets, contacts that changed hands, and alarms.

use std::collections::BTreeMap;

use hotline_core::time::period::Period;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde::Serialize;

use crate::{
    db::{
        entity::{alarms, contacts, events},
        values::{AlarmKind, HistoryKind},
    },
    error::StoreError,
    routing::targets::KeptTargets,
    statistics::snapshot::Snapshot,
};

/// How people were taken care of in a period.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Care {
    /// How many reply targets were kept for the people who began to wait in the period. In figures for publication, each row contains
    /// the sum over all urgencies and has the urgency 0, because small counts of urgent contacts could identify persons.
    pub targets: Vec<KeptTargets>,
    /// Number of times that an assignee gave a contact back to the queue.
    pub given_back: i64,
    /// Number of times that a contact returned to the queue because its assignee was away.
    pub returned: i64,
    /// The talk time of the logged calls of the period. `None` in figures for publication if few calls have a recorded duration.
    pub talk: Option<TalkTime>,
    /// Number of alarms about contacts in immediate danger. `None` in figures for publication.
    pub alarms: Option<i64>,
}

/// The talk time of logged calls. Calls whose duration was not recorded are left out.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq, schemars::JsonSchema, FromQueryResult)]
pub struct TalkTime {
    /// Number of calls whose duration was recorded.
    pub calls: i64,
    /// The sum of their durations, in seconds.
    pub seconds: i64,
}

impl Snapshot<'_> {
    /// Loads how people were taken care of in a period. If `least` is not 0, the figures are for publication.
    pub(crate) async fn care(&self, period: Period, least: i64) -> Result<Care, StoreError> {
        let mut targets = self.store.kept_targets_on(&self.on, period).await?;
        let mut alarms = None;
        if least > 0 {
            targets = without_urgency(&targets);
        } else {
            alarms = Some(self.alarms(period).await?);
        }
        Ok(Care {
            targets,
            given_back: self.handed_back(HistoryKind::GivenBack, period).await?,
            returned: self.handed_back(HistoryKind::Returned, period).await?,
            talk: self.talk_time_for_reader(period, least).await?,
            alarms,
        })
    }

    /// Loads the talk time. If `least` is not 0, only complete months that are over are counted, because the difference of two periods could
    /// be the length of one call.
    async fn talk_time_for_reader(&self, period: Period, least: i64) -> Result<Option<TalkTime>, StoreError> {
        let counted = match least {
            0 => Some(period),
            _ => period.whole_months(self.today()),
        };
        let Some(period) = counted else {
            return Ok(None);
        };
        let talk = self.talk_time(period).await?;
        Ok(Some(talk).filter(|talk| least == 0 || talk.calls >= least))
    }

    async fn talk_time(&self, period: Period) -> Result<TalkTime, StoreError> {
        let seconds = Expr::col(contacts::Column::TalkSeconds);
        // PostgreSQL returns the sum of integers as `numeric`.
        let sum = Func::coalesce([seconds.clone().sum(), Expr::value(0)]);
        let found = contacts::Entity::find()
            .select_only()
            .column_as(contacts::Column::TalkSeconds.count(), "calls")
            .expr_as(Expr::expr(sum).cast_as("bigint"), "seconds")
            .filter(contacts::Column::TalkSeconds.is_not_null())
            .filter(contacts::Column::Marking.is_null())
            .filter(self.store.within(contacts::Column::OpenedAt, period))
            .into_model::<TalkTime>()
            .one(&self.on)
            .await?;
        Ok(found.unwrap_or_default())
    }

    async fn handed_back(&self, kind: HistoryKind, period: Period) -> Result<i64, StoreError> {
        let count = events::Entity::find()
            // The database can use the partial index, because this SQL condition repeats the condition of the index word for word.
            .filter(Expr::cust("kind IN ('given_back', 'returned')"))
            .filter(events::Column::Kind.eq(kind))
            .filter(self.store.within(events::Column::At, period))
            .count(&self.on)
            .await?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    async fn alarms(&self, period: Period) -> Result<i64, StoreError> {
        let count = alarms::Entity::find()
            .filter(alarms::Column::Kind.eq(AlarmKind::Danger))
            .filter(self.store.within(alarms::Column::RaisedAt, period))
            .count(&self.on)
            .await?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// Adds up the targets of all urgencies.
fn without_urgency(targets: &[KeptTargets]) -> Vec<KeptTargets> {
    let mut sums: BTreeMap<bool, KeptTargets> = BTreeMap::new();
    for one in targets {
        // `false` sorts before `true`, so first replies come first.
        let sum = sums.entry(!one.first).or_insert(KeptTargets {
            urgency: 0,
            first: one.first,
            kept: 0,
            missed: 0,
        });
        sum.kept += one.kept;
        sum.missed += one.missed;
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_urgencies_the_sums_stay_the_same() {
        let of = |urgency, first, kept, missed| KeptTargets {
            urgency,
            first,
            kept,
            missed,
        };
        let all = [of(2, true, 1, 2), of(2, false, 3, 0), of(0, true, 10, 4)];
        assert_eq!(without_urgency(&all), [of(0, true, 11, 6), of(0, false, 3, 0)]);
    }
}
