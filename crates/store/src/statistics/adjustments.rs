//! What managers enter: figures from before the software, and corrections. Shown apart, and summed.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use hotline_core::{
    identifiers::ids,
    statistics::figures::{ADVISORY, CASE_KIND, CHANNEL, INSTITUTION, Measure},
    time::period::{Every, Period},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{
        entity::balances,
        store::{Store, time},
    },
    error::{Conflict, StoreError, unreadable},
    staff::accounts::Person,
    statistics::figures::StatisticsFilter,
};

/// A figure that was entered.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Adjustment {
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
    pub of: Measure,
    /// For contacts the channel; for cases `advisory`, or the institution they were sent to.
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
const MOST: u64 = 1_000_000_000;
/// Before there were telephones to call.
const FIRST_YEAR: i32 = 1900;
/// The most figures entered at once: nobody else writes in the meantime.
const MOST_LINES: usize = 10_000;

impl NewBalance {
    fn checked(&self, today: NaiveDate) -> Result<(), Conflict> {
        if self.value.trim().is_empty() || self.source.trim().is_empty() {
            return Err(Conflict::BalanceWithoutSource);
        }
        if self.correction && self.reason.trim().is_empty() {
            return Err(Conflict::CorrectionWithoutReason);
        }
        let negative = self.count < 0 && !self.correction;
        let much = self.count.unsigned_abs() > MOST;
        if negative || self.to < self.from || self.from.year() < FIRST_YEAR || much {
            return Err(Conflict::BalanceBackwards);
        }
        // A day is counted here as long as it lasts.
        if self.to > today || (self.to == today && !self.correction) {
            return Err(Conflict::InTheFuture);
        }
        Ok(())
    }

    /// Whether this is sent again, as by a second press of the button.
    fn is_again(&self, new: &Self) -> bool {
        (self.from, self.to, self.count) == (new.from, new.to, new.count)
            && self.source == new.source.trim()
            && self.reason == new.reason.trim()
    }
}

/// What a new figure must not count once more.
#[derive(Default)]
struct Known {
    /// Figures entered and not withdrawn, by what they count.
    entered: HashMap<(Measure, String), Vec<NewBalance>>,
    /// The days on which something was registered here.
    counted: HashMap<(Measure, String), BTreeSet<NaiveDate>>,
}

async fn entered(
    database: &impl ConnectionTrait,
) -> Result<HashMap<(Measure, String), Vec<NewBalance>>, StoreError> {
    let rows = balances::Entity::find()
        .filter(balances::Column::WithdrawnAt.is_null())
        .all(database)
        .await?;
    let mut entered: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let one = read(row)?;
        let of = (one.said.of, one.said.value.clone());
        entered.entry(of).or_default().push(one.said);
    }
    Ok(entered)
}

fn read(row: balances::Model) -> Result<Adjustment, StoreError> {
    let day = |day: &str| day.parse().map_err(unreadable);
    Ok(Adjustment {
        id: row.id,
        said: NewBalance {
            of: Measure::parse(&row.of).ok_or_else(|| unreadable(&row.of))?,
            value: row.value,
            correction: row.correction,
            from: day(&row.from_day)?,
            to: day(&row.to_day)?,
            count: row.count,
            source: row.source,
            reason: row.reason,
        },
        entered_at: time(row.entered_at),
        withdrawn_at: row.withdrawn_at.map(time),
    })
}

/// Whether a part of its days lies in a period.
pub(crate) fn overlaps(period: Period, balance: &Adjustment) -> bool {
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
        // From here on nothing is registered, nor entered.
        let mut known = self.known(new).await?;
        known.entered = entered(&transaction).await?;
        for one in new {
            self.check(&mut known, one).map_err(StoreError::Conflict)?;
            self.enter(&transaction, who, one).await?;
        }
        self.done(transaction).await
    }

    /// Says of each figure what would keep it from being entered after those before it, and enters none.
    ///
    /// # Errors
    /// When the database refuses, or they are too many.
    pub async fn try_balances(&self, new: &[NewBalance]) -> Result<Vec<Option<Conflict>>, StoreError> {
        let mut known = self.known(new).await?;
        known.entered = entered(&self.reading).await?;
        Ok(new.iter().map(|one| self.check(&mut known, one).err()).collect())
    }

    /// What these figures are counted by already.
    async fn known(&self, new: &[NewBalance]) -> Result<Known, StoreError> {
        if new.len() > MOST_LINES {
            return Err(StoreError::Conflict(Conflict::TooManyLines));
        }
        let mut known = Known::default();
        let first = new.iter().map(|one| one.from).min();
        let last = new.iter().map(|one| one.to).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(known);
        };
        for (of, by) in [
            (Measure::Contact, CHANNEL),
            (Measure::Case, CASE_KIND),
            (Measure::Case, INSTITUTION),
        ] {
            let by_day = StatisticsFilter::of(of, Period::of(first, last), [by], Some(Every::Day));
            for row in self.breakdown(&by_day).await?.rows {
                let day = row.piece.and_then(|day| day.parse().ok());
                if let (Some(day), Some(value)) = (day, row.values.into_iter().next()) {
                    known.counted.entry((of, value)).or_default().insert(day);
                }
            }
        }
        Ok(known)
    }

    /// Whether a figure can be entered after what is known; then it is known, too.
    fn check(&self, known: &mut Known, new: &NewBalance) -> Result<(), Conflict> {
        new.checked(self.today())?;
        let value = new.value.trim().to_owned();
        if !self.countable(new.of).contains(&value) {
            return Err(Conflict::NoSuchFigure);
        }
        let counted = known.counted.get(&(new.of, value.clone()));
        let counted = counted.is_some_and(|days| days.range(new.from..=new.to).next().is_some());
        let same = known.entered.entry((new.of, value)).or_default();
        let clash = same
            .iter()
            .find_map(|one| match (one.correction, new.correction) {
                (true, true) if one.is_again(new) => Some(Conflict::CorrectionTwice),
                (false, false) if one.from <= new.to && new.from <= one.to => Some(Conflict::BalanceOverlaps),
                _ => None,
            });
        if let Some(clash) = clash {
            return Err(clash);
        }
        if counted && !new.correction {
            return Err(Conflict::BalanceOverlaps);
        }
        same.push(new.clone());
        Ok(())
    }

    async fn enter(
        &self,
        transaction: &DatabaseTransaction,
        who: Option<&Person>,
        new: &NewBalance,
    ) -> Result<(), StoreError> {
        let value = new.value.trim();
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

    /// Whether what was counted of this channel on a day was entered as a figure from before.
    pub(crate) async fn was_entered(
        &self,
        transaction: &DatabaseTransaction,
        channel: &str,
        day: NaiveDate,
    ) -> Result<bool, StoreError> {
        let found = balances::Entity::find()
            .filter(balances::Column::Of.eq(Measure::Contact.as_str()))
            .filter(balances::Column::Value.eq(channel))
            .filter(balances::Column::Correction.eq(false))
            .filter(balances::Column::WithdrawnAt.is_null())
            .filter(balances::Column::FromDay.lte(day.to_string()))
            .filter(balances::Column::ToDay.gte(day.to_string()))
            .one(transaction)
            .await?;
        Ok(found.is_some())
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
    pub fn countable(&self, of: Measure) -> BTreeSet<String> {
        match of {
            Measure::Contact => self.channels().into_iter().collect(),
            Measure::Case => {
                let institutions = self.scheme.institutions.iter().map(|one| one.id.clone());
                institutions.chain([ADVISORY.to_owned()]).collect()
            }
            Measure::Closing | Measure::Referral => BTreeSet::new(),
        }
    }

    /// Everything that was entered, by period.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn balances(&self) -> Result<Vec<Adjustment>, StoreError> {
        self.balances_on(&self.reading).await
    }

    pub(crate) async fn balances_on(&self, on: &impl ConnectionTrait) -> Result<Vec<Adjustment>, StoreError> {
        let rows = balances::Entity::find()
            .order_by_asc(balances::Column::FromDay)
            .order_by_asc(balances::Column::Of)
            .order_by_asc(balances::Column::Value)
            .order_by_asc(balances::Column::Id)
            .all(on)
            .await?;
        rows.into_iter().map(read).collect()
    }
}
