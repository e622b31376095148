//! Whether members of staff are available: reading the facts, switching duty, and noting actions.

use std::collections::HashSet;

use hotline_core::{
    routing::availability::{Availability, Duty},
    staff::{audit::AuditAction, rights::Right},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{sessions, staff},
        store::{Store, time},
    },
    error::StoreError,
    staff::{
        accounts::{StaffMember, person},
        sessions::{IDLE, is_in_use},
    },
};

/// A member of staff, and whether this member is available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The member of staff.
    pub member: StaffMember,
    /// The facts that decide about the availability.
    pub duty: Duty,
    /// Whether the member of staff is available.
    pub availability: Availability,
    /// Whether the member of staff is at the desk, on duty or not.
    pub present: bool,
    /// When a contact was last assigned or offered to the member of staff automatically, in microseconds since 1970.
    pub(crate) last_given: Option<i64>,
}

impl Store {
    /// Returns the active staff who may work on contacts, sorted by name, each with the availability.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn availabilities(&self) -> Result<Vec<Colleague>, StoreError> {
        self.availabilities_in(&self.reading).await
    }

    pub(crate) async fn availabilities_in(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<Colleague>, StoreError> {
        let rows = staff::Entity::find()
            .filter(staff::Column::Active.eq(true))
            .all(connection)
            .await?;
        let now = self.steady.now(self.clock.now());
        // Sessions that ended by inactivity stay in the table, so only sessions that were used a short time ago are read.
        let sessions = sessions::Entity::find()
            .filter(sessions::Column::SeenAt.gte((now - IDLE).timestamp_micros()))
            .all(connection)
            .await?;
        let logged_in: HashSet<Uuid> = sessions
            .iter()
            .filter(|session| is_in_use(session, now))
            .map(|session| session.staff_id)
            .collect();
        let mut all: Vec<Colleague> = rows
            .into_iter()
            .filter_map(|row| {
                let duty = Duty {
                    switched_on: row.on_duty,
                    logged_in: logged_in.contains(&row.id),
                    last_action: row.last_action_at.map(time),
                };
                let last_given = row.last_given;
                Some(Colleague {
                    member: person(row)?,
                    duty,
                    availability: duty.availability(&self.routing, now),
                    present: duty.is_present(&self.routing, now),
                    last_given,
                })
            })
            .filter(|one| one.member.role.may(Right::WorkOnContacts))
            .collect();
        all.sort_by(|a, b| a.member.name.cmp(&b.member.name));
        Ok(all)
    }

    /// Switches a member of staff on or off duty.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_on_duty(&self, who: &StaffMember, on_duty: bool) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        staff::ActiveModel {
            id: Unchanged(who.id),
            on_duty: Set(on_duty),
            last_action_at: Set(Some(self.now())),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let action = if on_duty {
            AuditAction::Available
        } else {
            AuditAction::Away
        };
        self.audit_in(&transaction, Some(who.id), action, "").await?;
        transaction.commit().await?;
        self.route_due.notify_one();
        Ok(())
    }

    /// Returns whether all sessions of a member of staff have ended.
    pub(crate) async fn is_logged_out(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
    ) -> Result<bool, StoreError> {
        let now = self.steady.now(self.clock.now());
        let sessions = sessions::Entity::find()
            .filter(sessions::Column::StaffId.eq(staff_id))
            .all(transaction)
            .await?;
        Ok(!sessions.iter().any(|session| is_in_use(session, now)))
    }
}

/// Notes when a member of staff acted. `at` is in microseconds since 1970.
pub(crate) async fn note_action(
    transaction: &DatabaseTransaction,
    staff_id: Uuid,
    at: i64,
) -> Result<(), StoreError> {
    staff::Entity::update_many()
        .col_expr(staff::Column::LastActionAt, Expr::value(at))
        .filter(staff::Column::Id.eq(staff_id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Notes when a member of staff got a contact by routing. `at` is in microseconds since 1970.
pub(crate) async fn note_given(
    transaction: &DatabaseTransaction,
    staff_id: Uuid,
    at: i64,
) -> Result<(), StoreError> {
    staff::Entity::update_many()
        .col_expr(staff::Column::LastGiven, Expr::value(at))
        .filter(staff::Column::Id.eq(staff_id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Switches a member of staff off duty.
pub(crate) async fn end_duty(transaction: &DatabaseTransaction, staff_id: Uuid) -> Result<(), StoreError> {
    staff::Entity::update_many()
        .col_expr(staff::Column::OnDuty, Expr::value(false))
        .filter(staff::Column::Id.eq(staff_id))
        .exec(transaction)
        .await?;
    Ok(())
}
