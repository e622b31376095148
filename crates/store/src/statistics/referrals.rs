//! What came of the referrals of a period, and how long the institutions took to answer.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use hotline_core::{
    casework::answers::{Outcome, median_days},
    statistics::figures::{INSTITUTION, Measure, REFERRAL_OUTCOME},
    time::{clock, period::Period},
};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use serde::Serialize;

use crate::{
    db::{entity::referrals, store::time},
    error::StoreError,
    statistics::{
        counts::{Breakdown, StatisticsFilter},
        snapshot::Snapshot,
    },
};

/// What came of the referrals that were confirmed in a period.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct ReferralOutcomes {
    /// Referrals by institution and outcome.
    pub outcomes: Breakdown,
    /// How the institutions answer. In figures for publication, institutions without a figure are left out.
    pub answers: Vec<InstitutionAnswers>,
}

/// How an institution answers the referrals that were confirmed in a period.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct InstitutionAnswers {
    /// The id of the institution in the classification scheme.
    pub institution: String,
    /// The number of days within which half of the answers came, from the day of sending or, if it is not entered, of confirmation. `None`
    /// if there is no answer or, in figures for publication, if there are too few.
    pub median_days: Option<i64>,
    /// Number of referrals whose answer is late now. `None` if, in figures for publication, the number is too small.
    pub overdue: Option<i64>,
}

/// The columns of a referral that these figures need.
#[derive(FromQueryResult)]
struct AnsweredReferral {
    institution: String,
    confirmed_at: Option<i64>,
    sent_on: Option<String>,
    due_on: Option<String>,
    outcome: Option<String>,
    answered_on: Option<String>,
}

/// The answers and the late answers of an institution.
#[derive(Default)]
struct Collected {
    days: Vec<i64>,
    overdue: i64,
}

impl Snapshot<'_> {
    /// Loads what came of the referrals that were confirmed in a period. If `least` is not 0, the figures are for publication: small figures
    /// are suppressed, and only complete months that are over are counted, because what came of a referral is about a person.
    pub(super) async fn referrals(
        &mut self,
        period: Period,
        least: i64,
    ) -> Result<ReferralOutcomes, StoreError> {
        let by = [INSTITUTION, REFERRAL_OUTCOME];
        let filter = StatisticsFilter::of(Measure::Referral, period, by, None);
        let outcomes = self.breakdown_for_reader(&filter, least).await?;
        let counted = match least {
            0 => Some(period),
            _ => period.whole_months(self.today()),
        };
        let mut answers = match counted {
            Some(period) => self.answers(period, least).await?,
            None => Vec::new(),
        };
        if least > 0 {
            answers.retain(|one| one.median_days.is_some() || one.overdue.is_some());
        }
        Ok(ReferralOutcomes { outcomes, answers })
    }

    async fn answers(&self, period: Period, least: i64) -> Result<Vec<InstitutionAnswers>, StoreError> {
        let rows = referrals::Entity::find()
            .select_only()
            .columns([
                referrals::Column::Institution,
                referrals::Column::ConfirmedAt,
                referrals::Column::SentOn,
                referrals::Column::DueOn,
                referrals::Column::Outcome,
                referrals::Column::AnsweredOn,
            ])
            .filter(referrals::Column::ConfirmedAt.is_not_null())
            .filter(self.store.within(referrals::Column::ConfirmedAt, period))
            .into_model::<AnsweredReferral>()
            .all(&self.on)
            .await?;
        let mut collected: BTreeMap<String, Collected> = BTreeMap::new();
        for row in rows {
            self.collect(collected.entry(row.institution.clone()).or_default(), &row);
        }
        let shown = |count: i64| count >= least;
        let answers = collected.into_iter().map(|(institution, one)| {
            let answered = i64::try_from(one.days.len()).unwrap_or(i64::MAX);
            InstitutionAnswers {
                institution,
                median_days: median_days(one.days).filter(|_| shown(answered)),
                // The overdue referrals are a part of the awaited ones, whose number can be suppressed.
                overdue: Some(one.overdue).filter(|_| least == 0),
            }
        });
        Ok(answers.collect())
    }

    fn collect(&self, collected: &mut Collected, row: &AnsweredReferral) {
        let day = |stored: &Option<String>| stored.as_deref().and_then(|day| day.parse::<NaiveDate>().ok());
        let outcome = row.outcome.as_deref().and_then(Outcome::parse);
        if outcome.is_none() && day(&row.due_on).is_some_and(|due| due < self.today()) {
            collected.overdue += 1;
        }
        if outcome.is_some_and(Outcome::is_answer)
            && let Some(answered) = day(&row.answered_on)
        {
            let confirmed = clock::day_of(time(row.confirmed_at.unwrap_or_default()), self.store.zone);
            let sent = day(&row.sent_on).unwrap_or(confirmed);
            collected.days.push((answered - sent).num_days().max(0));
        }
    }
}
