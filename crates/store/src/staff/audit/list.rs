//! Reading the audit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hotline_core::{identifiers::reference::Reference, staff::audit::AuditAction};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{audit, contacts, staff},
        store::{Store, time},
        values::HistoryKind,
    },
    error::StoreError,
};

/// Which entries are listed.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only entries at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only entries before this time.
    pub to: Option<DateTime<Utc>>,
    /// Only the actions of this member of staff.
    pub actor: Option<Uuid>,
    /// Only actions of this kind.
    pub action: Option<AuditAction>,
    /// Only entries older than the entry with this time and row id: the next page.
    pub before: Option<(DateTime<Utc>, i64)>,
}

/// One entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The row id.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The log-in name and the display name of the member of staff. `None` for an action of the service or of the command line.
    pub actor: Option<(String, String)>,
    /// What was done; `None` if this version does not know the action.
    pub action: Option<AuditAction>,
    /// The object, such as the reference of a contact.
    pub object: String,
    /// How a contact was changed, if the action is a change of a contact.
    pub change: Option<HistoryKind>,
    /// The position in the chain; `None` for a moment after the action.
    pub position: Option<i64>,
}

impl Store {
    /// Returns the newest entries that match the filter, newest first, and whether there are more.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn list_audit(
        &self,
        filter: &AuditFilter,
        limit: u64,
    ) -> Result<(Vec<AuditEntry>, bool), StoreError> {
        let mut query = audit::Entity::find();
        if let Some(from) = filter.from {
            query = query.filter(audit::Column::At.gte(from.timestamp_micros()));
        }
        if let Some(to) = filter.to {
            query = query.filter(audit::Column::At.lt(to.timestamp_micros()));
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit::Column::Actor.eq(actor));
        }
        if let Some(action) = filter.action {
            query = query.filter(audit::Column::Action.eq(action.as_str()));
        }
        if let Some((at, id)) = filter.before {
            let at = at.timestamp_micros();
            let earlier = Condition::any().add(audit::Column::At.lt(at)).add(
                Condition::all()
                    .add(audit::Column::At.eq(at))
                    .add(audit::Column::Id.lt(id)),
            );
            query = query.filter(audit::Column::At.lte(at)).filter(earlier);
        }
        let mut rows = query
            .order_by_desc(audit::Column::At)
            .order_by_desc(audit::Column::Id)
            .limit(limit + 1)
            .all(&self.reading)
            .await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let people: BTreeMap<Uuid, (String, String)> = staff::Entity::find()
            .all(&self.reading)
            .await?
            .into_iter()
            .map(|row| (row.id, (row.login, row.name)))
            .collect();
        let changed = self.changed_contacts(&rows).await?;
        let entries = rows.into_iter().map(|row| AuditEntry {
            change: change_of(&row).map(|(_, change)| change),
            id: row.id,
            at: time(row.at),
            actor: row.actor.map(|actor| {
                let unknown = || (actor.to_string(), actor.to_string());
                people.get(&actor).cloned().unwrap_or_else(unknown)
            }),
            action: AuditAction::parse(&row.action),
            object: change_of(&row)
                .and_then(|(contact, _)| changed.get(&contact).map(ToString::to_string))
                .unwrap_or(row.object),
            position: row.position,
        });
        Ok((entries.collect(), more))
    }

    /// Returns the references of the contacts that these entries say were changed.
    async fn changed_contacts(&self, rows: &[audit::Model]) -> Result<BTreeMap<Uuid, Reference>, StoreError> {
        let ids: Vec<Uuid> = rows.iter().filter_map(|row| Some(change_of(row)?.0)).collect();
        let found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ids))
            .all(&self.reading)
            .await?;
        Ok(found.iter().map(|row| (row.id, reference_of(row))).collect())
    }
}

/// Returns the contact and the kind of the change if the entry records a change of a contact.
fn change_of(row: &audit::Model) -> Option<(Uuid, HistoryKind)> {
    if row.action != AuditAction::ChangeContact.as_str() {
        return None;
    }
    let (contact, kind) = row.object.split_once(' ')?;
    Some((
        contact.parse().ok()?,
        HistoryKind::try_from_value(&kind.to_owned()).ok()?,
    ))
}
