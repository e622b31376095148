//! The registered-communications statistic of a period: what was registered here, what was before, and what was corrected.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    statistics::figures::{ADVISORY, CASE_KIND, CHANNEL, INSTITUTION, Measure},
    time::period::Period,
};
use serde::Serialize;

use crate::{
    error::StoreError,
    statistics::{
        adjustments::{Adjustment, overlaps},
        figures::StatisticsFilter,
        snapshot::Snapshot,
    },
};

/// The totals of a period.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Totals {
    /// The first day, if the period has one.
    pub from: Option<NaiveDate>,
    /// The last day, if the period has one.
    pub to: Option<NaiveDate>,
    /// The zone in which a day is a day.
    pub time_zone: String,
    /// When these figures were read.
    pub as_of: DateTime<Utc>,
    /// All registered communications.
    #[serde(flatten)]
    pub sum: Sum,
    /// The same by channel: together they are the sum.
    pub channels: Vec<Part>,
    /// Cases formed.
    pub cases: Cases,
    /// How many entered figures are left out, because only a part of their days lies in the period.
    pub left_out: usize,
}

/// Cases of a period: all of them are advisory or forwarded, and all that are forwarded have an institution.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Cases {
    /// All cases.
    #[serde(flatten)]
    pub sum: Sum,
    /// Sent nowhere.
    pub advisory: Sum,
    /// Sent to an institution.
    pub forwarded: Sum,
    /// The forwarded ones, by the institution they were sent to first.
    pub institutions: Vec<Part>,
}

/// A part of a sum.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Part {
    /// What it is the part of: a channel, or an institution.
    pub name: String,
    /// Its own sum.
    #[serde(flatten)]
    pub sum: Sum,
}

/// What was counted, and what was entered.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct Sum {
    /// All of it.
    pub total: i64,
    /// Counted by this software.
    pub registered: i64,
    /// From before the software.
    pub opening_balance: i64,
    /// What was corrected, up or down.
    pub corrections: i64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.total += other.total;
        self.registered += other.registered;
        self.opening_balance += other.opening_balance;
        self.corrections += other.corrections;
    }

    fn of<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Self {
        let mut sum = Self::default();
        parts.into_iter().for_each(|part| sum.add(part.sum));
        sum
    }
}

impl Snapshot<'_> {
    /// [`Store::totals`](crate::db::store::Store::totals)
    pub(crate) async fn totals(&mut self, period: Period) -> Result<Totals, StoreError> {
        let entered = self.entered().await?.iter().cloned();
        let (inside, others): (Vec<Adjustment>, Vec<Adjustment>) =
            entered.partition(|one| period.holds(one.said.from) && period.holds(one.said.to));
        let left_out = others.iter().filter(|one| overlaps(period, one)).count();
        let channels = self.parts(Measure::Contact, CHANNEL, period, &inside).await?;
        // What is advisory has no institution: it stands apart.
        let advisory: Vec<Part> = self.parts(Measure::Case, CASE_KIND, period, &inside).await?;
        let advisory = Sum::of(advisory.iter().filter(|part| part.name == ADVISORY));
        let mut institutions = self.parts(Measure::Case, INSTITUTION, period, &inside).await?;
        institutions.retain(|part| part.name != ADVISORY);
        let forwarded = Sum::of(&institutions);
        let mut cases = forwarded;
        cases.add(advisory);
        Ok(Totals {
            from: period.from,
            to: period.to,
            time_zone: self.store.zone.name().to_owned(),
            as_of: self.as_of,
            sum: Sum::of(&channels),
            channels,
            cases: Cases {
                sum: cases,
                advisory,
                forwarded,
                institutions,
            },
            left_out,
        })
    }

    /// What was counted by a dimension and what was entered for its values, the largest first.
    async fn parts(
        &mut self,
        of: Measure,
        by: &str,
        period: Period,
        entered: &[Adjustment],
    ) -> Result<Vec<Part>, StoreError> {
        let mut parts: BTreeMap<String, Sum> = BTreeMap::new();
        let found = self
            .breakdown(&StatisticsFilter::of(of, period, [by], None))
            .await?;
        for row in found.rows {
            let value = row.values.into_iter().next().unwrap_or_default();
            parts.entry(value).or_default().registered += row.count;
        }
        for one in entered.iter().map(|one| &one.said).filter(|one| one.of == of) {
            let part = parts.entry(one.value.clone()).or_default();
            if one.correction {
                part.corrections += one.count;
            } else {
                part.opening_balance += one.count;
            }
        }
        let mut parts: Vec<Part> = parts
            .into_iter()
            .map(|(name, sum)| {
                let total = sum.registered + sum.opening_balance + sum.corrections;
                Part {
                    name,
                    sum: Sum { total, ..sum },
                }
            })
            .collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.sum.total));
        Ok(parts)
    }
}
