//! Opening hours and the shift plan. Each change adds a version; the newest version applies.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    identifiers::ids,
    staff::audit::AuditAction,
    time::{
        hours::{Opening, OpeningHours},
        shifts::{ShiftPlan, Swap, SwapError, SwapState},
    },
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    db::{
        entity::schedules,
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

/// The name of the whole centre in place of a line's name.
pub const CENTRE: &str = "";
/// The kind of the opening hours.
const HOURS: &str = "hours";
/// The kind of the shift plan.
const SHIFTS: &str = "shifts";

/// How often a change of a swap is tried if the plan changes at the same time.
const SWAP_TRIES: u8 = 5;

/// A schedule with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The number of the version, from 1. 0: nothing was stored yet.
    pub version: i64,
    /// When the version was made.
    pub made_at: Option<DateTime<Utc>>,
    /// The member of staff who made the version.
    pub made_by: Option<Uuid>,
    /// The schedule. `None`: nothing is stored, or the stored text cannot be read.
    pub content: Option<T>,
}

impl Store {
    /// Returns the opening hours of a line, or of the whole centre if `line` is [`CENTRE`].
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn opening_hours(&self, line: &str) -> Result<Versioned<OpeningHours>, StoreError> {
        self.schedule(&self.reading, HOURS, line).await
    }

    /// Stores opening hours if `version` is the newest version. Returns the new version.
    ///
    /// # Errors
    /// Returns [`Conflict::ScheduleChanged`] if somebody else stored a newer version. Returns [`Conflict::InvalidSchedule`] if the hours
    /// cannot work.
    pub async fn set_opening_hours(
        &self,
        who: &StaffMember,
        line: &str,
        version: i64,
        hours: &OpeningHours,
    ) -> Result<i64, StoreError> {
        let today = self.clock.now().with_timezone(&self.zone).date_naive();
        if hours.check(today).is_err() {
            return Err(StoreError::Conflict(Conflict::InvalidSchedule));
        }
        self.add_version(who, HOURS, line, version, hours).await
    }

    /// Returns the shift plan.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn shift_plan(&self) -> Result<Versioned<ShiftPlan>, StoreError> {
        self.schedule(&self.reading, SHIFTS, CENTRE).await
    }

    pub(super) async fn shift_plan_in(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<ShiftPlan, StoreError> {
        let plan: Versioned<ShiftPlan> = self.schedule(connection, SHIFTS, CENTRE).await?;
        Ok(plan.content.unwrap_or_default())
    }

    /// Stores a shift plan if `version` is the newest version. Returns the new version.
    ///
    /// # Errors
    /// Returns [`Conflict::ScheduleChanged`] if somebody else stored a newer version. Returns [`Conflict::InvalidSchedule`] if the plan
    /// cannot work.
    pub async fn set_shift_plan(
        &self,
        who: &StaffMember,
        version: i64,
        plan: &ShiftPlan,
    ) -> Result<i64, StoreError> {
        if plan.check().is_err() {
            return Err(StoreError::Conflict(Conflict::InvalidSchedule));
        }
        let version = self.add_version(who, SHIFTS, CENTRE, version, plan).await?;
        self.route_due.notify_one();
        Ok(version)
    }

    /// Asks for a swap in which `who` gives the weekly shift `shift` on `date` to the colleague `to`. Returns the id of the request.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such colleague. Returns [`Conflict::HasPassed`] if the date is in the past. Returns
    /// [`Conflict::SoAlready`] if the same request is already open. Also returns the errors of [`Store::set_shift_plan`].
    pub async fn ask_swap(
        &self,
        who: &StaffMember,
        date: NaiveDate,
        shift: Uuid,
        to: Uuid,
    ) -> Result<Uuid, StoreError> {
        let to = self.colleague(to).await?;
        if date < self.today() {
            return Err(StoreError::Conflict(Conflict::HasPassed));
        }
        let id = ids::new(self.clock.now());
        let swap = Swap {
            id,
            date,
            shift,
            from: who.id,
            to: to.id,
            state: SwapState::Asked,
        };
        self.change_swaps(who, |plan| plan.ask_swap(swap)).await?;
        Ok(id)
    }

    /// Confirms or declines a request to swap.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such request. Returns [`Conflict::DoneAlready`] if the request is already decided.
    /// Also returns the errors of [`Store::set_shift_plan`].
    pub async fn decide_swap(&self, who: &StaffMember, id: Uuid, confirmed: bool) -> Result<(), StoreError> {
        self.change_swaps(who, |plan| {
            if confirmed {
                plan.confirm_swap(id)
            } else {
                plan.decline_swap(id)
            }
        })
        .await
    }

    /// Changes the swaps of the newest plan. If somebody else stores another version at the same time, the change is tried again.
    async fn change_swaps(
        &self,
        who: &StaffMember,
        change: impl Fn(&ShiftPlan) -> Result<ShiftPlan, SwapError>,
    ) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            let stored = self.shift_plan().await?;
            let changed = change(&stored.content.unwrap_or_default()).map_err(refusal)?;
            tries += 1;
            match self.set_shift_plan(who, stored.version, &changed).await {
                Err(StoreError::Conflict(Conflict::ScheduleChanged)) if tries < SWAP_TRIES => {}
                other => return other.map(|_| ()),
            }
        }
    }

    /// Returns whether a line is open at `at`. The line's own hours come before the hours of the centre.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn opening(&self, line: &str, at: DateTime<Utc>) -> Result<Opening, StoreError> {
        Ok(self.opening_hours_now(line, at).await?.0)
    }

    /// Returns whether a line is open at `at`, and the hours that apply to it. `None`: no hours are stored.
    pub(crate) async fn opening_hours_now(
        &self,
        line: &str,
        at: DateTime<Utc>,
    ) -> Result<(Opening, Option<Arc<OpeningHours>>), StoreError> {
        if let Some(known) = self.openings.get(line, at) {
            return Ok(known);
        }
        let hours = self.hours_in_force(&self.reading, line).await?.map(Arc::new);
        let opening = hours
            .as_ref()
            .map_or(Opening::Unknown, |hours| hours.opening(at, self.zone));
        let known = (opening, hours);
        self.openings.put(line, at, known.clone());
        Ok(known)
    }

    pub(crate) async fn opening_in(
        &self,
        connection: &impl ConnectionTrait,
        line: &str,
        at: DateTime<Utc>,
    ) -> Result<Opening, StoreError> {
        let hours = self.hours_in_force(connection, line).await?;
        Ok(hours.map_or(Opening::Unknown, |hours| hours.opening(at, self.zone)))
    }

    /// Returns the hours of the line, else those of the centre.
    async fn hours_in_force(
        &self,
        connection: &impl ConnectionTrait,
        line: &str,
    ) -> Result<Option<OpeningHours>, StoreError> {
        let own: Versioned<OpeningHours> = self.schedule(connection, HOURS, line).await?;
        match own.content {
            Some(hours) => Ok(Some(hours)),
            None if line == CENTRE => Ok(None),
            None => Ok(self.schedule(connection, HOURS, CENTRE).await?.content),
        }
    }

    /// Returns the opening hours of the centre (under [`CENTRE`]) and of the lines that have opening hours of their own. Hours that cannot
    /// be read are left out.
    pub(super) async fn all_opening_hours(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<HashMap<String, OpeningHours>, StoreError> {
        let lines: Vec<String> = schedules::Entity::find()
            .select_only()
            .column(schedules::Column::Line)
            .filter(schedules::Column::Kind.eq(HOURS))
            .distinct()
            .into_tuple()
            .all(connection)
            .await?;
        let mut all = HashMap::new();
        for line in lines {
            let stored: Versioned<OpeningHours> = self.schedule(connection, HOURS, &line).await?;
            all.extend(stored.content.map(|hours| (line, hours)));
        }
        Ok(all)
    }

    async fn schedule<T: DeserializeOwned>(
        &self,
        connection: &impl ConnectionTrait,
        kind: &str,
        line: &str,
    ) -> Result<Versioned<T>, StoreError> {
        let newest = schedules::Entity::find()
            .filter(schedules::Column::Kind.eq(kind))
            .filter(schedules::Column::Line.eq(line))
            .order_by_desc(schedules::Column::Version)
            .one(connection)
            .await?;
        let Some(newest) = newest else {
            return Ok(Versioned {
                version: 0,
                made_at: None,
                made_by: None,
                content: None,
            });
        };
        let content = serde_json::from_str(&newest.content);
        if let Err(error) = &content {
            tracing::warn!(kind, line, error = %error, "A schedule cannot be read; the line counts as open, nobody as planned");
        }
        Ok(Versioned {
            version: newest.version,
            made_at: Some(time(newest.made_at)),
            made_by: newest.made_by,
            content: content.ok(),
        })
    }

    async fn add_version(
        &self,
        who: &StaffMember,
        kind: &'static str,
        line: &str,
        version: i64,
        content: &impl Serialize,
    ) -> Result<i64, StoreError> {
        let transaction = self.begin().await?;
        self.lock_routing(&transaction).await?;
        self.add_version_in(&transaction, who, kind, line, version, content)
            .await?;
        self.commit(transaction).await?;
        self.openings.forget();
        Ok(version + 1)
    }

    /// Replaces the name of a team in the shift plan. Adds a version if the plan names the team.
    ///
    /// # Errors
    /// Returns [`Conflict::InvalidSchedule`] if the plan cannot work with the new name, because it has entries for this name already.
    pub(super) async fn rename_team_in_plan(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        from: &str,
        to: &str,
    ) -> Result<(), StoreError> {
        let stored: Versioned<ShiftPlan> = self.schedule(transaction, SHIFTS, CENTRE).await?;
        let Some(plan) = stored.content else {
            return Ok(());
        };
        let renamed = plan.with_team_renamed(from, to);
        if renamed == plan {
            return Ok(());
        }
        if renamed.check().is_err() {
            return Err(StoreError::Conflict(Conflict::InvalidSchedule));
        }
        self.add_version_in(transaction, who, SHIFTS, CENTRE, stored.version, &renamed)
            .await
    }

    async fn add_version_in(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        kind: &'static str,
        line: &str,
        version: i64,
        content: &impl Serialize,
    ) -> Result<(), StoreError> {
        let newest: Versioned<serde_json::Value> = self.schedule(transaction, kind, line).await?;
        if newest.version != version {
            return Err(StoreError::Conflict(Conflict::ScheduleChanged));
        }
        let row = schedules::ActiveModel {
            kind: Set(kind.to_owned()),
            line: Set(line.to_owned()),
            version: Set(version + 1),
            made_at: Set(self.now()),
            made_by: Set(Some(who.id)),
            content: Set(serde_json::to_string(content).unwrap_or_default()),
        };
        schedules::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
        let action = if kind == SHIFTS {
            AuditAction::Shifts
        } else {
            AuditAction::Hours
        };
        self.audit_in(transaction, Some(who.id), action, line).await
    }
}

/// Returns the error for a swap that is not possible.
fn refusal(error: SwapError) -> StoreError {
    match error {
        SwapError::Invalid(_) => StoreError::Conflict(Conflict::InvalidSchedule),
        SwapError::AlreadyAsked { .. } => StoreError::Conflict(Conflict::SoAlready),
        SwapError::NotFound(_) => StoreError::NotFound("swap"),
        SwapError::AlreadyDecided { .. } => StoreError::Conflict(Conflict::DoneAlready),
    }
}
