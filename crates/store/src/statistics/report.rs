//! Everything a manager reads of a period, at once: the page, the files and the API are made from this and nothing else.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::classification::TOPIC,
    statistics::{
        figures::{ANSWERED, CHANNEL, COUNSELLING, FIRST_REPLY, HOUR, Measure, URGENT_READ, WEEKDAY},
        waits::{Answered, quantile},
    },
    time::period::Period,
};
use serde::Serialize;

use crate::{
    error::StoreError,
    outreach::OutreachTotals,
    statistics::{
        backlog::Backlog,
        figures::{Breakdown, StatisticsFilter},
        snapshot::Snapshot,
        totals::Totals,
    },
};

/// A period in figures.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Report {
    /// The first day, if the period has one.
    pub from: Option<NaiveDate>,
    /// The last day, if the period has one.
    pub to: Option<NaiveDate>,
    /// The zone in which a day is a day.
    pub time_zone: String,
    /// When these figures were read.
    pub as_of: DateTime<Utc>,
    /// Since the establishment.
    pub ever: Totals,
    /// For the period.
    pub period: Totals,
    /// For the period just before, of the same length or, while this one is not over, of as many days; if this one has a beginning
    /// and an end.
    pub before: Option<Totals>,
    /// For the same days a year earlier; if this one has a beginning and an end.
    pub a_year_before: Option<Totals>,
    /// What was open, came and was closed.
    pub flow: Flow,
    /// How the work stands now.
    pub standing: Backlog,
    /// How long people waited for a first reply.
    pub first_reply: FirstReply,
    /// How long it took until somebody read what was urgent.
    pub urgent: UrgentRead,
    /// How many were answered, and how many were missed.
    pub answering: Answering,
    /// Channels over time.
    pub over_time: Breakdown,
    /// What it was about.
    pub topics: Breakdown,
    /// When people write: hours by weekday.
    pub hours: Breakdown,
    /// Counselling, and what is none.
    pub counselling: Breakdown,
    /// Presentations and other events.
    pub outreach: OutreachTotals,
}

/// Contacts registered here: what was carried over and what came, less what was closed, is what is open.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
pub struct Flow {
    /// Open when the period began.
    pub carried_over: i64,
    /// Registered in the period.
    pub opened: i64,
    /// Closed in the period, and not opened again since.
    pub closed: i64,
    /// Open at its end.
    pub open: i64,
}

/// How long people of a period waited until a reply was sent to them.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FirstReply {
    /// How many were sent one.
    pub answered: i64,
    /// How many were not: calls need none.
    pub not_answered: i64,
    /// Half of those who were answered were so within this many minutes. `None`: nobody was, or later than 30 days.
    pub half_within: Option<i64>,
    /// Nine of ten.
    pub nine_in_ten_within: Option<i64>,
}

/// How long it took until somebody of the staff read what somebody then found urgent.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct UrgentRead {
    /// How many were urgent and read. `None`: so few in one of the steps that it is not shown.
    pub read: Option<i64>,
    /// Half of them were read within this many minutes.
    pub half_within: Option<i64>,
    /// Nine of ten.
    pub nine_in_ten_within: Option<i64>,
}

/// How the contacts of a period were answered ([`Answered`]). Together they are all that were registered.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct Answering {
    /// Were sent a reply.
    pub replied: i64,
    /// Were calls.
    pub taken: i64,
    /// Were closed without a reply, which their kind does not need.
    pub unneeded: i64,
    /// Were closed without the reply that was due.
    pub missed: i64,
    /// Are open, and without a reply until now.
    pub open: i64,
    /// How many of a thousand were missed, of those that were due an answer and are not open. `None`: there are none.
    pub missed_per_mille: Option<i64>,
}

impl Snapshot<'_> {
    /// [`Store::report`](crate::db::store::Store::report)
    pub(crate) async fn report(&mut self, period: Period, least: i64) -> Result<Report, StoreError> {
        let today = self.today();
        let as_far = |other: Option<Period>| other.map(|other| other.as_far_as(period, today));
        let (before, a_year_before) = (as_far(period.before()), as_far(period.a_year_before()));
        // What has not come yet is not said to be over.
        let so_far = period.until(today).unwrap_or(period);
        let waits = self
            .shown(&StatisticsFilter::contacts(period, [FIRST_REPLY], None), least)
            .await?;
        let answered = self
            .shown(&StatisticsFilter::contacts(period, [ANSWERED], None), least)
            .await?;
        let over_time = StatisticsFilter::contacts(period, [CHANNEL], Some(period.pieces()));
        let hours = StatisticsFilter::contacts(period, [WEEKDAY, HOUR], None);
        Ok(Report {
            from: so_far.from,
            to: so_far.to,
            time_zone: self.store.zone.name().to_owned(),
            as_of: self.as_of,
            period: self.totals(period).await?,
            ever: self.totals(Period::default()).await?,
            before: self.totals_if(before).await?,
            a_year_before: self.totals_if(a_year_before).await?,
            flow: self.flow(period).await?,
            standing: self.standing().await?,
            first_reply: first_reply(&waits),
            urgent: self.urgent(period, least).await?,
            answering: answering(&answered),
            over_time: self.shown(&over_time, least).await?,
            topics: self
                .shown(&StatisticsFilter::contacts(period, [TOPIC], None), least)
                .await?,
            hours: self.shown(&hours, least).await?,
            counselling: self
                .shown(&StatisticsFilter::contacts(period, [COUNSELLING], None), least)
                .await?,
            outreach: self.store.outreach_totals_on(&self.on, period).await?,
        })
    }

    async fn totals_if(&mut self, period: Option<Period>) -> Result<Option<Totals>, StoreError> {
        match period {
            Some(period) => self.totals(period).await.map(Some),
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

    /// That something is urgent tells of a person: whoever is shown no fewer than `least` is told it as far as nothing is hidden from them.
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
        if least > 0 && (found.sum() < least || self.shown(&cut(period), least).await?.rows != found.rows) {
            return Ok(UrgentRead::default());
        }
        Ok(UrgentRead {
            read: Some(found.sum()),
            half_within: within(&found, (1, 2)),
            nine_in_ten_within: within(&found, (9, 10)),
        })
    }
}

/// Within how many minutes this part of all waited. `None`: there are none, or it was longer than the last step.
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

fn answering(answered: &Breakdown) -> Answering {
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
