//! The registered-communications statistic: totals kept with every contact, and the recount that checks them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::ids;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;

use crate::{
    entity::{balances, contacts, totals},
    error::{Conflict, StoreError},
    staff::Person,
    store::Store,
};

/// A period of local days, both ends included. `None`: since the establishment, or until today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

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
    /// Registered here plus opening balances.
    pub total: i64,
    /// Registered by this software.
    pub registered: i64,
    /// From before the software, for balances whose whole period lies in this one.
    pub opening_balance: i64,
    /// The same by channel, by name.
    pub channels: Vec<ChannelTotal>,
    /// Registered by day and channel; days without any are left out.
    pub days: Vec<DayTotal>,
}

/// A channel's part of a total.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct ChannelTotal {
    /// The channel.
    pub channel: String,
    /// Registered plus opening balance.
    pub total: i64,
    /// Registered by this software.
    pub registered: i64,
    /// From before the software.
    pub opening_balance: i64,
}

/// A day's part of a total.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct DayTotal {
    /// The day.
    pub day: String,
    /// The channel.
    pub channel: String,
    /// Registered by this software.
    pub registered: i64,
}

/// A figure from before the software.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Balance {
    /// The channel.
    pub channel: String,
    /// Its first day.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// How many.
    pub count: i64,
    /// Where the figure is from.
    pub source: String,
}

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many contacts were recounted, whether they count or not.
    pub contacts: u64,
    /// Each day on which a kept total and the recount differ; none, if all is well.
    pub differences: Vec<Difference>,
}

/// A day on which the kept total and the recount differ.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Difference {
    /// The day.
    pub day: String,
    /// The line.
    pub line: String,
    /// What the total says.
    pub kept: i64,
    /// How many contacts count.
    pub counted: i64,
}

#[derive(FromQueryResult)]
struct DayCount {
    day: String,
    channel: String,
    count: i64,
}

impl Store {
    /// The totals of a period.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn totals(&self, period: Period) -> Result<Totals, StoreError> {
        let mut query = totals::Entity::find()
            .select_only()
            .column(totals::Column::Day)
            .column(totals::Column::Channel)
            // PostgreSQL sums integers into a decimal.
            .column_as(
                sea_orm::sea_query::Expr::cust("CAST(SUM(count) AS BIGINT)"),
                "count",
            )
            .group_by(totals::Column::Day)
            .group_by(totals::Column::Channel)
            .order_by_asc(totals::Column::Day)
            .order_by_asc(totals::Column::Channel);
        let mut before = balances::Entity::find();
        if let Some(from) = period.from {
            query = query.filter(totals::Column::Day.gte(from.to_string()));
            before = before.filter(balances::Column::FromDay.gte(from.to_string()));
        }
        if let Some(to) = period.to {
            query = query.filter(totals::Column::Day.lte(to.to_string()));
            before = before.filter(balances::Column::ToDay.lte(to.to_string()));
        }
        let counted: Vec<DayCount> = query.into_model().all(&self.reading).await?;
        let before = before.all(&self.reading).await?;
        let mut channels: BTreeMap<String, ChannelTotal> = BTreeMap::new();
        for row in &counted {
            channels.entry(row.channel.clone()).or_default().registered += row.count;
        }
        for row in &before {
            channels.entry(row.channel.clone()).or_default().opening_balance += row.count;
        }
        let channels: Vec<ChannelTotal> = channels
            .into_iter()
            .map(|(channel, sums)| ChannelTotal {
                channel,
                total: sums.registered + sums.opening_balance,
                ..sums
            })
            .collect();
        let days = counted.into_iter().filter(|row| row.count != 0);
        Ok(Totals {
            from: period.from,
            to: period.to,
            time_zone: self.zone.name().to_owned(),
            as_of: self.clock.now(),
            total: channels.iter().map(|channel| channel.total).sum(),
            registered: channels.iter().map(|channel| channel.registered).sum(),
            opening_balance: channels.iter().map(|channel| channel.opening_balance).sum(),
            channels,
            days: days
                .map(|row| DayTotal {
                    day: row.day,
                    channel: row.channel,
                    registered: row.count,
                })
                .collect(),
        })
    }

    /// Recounts every contact and names each day on which the kept total differs.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn verify_totals(&self) -> Result<Verified, StoreError> {
        #[derive(FromQueryResult)]
        struct LineCount {
            day: String,
            line: String,
            count: i64,
        }
        // One look at the database, so that nothing is registered between the counts.
        let transaction = self.begin_looking().await?;
        let counted: Vec<LineCount> = contacts::Entity::find()
            .select_only()
            .column(contacts::Column::Day)
            .column(contacts::Column::Line)
            .column_as(contacts::Column::Id.count(), "count")
            .filter(contacts::Column::Marking.is_null())
            .group_by(contacts::Column::Day)
            .group_by(contacts::Column::Line)
            .into_model()
            .all(&transaction)
            .await?;
        let kept = totals::Entity::find().all(&transaction).await?;
        let contacts = contacts::Entity::find().count(&transaction).await?;
        transaction.rollback().await?;
        let mut both: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for row in kept {
            both.entry((row.day, row.line)).or_default().0 = row.count;
        }
        for row in counted {
            both.entry((row.day, row.line)).or_default().1 = row.count;
        }
        let different = both.into_iter().filter(|(_, (kept, counted))| kept != counted);
        let differences = different.map(|((day, line), (kept, counted))| Difference {
            day,
            line,
            kept,
            counted,
        });
        Ok(Verified {
            contacts,
            differences: differences.collect(),
        })
    }

    /// Enters a figure from before the software.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is negative, its period runs backwards or overlaps what is counted already, or source or channel is
    /// empty.
    #[expect(clippy::too_many_arguments, reason = "an opening balance is all of these")]
    pub async fn enter_balance(
        &self,
        who: Option<&Person>,
        channel: &str,
        from: NaiveDate,
        to: NaiveDate,
        count: i64,
        source: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        if channel.trim().is_empty() || source.trim().is_empty() {
            return Err(StoreError::Conflict(Conflict::BalanceWithoutSource));
        }
        if count < 0 || to < from {
            return Err(StoreError::Conflict(Conflict::BalanceBackwards));
        }
        let (first, last) = (from.to_string(), to.to_string());
        let transaction = self.begin().await?;
        let entered = balances::Entity::find()
            .filter(balances::Column::Channel.eq(channel.trim()))
            .filter(balances::Column::FromDay.lte(last.clone()))
            .filter(balances::Column::ToDay.gte(first.clone()))
            .one(&transaction)
            .await?;
        let counted = totals::Entity::find()
            .filter(totals::Column::Channel.eq(channel.trim()))
            .filter(totals::Column::Day.between(first, last))
            .filter(totals::Column::Count.ne(0))
            .one(&transaction)
            .await?;
        if entered.is_some() || counted.is_some() {
            return Err(StoreError::Conflict(Conflict::BalanceOverlaps));
        }
        let now = self.clock.now();
        let row = balances::ActiveModel {
            id: Set(ids::new(now)),
            channel: Set(channel.trim().to_owned()),
            from_day: Set(from.to_string()),
            to_day: Set(to.to_string()),
            count: Set(count),
            source: Set(source.trim().to_owned()),
            reason: Set(reason.trim().to_owned()),
            entered_by: Set(who.map(|who| who.id)),
            entered_at: Set(now.timestamp_micros()),
        };
        row.insert(&transaction).await?;
        let object = format!("{} {from} {to} {count}", channel.trim());
        self.audit_in(&transaction, who.map(|who| who.id), "opening balance", &object)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The channels figures belong to: those of the lines, and those that are counted by hand.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let by_hand = ["telephone", "social"].map(str::to_owned);
        let of_lines = self.lines.iter().map(|line| line.channel.clone());
        let all: BTreeSet<String> = of_lines.chain(by_hand).collect();
        all.into_iter().collect()
    }

    /// Every opening balance, by period.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        let rows = balances::Entity::find()
            .order_by_asc(balances::Column::FromDay)
            .order_by_asc(balances::Column::Channel)
            .all(&self.reading)
            .await?;
        let balance = |row: balances::Model| Balance {
            channel: row.channel,
            from: row.from_day,
            to: row.to_day,
            count: row.count,
            source: row.source,
        };
        Ok(rows.into_iter().map(balance).collect())
    }
}
