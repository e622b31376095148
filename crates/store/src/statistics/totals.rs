//! The totals of a period: the items counted by this software, opening balances and corrections.

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
        adjustments::{Adjustment, EnteredByHand, overlaps},
        counts::StatisticsFilter,
        snapshot::Snapshot,
    },
};

/// The totals of a period.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Totals {
    /// The first day of the period. `None` if the period has no beginning.
    pub from: Option<NaiveDate>,
    /// The last day of the period. `None` if the period has no end.
    pub to: Option<NaiveDate>,
    /// Time zone that determines where a day begins.
    pub time_zone: String,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
    /// Number of registered communications on all channels, with adjustments.
    #[serde(flatten)]
    pub sum: Sum,
    /// The sums by channel, which add up to `sum`.
    pub channels: Vec<Part>,
    /// Cases formed in the period.
    pub cases: Cases,
    /// Number of adjustments left out because only some of their days are in the period.
    pub left_out: usize,
    /// The communications of these adjustments. `None` if all of them are about cases, or if there are none.
    pub left_out_communications: Option<EnteredByHand>,
    /// Number of contacts in quarantine now, regardless of the period. The totals do not include them.
    pub quarantined: i64,
}

/// Cases of a period. Each case is advisory or forwarded, and each forwarded case has an institution.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Cases {
    /// Number of all cases, with adjustments.
    #[serde(flatten)]
    pub sum: Sum,
    /// Cases that were not forwarded.
    pub advisory: Sum,
    /// Cases that were forwarded to an institution.
    pub forwarded: Sum,
    /// Forwarded cases by the institution of their first confirmed referral.
    pub institutions: Vec<Part>,
}

/// A channel or institution with its sum.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename = "NamedSum")]
pub struct Part {
    /// The channel or institution.
    pub name: String,
    /// The sum for this channel or institution.
    #[serde(flatten)]
    pub sum: Sum,
}

/// A total, and the numbers from which it is computed.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Sum {
    /// The sum of `registered`, `opening_balance` and `corrections`.
    pub total: i64,
    /// Number of items counted by this software.
    pub registered: i64,
    /// Sum of the opening balances, which contain numbers counted before this software was in use.
    pub opening_balance: i64,
    /// Sum of the corrections. Can be negative.
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
    /// Implements [`Store::totals`](crate::db::store::Store::totals).
    pub(crate) async fn totals(&mut self, period: Period) -> Result<Totals, StoreError> {
        let entered = self.entered().await?.iter().cloned();
        let (inside, others): (Vec<Adjustment>, Vec<Adjustment>) =
            entered.partition(|one| period.holds(one.entry.from) && period.holds(one.entry.to));
        let left_out: Vec<&Adjustment> = others.iter().filter(|one| overlaps(period, one)).collect();
        let channels = self.parts(Measure::Contact, CHANNEL, period, &inside).await?;
        // Advisory cases have no institution, so another query counts them.
        let advisory: Vec<Part> = self.parts(Measure::Case, CASE_KIND, period, &inside).await?;
        let advisory = Sum::of(advisory.iter().filter(|part| part.name == ADVISORY));
        let mut institutions = self.parts(Measure::Case, INSTITUTION, period, &inside).await?;
        institutions.retain(|part| part.name != ADVISORY);
        let forwarded = Sum::of(&institutions);
        let mut cases = forwarded;
        cases.add(advisory);
        let quarantined = self.quarantined().await?;
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
            left_out: left_out.len(),
            left_out_communications: EnteredByHand::sum(left_out),
            quarantined,
        })
    }

    /// Returns a sum for each value of the dimension `by`, largest total first. Each sum consists of the items counted in the period and
    /// the adjustments in `entered`.
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
        for one in entered.iter().map(|one| &one.entry).filter(|one| one.of == of) {
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
