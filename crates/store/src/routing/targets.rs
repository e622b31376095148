//! Reply targets: when the reply to a waiting person is due, which replies are late, and which targets were kept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hotline_core::{
    contact::urgency::Urgency,
    identifiers::reference::Reference,
    intake::ReplyTarget,
    routing::targets::{Due, Pace, ReplyOrder, TargetClock, Targets},
    time::{clock, hours::OpeningHours, period::Period},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, reply_targets},
        store::{Store, time},
        stored::Stored,
        values::HistoryKind,
    },
    error::StoreError,
    routing::schedules::CENTRE,
};

/// The maximum number of missed targets that one call of [`Store::note_missed_targets`] records. The next call records the rest.
const STEP: u64 = 200;

/// The targets, with the opening hours that apply now.
pub(crate) struct TargetTimes<'a> {
    targets: &'a Targets,
    /// The opening hours by line. The entry [`CENTRE`] applies to lines without opening hours of their own.
    hours: HashMap<String, OpeningHours>,
    zone: Tz,
    now: DateTime<Utc>,
}

/// Maximum number of missed targets that are listed.
const MOST_MISSED: u64 = 500;

/// A reply that missed its target.
pub struct MissedTarget {
    /// The contact.
    pub reference: Reference,
    /// The channel of the contact.
    pub channel: String,
    /// When the person began to wait.
    pub since: DateTime<Utc>,
    /// When the reply was due.
    pub due_at: DateTime<Utc>,
    /// When the reply left. `None` if it has not.
    pub replied_at: Option<DateTime<Utc>>,
}

/// How many targets of a period were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct KeptTargets {
    /// The urgency of the contacts: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// Whether the reply was the contact's first.
    pub first: bool,
    /// The number of replies in time.
    pub kept: i64,
    /// The number of missed targets: the reply was late, the person still waits although the target has ended, or the contact was closed
    /// without a reply after the target had ended.
    pub missed: i64,
}

/// The reply targets of one urgency that are in force now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct TargetInForce {
    /// The line with targets of its own. `None`: the targets of the centre, which apply to all other lines.
    pub line: Option<String>,
    /// The urgency of the contacts: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// Minutes from the first message to the first reply. `None`: there is no target.
    pub first_minutes: Option<u32>,
    /// Minutes from a later message to its reply. `None`: there is no target.
    pub next_minutes: Option<u32>,
    /// Whether only time within the opening hours counts.
    pub in_opening_hours: bool,
}

impl TargetInForce {
    /// Returns the minutes of the first or of a later reply.
    #[must_use]
    pub const fn minutes(&self, order: ReplyOrder) -> Option<u32> {
        match order {
            ReplyOrder::First => self.first_minutes,
            ReplyOrder::Next => self.next_minutes,
        }
    }
}

impl TargetTimes<'_> {
    fn hours_of(&self, line: &str) -> Option<&OpeningHours> {
        self.hours.get(line).or_else(|| self.hours.get(CENTRE))
    }

    /// Returns when the reply to a waiting contact is due. `None`: the contact waits for no reply, has a marking, or has no target.
    pub(crate) fn due(&self, contact: &contacts::Model) -> Option<Due> {
        let since = time(contact.waiting_since.filter(|_| contact.marking.is_none())?);
        let target = self
            .targets
            .of(&contact.line, Urgency::from_stored(contact.urgency));
        self.targets.due(
            target,
            order_of(contact),
            since,
            self.hours_of(&contact.line),
            self.zone,
        )
    }

    /// Returns the target to show to the person of a waiting contact: that of an ordinary contact. `None` under the conditions of
    /// [`TargetTimes::due`].
    pub(crate) fn shown_to_person(&self, contact: &contacts::Model) -> Option<ReplyTarget> {
        let since = time(contact.waiting_since.filter(|_| contact.marking.is_none())?);
        let (target, order) = (
            self.targets.of(&contact.line, Urgency::Ordinary),
            order_of(contact),
        );
        let hours = self.hours_of(&contact.line);
        let due = self.targets.due(target, order, since, hours, self.zone)?;
        Some(ReplyTarget {
            within: target.within(order)?,
            clock: target.clock,
            is_missed: due.pace(self.now) == Pace::Late,
        })
    }

    /// Returns the condition that a contact waits for a late reply. The condition agrees with [`TargetTimes::due`].
    pub(crate) fn late(&self) -> Condition {
        use contacts::Column;
        let own = self.targets.lines.keys().chain(self.hours.keys());
        let mut own: Vec<&str> = own.map(String::as_str).filter(|line| *line != CENTRE).collect();
        own.sort_unstable();
        own.dedup();
        let mut late = Condition::any();
        let mut latest = i64::MIN;
        for line in std::iter::once(CENTRE).chain(own.iter().copied()) {
            let on_line = if line == CENTRE {
                Column::Line.is_not_in(own.iter().copied())
            } else {
                Column::Line.eq(line)
            };
            for urgency in Urgency::ALL {
                for order in ReplyOrder::ALL {
                    let target = self.targets.of(line, *urgency);
                    let hours = self.hours_of(line);
                    let Some(since) = Targets::late_since(target, *order, self.now, hours, self.zone) else {
                        continue;
                    };
                    let replied = match order {
                        ReplyOrder::First => Column::FirstReplyAt.is_null(),
                        ReplyOrder::Next => Column::FirstReplyAt.is_not_null(),
                    };
                    let of_urgency = Column::Urgency.eq(urgency.to_stored());
                    let since = since.timestamp_micros();
                    latest = std::cmp::max(latest, since);
                    let since = Column::WaitingSince.lte(since);
                    late = late.add(on_line.clone().and(of_urgency).and(replied).and(since));
                }
            }
        }
        Condition::all()
            .add(Expr::cust("status = 'waiting'"))
            .add(Column::Marking.is_null())
            // The other conditions imply this condition. It is added so that the database can seek in the index. If there is no target,
            // `latest` is the smallest number, and no contact is late.
            .add(Column::WaitingSince.lte(latest))
            .add(late)
    }
}

/// Returns whether the contact waits for its first reply or for a later one.
fn order_of(contact: &contacts::Model) -> ReplyOrder {
    match contact.first_reply_at {
        None => ReplyOrder::First,
        Some(_) => ReplyOrder::Next,
    }
}

impl Store {
    /// Returns the reply targets that are in force: those of the centre, and those in which a line differs from the centre.
    #[must_use]
    pub fn targets_in_force(&self) -> Vec<TargetInForce> {
        let in_force = |line: Option<&String>, urgency: Urgency| {
            let target = self.targets.of(line.map_or("", String::as_str), urgency);
            TargetInForce {
                line: line.cloned(),
                urgency: urgency.to_stored(),
                first_minutes: Some(target.first_minutes).filter(|minutes| *minutes > 0),
                next_minutes: Some(target.next_minutes).filter(|minutes| *minutes > 0),
                in_opening_hours: target.clock == TargetClock::OpeningHours,
            }
        };
        let of_centre = Urgency::ALL.iter().map(|urgency| in_force(None, *urgency));
        let of_lines = self.targets.lines.keys().flat_map(|line| {
            let own = Urgency::ALL
                .iter()
                .filter(|urgency| self.targets.of(line, **urgency) != self.targets.of("", **urgency));
            own.map(|urgency| in_force(Some(line), *urgency))
        });
        of_centre.chain(of_lines).collect()
    }

    /// Loads the targets and the opening hours that apply now.
    pub(crate) async fn target_times(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<TargetTimes<'_>, StoreError> {
        Ok(TargetTimes {
            targets: &self.targets,
            hours: self.all_opening_hours(connection).await?,
            zone: self.zone,
            now: self.clock.now(),
        })
    }

    /// Returns the number of contacts assigned to `who` whose reply is late. Leaves out snoozed contacts.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn late_replies_of(&self, who: Uuid) -> Result<u64, StoreError> {
        let late = contacts::Entity::find()
            .filter(self.target_times(&self.reading).await?.late())
            .filter(contacts::Column::Assignee.eq(who))
            .filter(self.in_sight());
        Ok(late.count(&self.reading).await?)
    }

    /// Records that staff reply now to the waiting contact `before`. Does nothing if the contact waits for no reply or has no target.
    pub(crate) async fn note_reply_target(
        &self,
        transaction: &DatabaseTransaction,
        before: &contacts::Model,
    ) -> Result<(), StoreError> {
        self.write_outcome(transaction, before, Some(self.now())).await
    }

    /// Removes the outcome of a wait whose reply was taken back. If the target has been missed by now, the outcome becomes a missed target
    /// instead.
    pub(crate) async fn forget_reply_target(
        &self,
        transaction: &DatabaseTransaction,
        contact: Uuid,
        since: i64,
    ) -> Result<(), StoreError> {
        let outcome = || {
            reply_targets::Column::ContactId
                .eq(contact)
                .and(reply_targets::Column::Since.eq(since))
        };
        reply_targets::Entity::delete_many()
            .filter(outcome())
            .filter(reply_targets::Column::DueAt.gt(self.now()))
            .exec(transaction)
            .await?;
        reply_targets::Entity::update_many()
            .col_expr(reply_targets::Column::RepliedAt, Expr::value(Option::<i64>::None))
            .filter(outcome())
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Records the missed targets that are not recorded yet, each with an event in the history of its contact. Returns the number of
    /// recorded targets.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_missed_targets(&self) -> Result<usize, StoreError> {
        let known = reply_targets::Entity::find()
            .filter(Expr::cust(
                "reply_targets.contact_id = contacts.id AND reply_targets.since = contacts.waiting_since",
            ))
            .select_only()
            .column(reply_targets::Column::Since)
            .into_query();
        let late = self.target_times(&self.reading).await?.late();
        let missed = || {
            contacts::Entity::find()
                .filter(late.clone())
                .filter(Expr::exists(known.clone()).not())
                .limit(STEP)
        };
        // Reads without a lock first, so that an idle service writes nothing.
        if missed().one(&self.reading).await?.is_none() {
            return Ok(0);
        }
        let transaction = self.begin().await?;
        self.lock_routing(&transaction).await?;
        let missed = missed().all(&transaction).await?;
        for contact in &missed {
            self.write_outcome(&transaction, contact, None).await?;
            self.add_event(&transaction, contact.id, None, HistoryKind::TargetMissed, "")
                .await?;
        }
        self.commit(transaction).await?;
        Ok(missed.len())
    }

    async fn write_outcome(
        &self,
        transaction: &DatabaseTransaction,
        contact: &contacts::Model,
        replied_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let due = self.target_times(transaction).await?.due(contact);
        let (Some(since), Some(due)) = (contact.waiting_since, due) else {
            return Ok(());
        };
        let outcome = reply_targets::ActiveModel {
            contact_id: Set(contact.id),
            since: Set(since),
            reply_order: Set(Stored(order_of(contact))),
            urgency: Set(contact.urgency),
            line: Set(contact.line.clone()),
            due_at: Set(due.at.timestamp_micros()),
            replied_at: Set(replied_at),
        };
        use reply_targets::Column;
        let known = OnConflict::columns([Column::ContactId, Column::Since])
            .update_columns([Column::Urgency, Column::DueAt, Column::RepliedAt])
            .to_owned();
        reply_targets::Entity::insert(outcome)
            .on_conflict(known)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }

    /// Returns how many targets were kept for the people who began to wait in a period, the most urgent first. Contacts with a marking are
    /// left out. Erasing a contact does not change these numbers.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn kept_targets(&self, period: Period) -> Result<Vec<KeptTargets>, StoreError> {
        self.kept_targets_on(&self.reading, period).await
    }

    pub(crate) async fn kept_targets_on(
        &self,
        connection: &impl ConnectionTrait,
        period: Period,
    ) -> Result<Vec<KeptTargets>, StoreError> {
        use reply_targets::Column;

        #[derive(FromQueryResult)]
        struct Row {
            urgency: i16,
            reply_order: Stored<ReplyOrder>,
            kept: i64,
            all: i64,
        }
        let kept = Expr::case(Column::RepliedAt.into_expr().lt(Expr::col(Column::DueAt)), 1).finally(0);
        let rows: Vec<Row> = reply_targets::Entity::find()
            .select_only()
            .column(Column::Urgency)
            .column(Column::ReplyOrder)
            .column_as(Expr::expr(kept).sum().cast_as("bigint"), "kept")
            .column_as(Column::Since.count(), "all")
            .filter(self.within(Column::Since, period))
            .filter(is_counted())
            .group_by(Column::Urgency)
            .group_by(Column::ReplyOrder)
            .into_model()
            .all(connection)
            .await?;
        let mut found: Vec<KeptTargets> = rows
            .into_iter()
            .map(|row| KeptTargets {
                urgency: row.urgency,
                first: row.reply_order.0 == ReplyOrder::First,
                kept: row.kept,
                missed: row.all - row.kept,
            })
            .collect();
        found.sort_unstable_by_key(|one| (std::cmp::Reverse(one.urgency), !one.first));
        Ok(found)
    }

    /// Returns the replies that missed their target, of people who began to wait in a period, the latest due time first: at most 500. `None`
    /// lists the replies of every urgency, and first and later replies. Leaves out the same contacts as [`Store::kept_targets`].
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn missed_targets(
        &self,
        period: Period,
        urgency: Option<i16>,
        order: Option<ReplyOrder>,
    ) -> Result<Vec<MissedTarget>, StoreError> {
        use reply_targets::Column;

        let is_late = Column::RepliedAt
            .is_null()
            .or(Column::RepliedAt.into_expr().gte(Expr::col(Column::DueAt)));
        let late = reply_targets::Entity::find()
            .filter(self.within(Column::Since, period))
            .filter(is_counted())
            .filter(is_late)
            .apply_if(urgency, |late, urgency| late.filter(Column::Urgency.eq(urgency)))
            .apply_if(order, |late, order| {
                late.filter(Column::ReplyOrder.eq(Stored(order)))
            })
            .order_by_desc(Column::DueAt)
            .limit(MOST_MISSED)
            .all(&self.reading)
            .await?;
        let found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(late.iter().map(|one| one.contact_id)))
            .all(&self.reading)
            .await?;
        let missed = late.into_iter().filter_map(|one| {
            let contact = found.iter().find(|contact| contact.id == one.contact_id)?;
            Some(MissedTarget {
                reference: reference_of(contact),
                channel: contact.channel.clone(),
                since: time(one.since),
                due_at: time(one.due_at),
                replied_at: one.replied_at.map(time),
            })
        });
        Ok(missed.collect())
    }

    /// Returns the condition that a time lies in a period of local days.
    pub(crate) fn within<C: ColumnTrait>(&self, column: C, period: Period) -> Condition {
        let start = |day| clock::start_of_day(day, self.zone).timestamp_micros();
        Condition::all()
            .add_option(period.from.map(|from| column.gte(start(from))))
            .add_option(
                period
                    .to
                    .and_then(|to| to.succ_opt())
                    .map(|after| column.lt(start(after))),
            )
    }
}

/// Returns the condition that the contact of a target has no marking, so that the statistics count it.
fn is_counted() -> SimpleExpr {
    let marked = contacts::Entity::find()
        .select_only()
        .column(contacts::Column::Id)
        .filter(Expr::cust(
            "contacts.id = reply_targets.contact_id AND marking IS NOT NULL",
        ))
        .into_query();
    Expr::exists(marked).not()
}
