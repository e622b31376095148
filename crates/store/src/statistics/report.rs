//! The statistical report of a period. The report page, the exported files and the API response all show the same [`Report`].

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::classification::TOPIC,
    statistics::{
        comparison::EarlierPeriod,
        figures::{
            ANSWERED, CASE_KIND, CHANNEL, COUNSELLING, FIRST_REPLY, HOUR, Measure, URGENT_READ, WEEKDAY,
        },
        waits::{Answered, quantile},
    },
    time::period::{Every, Period},
};
use serde::Serialize;

use crate::{
    error::StoreError,
    outreach::OutreachTotals,
    routing::targets::TargetInForce,
    statistics::{
        backlog::Backlog,
        care::Care,
        comparison::Compared,
        counts::{Breakdown, StatisticsFilter},
        referrals::ReferralOutcomes,
        snapshot::Snapshot,
        totals::{Sum, Totals},
    },
};

/// The dimension of the ages of children in the bands of Insafe, and the wrap-up questions about gender and region.
pub(super) const AGE_BANDS: &str = "age_insafe";
pub(super) const GENDER: &str = "gender";
pub(super) const REGION: &str = "region";

/// All figures of a period for managers.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Report {
    /// The first day of the period. `None` if the period has no beginning.
    pub from: Option<NaiveDate>,
    /// The last day of the period, or today if the period has begun and is not over. `None` if the period has no end.
    pub to: Option<NaiveDate>,
    /// Time zone that determines where a day begins.
    pub time_zone: String,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
    /// Totals since the centre was established.
    pub ever: Totals,
    /// The sums since the centre was established until the end of the period. `None` if the period is not over: they are those of `ever`.
    pub until_end: Option<Sum>,
    /// Totals of the period.
    pub period: Totals,
    /// Totals of the preceding period of the same length. If the reported period is not over, these totals cover only as many days as have
    /// passed in the reported period. `None` if the reported period has no beginning or no end.
    pub before: Option<Totals>,
    /// Totals of the same days a year earlier. If the reported period is not over, these totals also cover only as many days as have
    /// passed. `None` if the reported period has no beginning or no end.
    pub a_year_before: Option<Totals>,
    /// How many contacts were carried over from before the period, opened in it, closed in it, and open at its end.
    pub flow: Flow,
    /// The backlog at the time `as_of`.
    pub standing: Backlog,
    /// The times from registration to the first reply.
    pub first_reply: FirstReply,
    /// The times from the registration of urgent contacts to their first reading.
    pub urgent: UrgentRead,
    /// The numbers of contacts by answer state, such as replied or missed.
    pub answering: Answering,
    /// How people were taken care of: reply targets, contacts that changed hands, and alarms.
    pub care: Care,
    /// The reply targets that are in force now, also if others were in force during the period.
    pub reply_targets: Vec<TargetInForce>,
    /// What came of the referrals that were confirmed in the period.
    pub referrals: ReferralOutcomes,
    /// Contacts by channel and interval, such as a month.
    pub over_time: Breakdown,
    /// Contacts by topic.
    pub topics: Breakdown,
    /// Contacts by weekday and hour.
    pub hours: Breakdown,
    /// Counselling and non-counselling contacts.
    pub counselling: Breakdown,
    /// Contacts by the age of the child, in the bands of Insafe. `None` if the wrap-up has no such question.
    pub ages: Option<Breakdown>,
    /// Contacts by the gender of the child. `None` if the wrap-up has no such question.
    pub genders: Option<Breakdown>,
    /// Contacts by region. `None` if the wrap-up has no such question.
    pub regions: Option<Breakdown>,
    /// Contacts by channel and year, from the first year with a contact to the end of the period.
    pub years: Breakdown,
    /// Cases by kind and year, from the first year with a case to the end of the period.
    pub years_cases: Breakdown,
    /// Totals of presentations and other outreach events.
    pub outreach: OutreachTotals,
    /// The figures of an earlier period with which the tables are compared. `None` if no comparison was requested, or if the period has no
    /// beginning or no end.
    pub compared: Option<Compared>,
}

impl Report {
    /// Returns whether the time of a reply target passes only while the centre is open.
    #[must_use]
    pub fn counts_opening_hours(&self) -> bool {
        self.reply_targets.iter().any(|one| one.in_opening_hours)
    }
}

/// The flow of contacts registered by this software: carried over + opened − closed = open.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Flow {
    /// Number of contacts open when the period began.
    pub carried_over: i64,
    /// Number of contacts registered in the period.
    pub opened: i64,
    /// Number of contacts closed in the period. Contacts that were reopened since are not counted.
    pub closed: i64,
    /// Number of contacts open at the end of the period.
    pub open: i64,
}

/// The times from registration to the first reply, for contacts registered in a period.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct FirstReply {
    /// Number of contacts that were sent a reply.
    pub answered: i64,
    /// Number of contacts that were not sent a reply, including calls, which need no reply.
    pub not_answered: i64,
    /// The time in minutes within which half of the answered contacts were sent their first reply. `None` if there was no reply, or if the
    /// time exceeds 30 days.
    pub half_within: Option<i64>,
    /// The time in minutes within which nine of ten answered contacts were sent their first reply. `None` in the same cases as
    /// `half_within`.
    pub nine_in_ten_within: Option<i64>,
}

/// The times from the registration of urgent contacts to their first reading.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct UrgentRead {
    /// Number of urgent contacts that were read. `None` if, in figures for publication, small counts had to be suppressed or the
    /// period contains no complete past month.
    pub read: Option<i64>,
    /// The time in minutes within which half of the contacts counted in `read` were read. `None` if `read` is `None` or 0, or if the time
    /// exceeds 30 days.
    pub half_within: Option<i64>,
    /// The time in minutes within which nine of ten contacts counted in `read` were read. `None` in the same cases as `half_within`.
    pub nine_in_ten_within: Option<i64>,
}

/// The numbers of contacts of a period by answer state ([`Answered`]). The counts add up to the number of registered contacts.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Answering {
    /// Number of contacts that were sent a reply.
    pub replied: i64,
    /// Number of calls.
    pub taken: i64,
    /// Number of contacts closed without a reply because their kind needs no reply.
    pub unneeded: i64,
    /// Number of contacts closed without a reply although a reply was due.
    pub missed: i64,
    /// Number of open contacts that were not yet sent a reply.
    pub open: i64,
    /// `missed` per thousand of `replied`, `taken` and `missed` together. `None` if all three are 0.
    pub missed_per_mille: Option<i64>,
}

impl Snapshot<'_> {
    /// Implements [`Store::report`](crate::db::store::Store::report).
    pub(crate) async fn report(
        &mut self,
        period: Period,
        least: i64,
        against: Option<EarlierPeriod>,
    ) -> Result<Report, StoreError> {
        let today = self.today();
        let as_far = |other: Option<Period>| other.map(|other| other.as_far_as(period, today));
        let (before, a_year_before) = (as_far(period.before()), as_far(period.a_year_before()));
        // If the period has begun and is not over, the report gives today as its last day.
        let so_far = period.until(today).unwrap_or(period);
        let waits = self
            .breakdown_for_reader(&StatisticsFilter::contacts(period, [FIRST_REPLY], None), least)
            .await?;
        let answered = self
            .breakdown_for_reader(&StatisticsFilter::contacts(period, [ANSWERED], None), least)
            .await?;
        let over_time = StatisticsFilter::contacts(period, [CHANNEL], Some(period.pieces()));
        let hours = StatisticsFilter::contacts(period, [WEEKDAY, HOUR], None);
        let until = Period {
            from: None,
            to: so_far.to,
        };
        let years = StatisticsFilter::contacts(until, [CHANNEL], Some(Every::Year));
        let years_cases = StatisticsFilter::of(Measure::Case, until, [CASE_KIND], Some(Every::Year));
        let until_end = match so_far.to.filter(|to| *to < today) {
            Some(_) => Some(self.totals(until).await?.sum),
            None => None,
        };
        let compared = match against {
            Some(against) => self.compared(period, against, least).await?,
            None => None,
        };
        Ok(Report {
            from: so_far.from,
            to: so_far.to,
            time_zone: self.store.zone.name().to_owned(),
            as_of: self.as_of,
            period: self.totals(period).await?,
            ever: self.totals(Period::default()).await?,
            until_end,
            before: self.totals_if(before).await?,
            a_year_before: self.totals_if(a_year_before).await?,
            flow: self.flow(period).await?,
            standing: self.backlog().await?,
            first_reply: first_reply(&waits),
            urgent: self.urgent(period, least).await?,
            answering: answering(&answered),
            care: self.care(period, least).await?,
            reply_targets: self.store.targets_in_force(),
            referrals: self.referrals(period, least).await?,
            over_time: self.breakdown_for_reader(&over_time, least).await?,
            topics: self
                .breakdown_for_reader(&StatisticsFilter::contacts(period, [TOPIC], None), least)
                .await?,
            hours: self.breakdown_for_reader(&hours, least).await?,
            counselling: self
                .breakdown_for_reader(&StatisticsFilter::contacts(period, [COUNSELLING], None), least)
                .await?,
            ages: self.by_question(period, AGE_BANDS, least).await?,
            genders: self.by_question(period, GENDER, least).await?,
            regions: self.by_question(period, REGION, least).await?,
            years: self.breakdown(&years).await?,
            years_cases: self.breakdown(&years_cases).await?,
            outreach: self.store.outreach_totals_on(&self.on, period).await?,
            compared,
        })
    }

    /// Loads the contacts of the period by a dimension. Returns `None` if the wrap-up of this centre has no such question.
    pub(super) async fn by_question(
        &mut self,
        period: Period,
        dimension: &str,
        least: i64,
    ) -> Result<Option<Breakdown>, StoreError> {
        if !self.has_dimension(dimension) {
            return Ok(None);
        }
        let cut = StatisticsFilter::contacts(period, [dimension], None);
        self.breakdown_for_reader(&cut, least).await.map(Some)
    }

    /// Returns whether contacts are counted by this dimension.
    pub(super) fn has_dimension(&self, dimension: &str) -> bool {
        self.store.dimensions(Measure::Contact).contains(dimension)
    }

    /// Returns the totals of a period, if there is one. Returns `None` if nothing is known of it: it began before this software registered
    /// contacts, and no figures were entered for it.
    async fn totals_if(&mut self, period: Option<Period>) -> Result<Option<Totals>, StoreError> {
        match period {
            Some(period) => {
                let totals = self.totals(period).await?;
                let began = self.first_day().await?;
                let is_known = period.from.zip(began).is_some_and(|(from, began)| from >= began);
                Ok(Some(totals).filter(|totals| is_known || totals.sum.total != 0))
            }
            None => Ok(None),
        }
    }

    async fn flow(&mut self, period: Period) -> Result<Flow, StoreError> {
        let carried_over = match period.from.and_then(|from| from.pred_opt()) {
            Some(last) => {
                let earlier = Period {
                    from: None,
                    to: Some(last),
                };
                self.registered(Measure::Contact, earlier).await?
                    - self.registered(Measure::Closing, earlier).await?
            }
            None => 0,
        };
        let (opened, closed) = (
            self.registered(Measure::Contact, period).await?,
            self.registered(Measure::Closing, period).await?,
        );
        Ok(Flow {
            carried_over,
            opened,
            closed,
            open: carried_over + opened - closed,
        })
    }

    /// Loads the times until urgent contacts were first read. If `least` is not 0, only complete months that are over are counted. The
    /// result is then empty if fewer than `least` urgent contacts were read or if a row would be suppressed, because small counts of urgent
    /// contacts could identify persons.
    async fn urgent(&mut self, period: Period, least: i64) -> Result<UrgentRead, StoreError> {
        let cut = |period| StatisticsFilter::contacts(period, [URGENT_READ], None);
        let period = match least {
            0 => Some(period),
            _ => period.whole_months(self.today()),
        };
        let Some(period) = period else {
            return Ok(UrgentRead::default());
        };
        let found = self.breakdown(&cut(period)).await?;
        if least > 0
            && (found.sum() < least
                || self.breakdown_for_reader(&cut(period), least).await?.rows != found.rows)
        {
            return Ok(UrgentRead::default());
        }
        Ok(UrgentRead {
            read: Some(found.sum()),
            half_within: within(&found, (1, 2)),
            nine_in_ten_within: within(&found, (9, 10)),
        })
    }
}

/// Returns the time in minutes within which the fraction `part` (numerator, denominator) of the contacts was answered or read. `waits`
/// contains the number of contacts for each waiting time. Returns `None` if `waits` is empty, or if the time exceeds 30 days, because the
/// stored counts do not distinguish longer times.
fn within(waits: &Breakdown, part: (i64, i64)) -> Option<i64> {
    let steps = waits
        .rows
        .iter()
        .filter_map(|row| Some((row.values.first()?.as_str(), row.count)));
    quantile(steps, part)?.parse().ok()
}

fn first_reply(waits: &Breakdown) -> FirstReply {
    FirstReply {
        answered: waits.sum(),
        not_answered: waits.rest,
        half_within: within(waits, (1, 2)),
        nine_in_ten_within: within(waits, (9, 10)),
    }
}

pub(super) fn answering(answered: &Breakdown) -> Answering {
    let of = |answered_so: Answered| answered.count(answered_so.as_str());
    let (replied, taken, missed) = (of(Answered::Replied), of(Answered::Taken), of(Answered::Missed));
    let due = replied + taken + missed;
    Answering {
        replied,
        taken,
        unneeded: of(Answered::Unneeded),
        missed,
        open: of(Answered::Open),
        missed_per_mille: (due > 0).then(|| (missed * 1_000 + due / 2) / due),
    }
}
