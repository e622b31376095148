//! Everything a manager reads of a period, at once: the page, the files and the API are made from this and nothing else.

use chrono::{DateTime, NaiveDate, Utc};
use futures::try_join;
use hotline_core::{
    classification::TOPIC,
    figures::{CHANNEL, COUNSELLING, FIRST_REPLY, HOUR, Of, WEEKDAY, quantile},
    period::Period,
};
use serde::Serialize;

use crate::{
    error::StoreError,
    figures::{Breakdown, Cut},
    outreach::OutreachTotals,
    store::Store,
    totals::Totals,
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
    /// Of the period.
    pub period: Totals,
    /// Of the period just before, of the same length or, while this one is not over, of as many days; if this one has a beginning
    /// and an end.
    pub before: Option<Totals>,
    /// Of the same days a year earlier; if this one has a beginning and an end.
    pub a_year_before: Option<Totals>,
    /// What was open, came and was closed.
    pub flow: Flow,
    /// How long people waited for a first reply.
    pub first_reply: FirstReply,
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

impl Store {
    /// Everything a manager reads of a period; for `least` see [`Store::shown`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn report(&self, period: Period, least: i64) -> Result<Report, StoreError> {
        let by = async |cut: Cut| self.shown(&cut, least).await;
        let of = async |period: Option<Period>| match period {
            Some(period) => self.totals(period).await.map(Some),
            None => Ok(None),
        };
        let today = self.today();
        let as_far = |other: Option<Period>| other.map(|other| other.as_far_as(period, today));
        // What has not come yet is not said to be over.
        let so_far = period.until(today).unwrap_or(period);
        // None needs another: they are read side by side.
        let (totals, ever, before, a_year_before, flow, waits, outreach) = try_join!(
            self.totals(period),
            self.totals(Period::default()),
            of(as_far(period.before())),
            of(as_far(period.a_year_before())),
            self.flow(period),
            by(Cut::contacts(period, [FIRST_REPLY], None)),
            self.outreach_totals(period),
        )?;
        let (over_time, topics, hours, counselling) = try_join!(
            by(Cut::contacts(period, [CHANNEL], Some(period.pieces()))),
            by(Cut::contacts(period, [TOPIC], None)),
            by(Cut::contacts(period, [WEEKDAY, HOUR], None)),
            by(Cut::contacts(period, [COUNSELLING], None)),
        )?;
        Ok(Report {
            from: so_far.from,
            to: so_far.to,
            time_zone: totals.time_zone.clone(),
            as_of: totals.as_of,
            ever,
            before,
            a_year_before,
            flow,
            first_reply: first_reply(&waits),
            over_time,
            topics,
            hours,
            counselling,
            outreach,
            period: totals,
        })
    }

    async fn flow(&self, period: Period) -> Result<Flow, StoreError> {
        let count = async |of, period| -> Result<i64, StoreError> {
            Ok(self.breakdown(&Cut::of(of, period, [], None)).await?.registered)
        };
        let carried_over = match period.from.and_then(|from| from.pred_opt()) {
            Some(last) => {
                let earlier = Period {
                    from: None,
                    to: Some(last),
                };
                count(Of::Contact, earlier).await? - count(Of::Closing, earlier).await?
            }
            None => 0,
        };
        let (opened, closed) = (
            count(Of::Contact, period).await?,
            count(Of::Closing, period).await?,
        );
        Ok(Flow {
            carried_over,
            opened,
            closed,
            open: carried_over + opened - closed,
        })
    }
}

fn first_reply(waits: &Breakdown) -> FirstReply {
    let within = |part| {
        let steps = waits
            .rows
            .iter()
            .filter_map(|row| Some((row.values.first()?.as_str(), row.count)));
        quantile(steps, part)?.parse().ok()
    };
    FirstReply {
        answered: waits.sum(),
        not_answered: waits.rest,
        half_within: within((1, 2)),
        nine_in_ten_within: within((9, 10)),
    }
}
