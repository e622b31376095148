//! Adjustments of the statistic, entered by managers: opening balances (numbers counted before this software was in use) and corrections.
//! Adjustments are included in the totals and also shown separately.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use hotline_core::{
    identifiers::ids,
    staff::audit::AuditAction,
    statistics::figures::{ADVISORY, CASE_KIND, CHANNEL, INSTITUTION, Measure},
    time::period::{Every, Period},
};
use schemars::JsonSchema;
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
        stored::Stored,
    },
    error::{Conflict, StoreError, unreadable},
    staff::accounts::StaffMember,
    statistics::counts::StatisticsFilter,
};

/// A stored adjustment.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct Adjustment {
    /// The id of the adjustment.
    pub id: Uuid,
    /// The adjustment as entered.
    #[serde(flatten)]
    pub entry: NewAdjustment,
    /// When the adjustment was entered.
    pub entered_at: DateTime<Utc>,
    /// When the adjustment was withdrawn. A withdrawn adjustment is not part of the totals. `None` if the adjustment is not withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// An adjustment to enter.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, JsonSchema)]
pub struct NewAdjustment {
    /// The measure that the adjustment changes: contacts or cases.
    pub of: Measure,
    /// The value whose count is adjusted: a channel for contacts, and `advisory` or the id of an institution for cases.
    pub value: String,
    /// `true` for a correction, `false` for an opening balance.
    pub correction: bool,
    /// The first day that the adjustment covers.
    pub from: NaiveDate,
    /// The last day that the adjustment covers.
    pub to: NaiveDate,
    /// The number to add to the count. Only a correction may add a negative number.
    pub count: i64,
    /// Where the number comes from, for example the name of a paper register.
    pub source: String,
    /// Reason for the adjustment. Required for a correction.
    pub reason: String,
}

/// The largest number that an adjustment may add. A larger number is assumed to be a mistake.
const MOST: u64 = 1_000_000_000;
/// The earliest year in which the period of an adjustment may begin. An earlier year is assumed to be a mistake.
const FIRST_YEAR: i32 = 1900;
/// Maximum number of adjustments entered in one transaction. The limit keeps the transaction short, because other writing transactions
/// must wait for it.
const MOST_LINES: usize = 10_000;

impl NewAdjustment {
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
        // This software may still count contacts today. An opening balance must therefore end before today.
        if self.to > today || (self.to == today && !self.correction) {
            return Err(Conflict::InTheFuture);
        }
        Ok(())
    }

    /// Returns whether `new` repeats this adjustment, for example because a form was submitted twice.
    fn is_again(&self, new: &Self) -> bool {
        (self.from, self.to, self.count) == (new.from, new.to, new.count)
            && self.source == new.source.trim()
            && self.reason == new.reason.trim()
    }
}

/// The data against which new adjustments are checked.
#[derive(Default)]
struct Known {
    /// For each measure and value, the adjustments that are not withdrawn.
    entered: HashMap<(Measure, String), Vec<NewAdjustment>>,
    /// For each measure and value, the days on which this software counted at least one contact or case.
    counted: HashMap<(Measure, String), BTreeSet<NaiveDate>>,
}

async fn entered(
    database: &impl ConnectionTrait,
) -> Result<HashMap<(Measure, String), Vec<NewAdjustment>>, StoreError> {
    let rows = balances::Entity::find()
        .filter(balances::Column::WithdrawnAt.is_null())
        .all(database)
        .await?;
    let mut entered: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let one = read(row)?;
        let of = (one.entry.of, one.entry.value.clone());
        entered.entry(of).or_default().push(one.entry);
    }
    Ok(entered)
}

fn read(row: balances::Model) -> Result<Adjustment, StoreError> {
    let day = |day: &str| day.parse().map_err(unreadable);
    Ok(Adjustment {
        id: row.id,
        entry: NewAdjustment {
            of: row.of.0,
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

/// The communications that were entered by hand and that figures leave out.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq, JsonSchema)]
pub struct EnteredByHand {
    /// The number of communications.
    pub communications: i64,
    /// The first day that they cover.
    pub from: NaiveDate,
    /// The last day that they cover.
    pub to: NaiveDate,
}

impl EnteredByHand {
    /// Adds up the adjustments of the number of contacts. Returns `None` if there are none.
    pub(crate) fn sum<'a>(entered: impl IntoIterator<Item = &'a Adjustment>) -> Option<Self> {
        let entries = entered.into_iter().map(|one| &one.entry);
        let of_contacts = entries.filter(|entry| entry.of == Measure::Contact);
        of_contacts.fold(None, |sum: Option<Self>, entry| {
            Some(sum.map_or(
                Self {
                    communications: entry.count,
                    from: entry.from,
                    to: entry.to,
                },
                |sum| Self {
                    communications: sum.communications.saturating_add(entry.count),
                    from: sum.from.min(entry.from),
                    to: sum.to.max(entry.to),
                },
            ))
        })
    }
}

/// Returns whether an adjustment and a period have a day in common.
pub(crate) fn overlaps(period: Period, balance: &Adjustment) -> bool {
    period.from.is_none_or(|from| from <= balance.entry.to)
        && period.to.is_none_or(|to| balance.entry.from <= to)
}

impl Store {
    /// Enters an opening balance or a correction.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if a field is missing, if the last day is before the first day or in the future, if the number is
    /// out of range, or if [`Store::countable`] does not contain the value. An opening balance is also refused in three cases: it does not
    /// end before today; it overlaps another opening balance for the same value; it covers a day on which this software counted a contact
    /// or case with that value. A correction is also refused if an identical correction exists.
    pub async fn enter_adjustment(
        &self,
        who: Option<&StaffMember>,
        new: &NewAdjustment,
    ) -> Result<(), StoreError> {
        self.enter_adjustments(who, std::slice::from_ref(new)).await
    }

    /// Enters these adjustments. If one adjustment is invalid, enters none of them.
    ///
    /// # Errors
    /// Returns the errors of [`Store::enter_adjustment`]. Also returns [`StoreError::Conflict`] for more than 10,000 adjustments.
    pub async fn enter_adjustments(
        &self,
        who: Option<&StaffMember>,
        new: &[NewAdjustment],
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        // The registration lock keeps out registration and other adjustments, so the data loaded here cannot change before the commit.
        let mut known = self.known(new).await?;
        known.entered = entered(&transaction).await?;
        for one in new {
            self.check(&mut known, one).map_err(StoreError::Conflict)?;
            self.enter(&transaction, who, one).await?;
        }
        self.commit(transaction).await
    }

    /// Checks adjustments in order without entering them. Each is checked as if the valid adjustments before it had already been entered.
    /// Returns one result for each adjustment: the conflict, or `None` if the adjustment is valid.
    ///
    /// # Errors
    /// Fails if a database query fails, or if there are more than 10,000 adjustments.
    pub async fn check_adjustments(
        &self,
        new: &[NewAdjustment],
    ) -> Result<Vec<Option<Conflict>>, StoreError> {
        let mut known = self.known(new).await?;
        known.entered = entered(&self.reading).await?;
        Ok(new.iter().map(|one| self.check(&mut known, one).err()).collect())
    }

    /// Loads the days on which this software counted contacts or cases, from the first to the last day that these adjustments cover. Leaves
    /// [`Known::entered`] empty; the caller must fill it.
    async fn known(&self, new: &[NewAdjustment]) -> Result<Known, StoreError> {
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

    /// Checks an adjustment against `known`, and adds it to `known` if it is valid.
    fn check(&self, known: &mut Known, new: &NewAdjustment) -> Result<(), Conflict> {
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
        who: Option<&StaffMember>,
        new: &NewAdjustment,
    ) -> Result<(), StoreError> {
        let value = new.value.trim();
        let now = self.clock.now();
        let row = balances::ActiveModel {
            id: Set(ids::new(now)),
            of: Set(Stored(new.of)),
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
            AuditAction::Correction
        } else {
            AuditAction::OpeningBalance
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

    /// Returns whether this channel has an opening balance for contacts that includes this day and is not withdrawn.
    pub(crate) async fn has_opening_balance(
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

    /// Withdraws an adjustment that was entered by mistake. The adjustment remains visible but is no longer part of the totals.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the adjustment is already withdrawn.
    pub async fn withdraw_balance(&self, who: Option<&StaffMember>, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
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
            found.of.0.as_str(),
            found.value,
            found.from_day,
            found.to_day,
            found.count
        );
        self.audit_in(
            &transaction,
            who.map(|who| who.id),
            AuditAction::WithdrawFigure,
            &object,
        )
        .await?;
        self.commit(transaction).await
    }

    /// Returns the channels whose counts can be adjusted: the channels of the configured lines; the networks whose messages counsellors log
    /// by hand; and `telephone` and `social`, which centres counted by hand before they used this software.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let by_hand = ["telephone", "social"].map(str::to_owned);
        let of_lines = self.lines();
        let of_lines = of_lines.iter().map(|line| line.channel.clone());
        let all: BTreeSet<String> = of_lines
            .chain(by_hand)
            .chain(self.networks.iter().cloned())
            .collect();
        all.into_iter().collect()
    }

    /// Returns the values whose counts can be adjusted: channels for contacts, and institutions or `advisory` for cases. Empty for other
    /// measures, which cannot be adjusted.
    #[must_use]
    pub fn countable(&self, of: Measure) -> BTreeSet<String> {
        match of {
            Measure::Contact => self.channels().into_iter().collect(),
            Measure::Case => {
                let scheme = self.scheme();
                let institutions = scheme.institutions.iter().map(|one| one.id.clone());
                institutions.chain([ADVISORY.to_owned()]).collect()
            }
            Measure::Closing | Measure::Referral => BTreeSet::new(),
        }
    }

    /// Returns all adjustments, including withdrawn adjustments, sorted by their first day.
    ///
    /// # Errors
    /// Fails if a database query fails.
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
