//! Legal holds: orders of a supervisor to keep a contact or a case, whatever the rules of retention say.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    identifiers::{ids, reference::Reference},
    retention::Hold,
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::{
    contacts::reply::not_too_long,
    db::{
        entity::{case_contacts, cases, contacts, holds},
        store::{Store, time},
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    inbox::list::name_of,
    sealing::{
        bodies::{seal, unseal},
        keys::DataKey,
    },
    staff::accounts::StaffMember,
    statistics::counts::AT_ONCE,
};

/// The record that a hold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldTarget {
    /// The contact with this reference.
    Contact(Reference),
    /// The case with this id, and all its contacts.
    Case(Uuid),
}

/// A legal hold.
pub struct LegalHold {
    /// Id of the hold.
    pub id: Uuid,
    /// Display name of the supervisor who placed the hold. `None` if the account no longer exists.
    pub by: Option<String>,
    /// When the hold was placed.
    pub at: DateTime<Utc>,
    /// The last day of the hold. `None`: until somebody lifts it.
    pub until: Option<NaiveDate>,
    /// The reason. `None` if the content was erased.
    pub reason: Option<String>,
    /// Whether the hold keeps the record today.
    pub is_in_force: bool,
    /// When the hold was lifted, by whom and why. `None` if nobody lifted it.
    pub lifted: Option<LiftedHold>,
}

/// How a hold was lifted.
pub struct LiftedHold {
    /// Display name of the supervisor who lifted the hold. `None` if the account no longer exists.
    pub by: Option<String>,
    /// When the hold was lifted.
    pub at: DateTime<Utc>,
    /// The reason. `None` if the content was erased.
    pub reason: Option<String>,
}

/// The locked record of a hold, with the key that encrypts the reasons of the hold.
struct Locked {
    contact_id: Option<Uuid>,
    case_id: Option<Uuid>,
    key: DataKey,
    /// The record in the audit log.
    object: String,
}

impl Locked {
    fn condition(&self) -> Condition {
        Condition::all()
            .add_option(self.contact_id.map(|id| holds::Column::ContactId.eq(id)))
            .add_option(self.case_id.map(|id| holds::Column::CaseId.eq(id)))
            .add(holds::Column::LiftedAt.is_null())
    }
}

impl Store {
    /// Places a hold, which is in force until the end of the day `until` or, without a day, until it is lifted. Returns the id of the hold.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the reason is empty or too long, if `until` has passed, if the record is on hold already, or if
    /// its content was erased.
    pub async fn place_hold(
        &self,
        who: &StaffMember,
        target: HoldTarget,
        until: Option<NaiveDate>,
        reason: &str,
    ) -> Result<Uuid, StoreError> {
        let reason = checked_reason(reason)?;
        let today = self.today();
        if until.is_some_and(|until| until < today) {
            return Err(StoreError::Conflict(Conflict::HasPassed));
        }
        let transaction = self.begin().await?;
        let locked = self.lock_target(&transaction, target).await?;
        let others = holds::Entity::find()
            .filter(locked.condition())
            .all(&transaction)
            .await?;
        if others.iter().any(|other| hold_of(other).is_in_force(today)) {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let id = ids::new(self.clock.now());
        let hold = holds::ActiveModel {
            id: Set(id),
            contact_id: Set(locked.contact_id),
            case_id: Set(locked.case_id),
            by: Set(who.id),
            at: Set(self.now()),
            until: Set(until.map(|day| day.to_string())),
            reason: Set(Some(seal(&locked.key, &reason_place(id), &reason)?)),
            lifted_by: Set(None),
            lifted_at: Set(None),
            lift_reason: Set(None),
        };
        holds::Entity::insert(hold)
            .exec_without_returning(&transaction)
            .await?;
        if let Some(contact) = locked.contact_id {
            self.add_event(&transaction, contact, Some(who.id), HistoryKind::Held, "")
                .await?;
        }
        self.audit_in(&transaction, Some(who.id), AuditAction::Hold, &locked.object)
            .await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Lifts a hold.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the record has no such hold that is not lifted. Returns [`StoreError::Conflict`] if the reason is
    /// empty or too long, or if the content of the record was erased.
    pub async fn lift_hold(
        &self,
        who: &StaffMember,
        target: HoldTarget,
        hold: Uuid,
        reason: &str,
    ) -> Result<(), StoreError> {
        let reason = checked_reason(reason)?;
        let transaction = self.begin().await?;
        let locked = self.lock_target(&transaction, target).await?;
        let found = holds::Entity::find_by_id(hold)
            .filter(locked.condition())
            .one(&transaction)
            .await?;
        if found.is_none() {
            return Err(StoreError::NotFound("hold"));
        }
        holds::ActiveModel {
            id: Unchanged(hold),
            lifted_by: Set(Some(who.id)),
            lifted_at: Set(Some(self.now())),
            lift_reason: Set(Some(seal(&locked.key, &lift_reason_place(hold), &reason)?)),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        if let Some(contact) = locked.contact_id {
            self.add_event(&transaction, contact, Some(who.id), HistoryKind::HoldLifted, "")
                .await?;
        }
        self.audit_in(&transaction, Some(who.id), AuditAction::LiftHold, &locked.object)
            .await?;
        self.commit(transaction).await
    }

    /// Returns the holds on a contact or case, newest first. Leaves out holds on the cases of a contact.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn holds(&self, target: HoldTarget) -> Result<Vec<LegalHold>, StoreError> {
        let (of, key) = match target {
            HoldTarget::Contact(reference) => {
                let contact = contacts::Entity::find()
                    .filter(contacts::Column::Reference.eq(reference.number()))
                    .one(&self.reading)
                    .await?
                    .ok_or(StoreError::NotFound("contact"))?;
                let key = self.contact_key(&contact).ok();
                (holds::Column::ContactId.eq(contact.id), key)
            }
            HoldTarget::Case(id) => {
                let case = cases::Entity::find_by_id(id).one(&self.reading).await?;
                let case = case.ok_or(StoreError::NotFound("case"))?;
                (holds::Column::CaseId.eq(id), self.case_key(&case).ok())
            }
        };
        let rows = holds::Entity::find()
            .filter(of)
            .order_by_desc(holds::Column::At)
            .all(&self.reading)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<(Uuid, String)> = self
            .staff()
            .await?
            .into_iter()
            .map(|one| (one.id, one.name))
            .collect();
        let today = self.today();
        let open = |sealed: Option<Vec<u8>>, place: String| -> Option<String> {
            unseal(key.as_ref()?, &place, &sealed?).ok()
        };
        let shown = rows.into_iter().map(|row| {
            let hold = hold_of(&row);
            LegalHold {
                id: row.id,
                by: name_of(&names, row.by),
                at: time(row.at),
                until: hold.until,
                is_in_force: row.lifted_at.is_none() && hold.is_in_force(today),
                reason: open(row.reason, reason_place(row.id)),
                lifted: row.lifted_at.map(|at| LiftedHold {
                    by: row.lifted_by.and_then(|by| name_of(&names, by)),
                    at: time(at),
                    reason: open(row.lift_reason, lift_reason_place(row.id)),
                }),
            }
        });
        Ok(shown.collect())
    }

    /// Returns whether a hold is in force on a contact, on one of its cases, or on another contact of these cases.
    pub(crate) async fn is_held(
        &self,
        connection: &impl ConnectionTrait,
        contact: Uuid,
        case_ids: &[Uuid],
    ) -> Result<bool, StoreError> {
        let mut contact_ids = vec![contact];
        if !case_ids.is_empty() {
            let others = case_contacts::Entity::find()
                .filter(case_contacts::Column::CaseId.is_in(case_ids.iter().copied()))
                .all(connection)
                .await?;
            contact_ids.extend(others.into_iter().map(|link| link.contact_id));
        }
        let today = self.today();
        let (on_contacts, on_cases) = open_holds(connection, &contact_ids, case_ids).await?;
        let mut all = on_contacts.iter().chain(&on_cases);
        Ok(all.any(|(_, hold)| hold.is_in_force(today)))
    }

    /// Locks the record of a hold as erasing does, so that no hold is placed while the record is being erased.
    async fn lock_target(
        &self,
        transaction: &DatabaseTransaction,
        target: HoldTarget,
    ) -> Result<Locked, StoreError> {
        self.lock_registration(transaction).await?;
        let erased = |_| StoreError::Conflict(Conflict::DoneAlready);
        match target {
            HoldTarget::Contact(reference) => {
                let contact = self.lock_contact(transaction, reference).await?;
                Ok(Locked {
                    contact_id: Some(contact.id),
                    case_id: None,
                    key: self.contact_key(&contact).map_err(erased)?,
                    object: reference.to_string(),
                })
            }
            HoldTarget::Case(id) => {
                let mut case = cases::Entity::find_by_id(id);
                if !self.on_sqlite() {
                    case = case.lock_exclusive();
                }
                let case = case.one(transaction).await?;
                let case = case.ok_or(StoreError::NotFound("case"))?;
                Ok(Locked {
                    contact_id: None,
                    case_id: Some(id),
                    key: self.case_key(&case).map_err(erased)?,
                    object: format!("case {id}"),
                })
            }
        }
    }
}

/// The holds that nobody lifted, each with the id of its contact or case.
pub(crate) type OpenHolds = Vec<(Uuid, Hold)>;

/// Returns the holds on these contacts and on these cases that nobody lifted.
pub(crate) async fn open_holds(
    connection: &impl ConnectionTrait,
    contact_ids: &[Uuid],
    case_ids: &[Uuid],
) -> Result<(OpenHolds, OpenHolds), StoreError> {
    let (mut on_contacts, mut on_cases) = (Vec::new(), Vec::new());
    for some in contact_ids.chunks(AT_ONCE) {
        let found = holds::Entity::find()
            .filter(holds::Column::LiftedAt.is_null())
            .filter(holds::Column::ContactId.is_in(some.iter().copied()))
            .all(connection)
            .await?;
        on_contacts.extend(
            found
                .iter()
                .filter_map(|row| Some((row.contact_id?, hold_of(row)))),
        );
    }
    for some in case_ids.chunks(AT_ONCE) {
        let found = holds::Entity::find()
            .filter(holds::Column::LiftedAt.is_null())
            .filter(holds::Column::CaseId.is_in(some.iter().copied()))
            .all(connection)
            .await?;
        on_cases.extend(found.iter().filter_map(|row| Some((row.case_id?, hold_of(row)))));
    }
    Ok((on_contacts, on_cases))
}

/// Returns the days of a hold. A day that cannot be parsed does not end the hold.
fn hold_of(row: &holds::Model) -> Hold {
    Hold {
        until: row.until.as_deref().and_then(|day| day.parse().ok()),
    }
}

fn checked_reason(reason: &str) -> Result<&str, StoreError> {
    let reason = not_too_long(reason)?;
    match reason.is_empty() {
        true => Err(StoreError::Conflict(Conflict::NoText)),
        false => Ok(reason),
    }
}

fn reason_place(id: Uuid) -> String {
    format!("hold|{id}|reason")
}

fn lift_reason_place(id: Uuid) -> String {
    format!("hold|{id}|reason for lifting")
}
