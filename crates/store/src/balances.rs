//! What managers enter: figures from before the software, and corrections. Shown apart, and summed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    figures::{ADVISORY, CASE_KIND, CHANNEL, INSTITUTION, Of},
    ids,
    period::Period,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    entity::balances,
    error::{Conflict, StoreError},
    figures::Cut,
    staff::Person,
    store::{Store, time},
};

/// A figure that was entered.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Balance {
    /// Its id.
    pub id: Uuid,
    /// The figure.
    #[serde(flatten)]
    pub said: NewBalance,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// When it was withdrawn: then it does not count.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// A figure to enter.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct NewBalance {
    /// What it counts: contacts or cases.
    pub of: Of,
    /// Of contacts the channel; of cases `advisory`, or the institution they were sent to.
    pub value: String,
    /// Whether it corrects what was counted; else it is from before the software.
    pub correction: bool,
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// How many; of a correction also less than none.
    pub count: i64,
    /// Where the figure is from.
    pub source: String,
    /// Why it was entered.
    pub reason: String,
}

/// More than any helpline was ever written to; a figure beyond is a mistake.
const MOST: i64 = 1_000_000_000;

impl NewBalance {
    fn checked(&self) -> Result<(), Conflict> {
        if self.value.trim().is_empty() || self.source.trim().is_empty() {
            return Err(Conflict::BalanceWithoutSource);
        }
        if self.correction && self.reason.trim().is_empty() {
            return Err(Conflict::CorrectionWithoutReason);
        }
        let negative = self.count < 0 && !self.correction;
        if negative || self.to < self.from || self.count.abs() > MOST {
            return Err(Conflict::BalanceBackwards);
        }
        Ok(())
    }
}

/// Whether a part of its days lies in a period.
pub(crate) fn overlaps(period: Period, balance: &Balance) -> bool {
    period.from.is_none_or(|from| from <= balance.said.to)
        && period.to.is_none_or(|to| balance.said.from <= to)
}

impl Store {
    /// Enters a figure from before the software, or a correction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is negative and no correction, its period runs backwards, it is from before the software and overlaps
    /// what is counted already, nothing of its name is counted, or source or reason is missing.
    pub async fn enter_balance(&self, who: Option<&Person>, new: &NewBalance) -> Result<(), StoreError> {
        self.enter_balances(who, std::slice::from_ref(new)).await
    }

    /// Enters all of these figures, or none.
    ///
    /// # Errors
    /// As [`Store::enter_balance`].
    pub async fn enter_balances(&self, who: Option<&Person>, new: &[NewBalance]) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        for one in new {
            self.enter(&transaction, who, one).await?;
        }
        self.done(transaction).await
    }

    /// Says of each figure what would keep it from being entered, and enters none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn try_balances(&self, new: &[NewBalance]) -> Result<Vec<Option<Conflict>>, StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let mut found = Vec::with_capacity(new.len());
        for one in new {
            found.push(match self.enter(&transaction, None, one).await {
                Ok(()) => None,
                Err(StoreError::Conflict(why)) => Some(why),
                Err(error) => return Err(error),
            });
        }
        transaction.rollback().await?;
        Ok(found)
    }

    async fn enter(
        &self,
        transaction: &DatabaseTransaction,
        who: Option<&Person>,
        new: &NewBalance,
    ) -> Result<(), StoreError> {
        new.checked().map_err(StoreError::Conflict)?;
        let value = new.value.trim();
        if !self.countable(new.of).contains(value) {
            return Err(StoreError::Conflict(Conflict::NoSuchFigure));
        }
        if !new.correction && self.is_counted(transaction, new).await? {
            return Err(StoreError::Conflict(Conflict::BalanceOverlaps));
        }
        let now = self.clock.now();
        let row = balances::ActiveModel {
            id: Set(ids::new(now)),
            of: Set(new.of.as_str().to_owned()),
            value: Set(value.to_owned()),
            correction: Set(new.correction),
            from_day: Set(new.from.to_string()),
            to_day: Set(new.to.to_string()),
            count: Set(new.count),
            source: Set(new.source.trim().to_owned()),
            reason: Set(new.reason.trim().to_owned()),
            entered_by: Set(who.map(|who| who.id)),
            entered_at: Set(now.timestamp_micros()),
            withdrawn_by: Set(None),
            withdrawn_at: Set(None),
        };
        row.insert(transaction).await?;
        let what = if new.correction {
            "correction"
        } else {
            "opening balance"
        };
        let object = format!(
            "{} {value} {} {} {}",
            new.of.as_str(),
            new.from,
            new.to,
            new.count
        );
        self.audit_in(transaction, who.map(|who| who.id), what, &object)
            .await
    }

    /// Whether some of these days are counted for the same already, here or by another figure from before.
    async fn is_counted(
        &self,
        transaction: &DatabaseTransaction,
        new: &NewBalance,
    ) -> Result<bool, StoreError> {
        let entered = balances::Entity::find()
            .filter(balances::Column::Of.eq(new.of.as_str()))
            .filter(balances::Column::Value.eq(new.value.trim()))
            .filter(balances::Column::Correction.eq(false))
            .filter(balances::Column::WithdrawnAt.is_null())
            .filter(balances::Column::FromDay.lte(new.to.to_string()))
            .filter(balances::Column::ToDay.gte(new.from.to_string()))
            .one(transaction)
            .await?;
        if entered.is_some() {
            return Ok(true);
        }
        let by = match new.of {
            Of::Contact | Of::Closing => CHANNEL,
            Of::Case | Of::Referral if new.value.trim() == ADVISORY => CASE_KIND,
            Of::Case | Of::Referral => INSTITUTION,
        };
        let cut = Cut::of(new.of, Period::of(new.from, new.to), [by], None);
        Ok(self.breakdown(&cut).await?.count(new.value.trim()) != 0)
    }

    /// Withdraws what was entered by mistake: it stays to be seen, and does not count.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was withdrawn.
    pub async fn withdraw_balance(&self, who: Option<&Person>, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.one_at_a_time(&transaction).await?;
        let found = balances::Entity::find_by_id(id).one(&transaction).await?;
        let found = found.ok_or(StoreError::NotFound("figure"))?;
        if found.withdrawn_at.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let withdrawn = balances::ActiveModel {
            id: Unchanged(id),
            withdrawn_by: Set(who.map(|who| who.id)),
            withdrawn_at: Set(Some(self.now())),
            ..Default::default()
        };
        withdrawn.update(&transaction).await?;
        let object = format!(
            "{} {} {} {} {}",
            found.of, found.value, found.from_day, found.to_day, found.count
        );
        self.audit_in(&transaction, who.map(|who| who.id), "withdraw figure", &object)
            .await?;
        self.done(transaction).await
    }

    /// The channels figures belong to: those of the lines, those that counsellors log, and those that are counted by hand.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let by_hand = ["telephone", "social"].map(str::to_owned);
        let of_lines = self.lines.iter().map(|line| line.channel.clone());
        let all: BTreeSet<String> = of_lines
            .chain(by_hand)
            .chain(self.networks.iter().cloned())
            .collect();
        all.into_iter().collect()
    }

    /// What a figure of this can be entered for.
    #[must_use]
    pub fn countable(&self, of: Of) -> BTreeSet<String> {
        match of {
            Of::Contact => self.channels().into_iter().collect(),
            Of::Case => {
                let institutions = self.scheme.institutions.iter().map(|one| one.id.clone());
                institutions.chain([ADVISORY.to_owned()]).collect()
            }
            Of::Closing | Of::Referral => BTreeSet::new(),
        }
    }

    /// Everything that was entered, by period.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        let rows = balances::Entity::find()
            .order_by_asc(balances::Column::FromDay)
            .order_by_asc(balances::Column::Of)
            .order_by_asc(balances::Column::Value)
            .order_by_asc(balances::Column::Id)
            .all(&self.reading)
            .await?;
        // We wrote days and names ourselves.
        let balance = |row: balances::Model| {
            Some(Balance {
                id: row.id,
                said: NewBalance {
                    of: Of::parse(&row.of)?,
                    value: row.value,
                    correction: row.correction,
                    from: row.from_day.parse().ok()?,
                    to: row.to_day.parse().ok()?,
                    count: row.count,
                    source: row.source,
                    reason: row.reason,
                },
                entered_at: time(row.entered_at),
                withdrawn_at: row.withdrawn_at.map(time),
            })
        };
        Ok(rows.into_iter().filter_map(balance).collect())
    }
}
