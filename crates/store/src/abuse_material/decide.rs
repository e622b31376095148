//! What two people decide about a locked file: one proposes, another one confirms. The decision applies to all equal files.

use hotline_core::{
    abuse_material::LockDecision, identifiers::reference::Reference, staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{attachments, locked_files},
        store::{Store, time},
        values::{FetchState, HistoryKind},
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

impl Store {
    /// Proposes a decision about a locked file. Replaces an earlier proposal. A file that is held can be decided about again.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such lock. Returns [`Conflict::DoneAlready`] if the file was released or purged, and
    /// [`Conflict::DecisionNotPermitted`] if the settings do not permit the decision.
    pub async fn propose_lock_decision(
        &self,
        who: &StaffMember,
        lock: Uuid,
        decision: LockDecision,
    ) -> Result<(), StoreError> {
        if !self.abuse_material.permits(decision) {
            return Err(StoreError::Conflict(Conflict::DecisionNotPermitted));
        }
        let transaction = self.begin().await?;
        let equal = self.lock_equal_locks(&transaction, lock).await?;
        for row in equal {
            locked_files::ActiveModel {
                id: Unchanged(row.id),
                decision: Set(Some(decision.as_str().to_owned())),
                proposed_by: Set(Some(who.id)),
                proposed_at: Set(Some(self.now())),
                confirmed_by: Set(None),
                confirmed_at: Set(None),
                ..Default::default()
            }
            .update(&transaction)
            .await?;
        }
        let object = format!("{lock} {}", decision.as_str());
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::ProposeLockDecision,
            &object,
        )
        .await?;
        self.commit(transaction).await
    }

    /// Withdraws the proposal that waits for another person.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if there is no such lock, and [`Conflict::DoneAlready`] if no proposal waits.
    pub async fn withdraw_lock_decision(&self, who: &StaffMember, lock: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let equal = self.lock_equal_locks(&transaction, lock).await?;
        let waits = |row: &locked_files::Model| row.decision.is_some() && row.confirmed_at.is_none();
        if !equal.iter().any(waits) {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        for row in equal {
            locked_files::ActiveModel {
                id: Unchanged(row.id),
                decision: Set(None),
                proposed_by: Set(None),
                proposed_at: Set(None),
                ..Default::default()
            }
            .update(&transaction)
            .await?;
        }
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::WithdrawLockDecision,
            &lock.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Confirms a proposed decision, carries it out, and writes the protocol. `decision` is the proposal as the second person read it.
    ///
    /// # Errors
    /// Returns [`Conflict::SecondPerson`] if the same member of staff proposed it, and [`Conflict::Changed`] if something else is proposed
    /// now. Returns [`Conflict::DoneAlready`] if the file was released or purged.
    pub async fn confirm_lock_decision(
        &self,
        who: &StaffMember,
        lock: Uuid,
        decision: LockDecision,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let equal = self.lock_equal_locks(&transaction, lock).await?;
        let chosen = equal.iter().find(|row| row.id == lock);
        let chosen = chosen.ok_or(StoreError::NotFound("locked file"))?;
        if chosen.decision.as_deref() != Some(decision.as_str()) || chosen.confirmed_at.is_some() {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        if chosen.proposed_by == Some(who.id) {
            return Err(StoreError::Conflict(Conflict::SecondPerson));
        }
        let proposal = (chosen.decision.clone(), chosen.proposed_by, chosen.proposed_at);
        let hash = chosen.sha256.clone();
        let mut files = Vec::new();
        for mut row in equal {
            // An equal file that arrived after the proposal is decided about with the others.
            (row.decision, row.proposed_by, row.proposed_at) = proposal.clone();
            row.confirmed_by = Some(who.id);
            row.confirmed_at = Some(self.now());
            match decision {
                LockDecision::Hold => {
                    let until = self.abuse_material.held_until(self.today());
                    row.hold_until = Some(until.to_string());
                }
                LockDecision::Purge => files.extend(self.purge_in(&transaction, &mut row).await?),
                LockDecision::Release => self.release_in(&transaction, &mut row, who).await?,
            }
            self.write_protocol(&transaction, row).await?;
        }
        let object = format!("{lock} {}", decision.as_str());
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::ConfirmLockDecision,
            &object,
        )
        .await?;
        self.commit(transaction).await?;
        if decision == LockDecision::Purge {
            self.files.remove(files).await;
            self.list_purge(hash.as_deref()).await;
            self.clear_deleted().await?;
        }
        Ok(())
    }

    /// Locks the registration until the transaction ends, so that no equal file arrives, and returns the undone locks of the file and of all
    /// equal files.
    pub(super) async fn lock_equal_locks(
        &self,
        transaction: &DatabaseTransaction,
        lock: Uuid,
    ) -> Result<Vec<locked_files::Model>, StoreError> {
        self.lock_registration(transaction).await?;
        let row = locked_files::Entity::find_by_id(lock).one(transaction).await?;
        let row = row.ok_or(StoreError::NotFound("locked file"))?;
        if row.purged_at.is_some() || row.released_at.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let Some(hash) = row.sha256.clone() else {
            return Ok(vec![row]);
        };
        Ok(locked_files::Entity::find()
            .filter(locked_files::Column::Sha256.eq(hash))
            .filter(locked_files::Column::PurgedAt.is_null())
            .filter(locked_files::Column::ReleasedAt.is_null())
            .all(transaction)
            .await?)
    }

    async fn release_in(
        &self,
        transaction: &DatabaseTransaction,
        row: &mut locked_files::Model,
        who: &StaffMember,
    ) -> Result<(), StoreError> {
        row.released_at = Some(self.now());
        let free = attachments::ActiveModel {
            id: Unchanged(row.attachment_id),
            fate: Set(FetchState::Idle),
            ..Default::default()
        };
        free.update(transaction).await?;
        self.add_event(
            transaction,
            row.contact_id,
            Some(who.id),
            HistoryKind::FileReleased,
            "",
        )
        .await
    }

    /// Stores a lock together with the signed statement of what was decided and done.
    pub(super) async fn write_protocol(
        &self,
        transaction: &DatabaseTransaction,
        mut row: locked_files::Model,
    ) -> Result<(), StoreError> {
        let names = self.names().await?;
        let statement = statement(&row, &names);
        let signature = self.keys.audit_signer()?.sign(statement.as_bytes());
        row.signature = Some(signature.as_ref().to_vec());
        row.protocol = Some(statement);
        let row = locked_files::ActiveModel::from(row).reset_all();
        row.update(transaction).await?;
        Ok(())
    }
}

/// States what is known of a locked file, what was decided and what was done, a line for each fact. Times are in UTC.
fn statement(row: &locked_files::Model, names: &[(Uuid, String)]) -> String {
    let name = |id: Option<Uuid>| {
        let known = id.and_then(|id| names.iter().find(|(one, _)| *one == id));
        known.map_or("-", |(_, name)| name.as_str()).to_owned()
    };
    let at = |micros: Option<i64>| micros.map_or_else(|| "-".to_owned(), |micros| time(micros).to_rfc3339());
    let reference = Reference::from_number(u64::try_from(row.reference).unwrap_or_default());
    let hash = row
        .sha256
        .as_deref()
        .map(|hash| data_encoding::HEXLOWER.encode(hash));
    let or_none = |text: Option<&String>| text.cloned().unwrap_or_else(|| "-".to_owned());
    let facts = [
        ("lock", row.id.to_string()),
        ("contact", reference.to_string()),
        ("line", row.line.clone()),
        ("received", at(Some(row.received_at))),
        ("media type", row.media_type.clone()),
        ("bytes", row.size.to_string()),
        ("sha256", or_none(hash.as_ref())),
        ("locked", at(Some(row.locked_at))),
        (
            "locked by",
            row.locked_by
                .map_or_else(|| "the list of known files".to_owned(), |by| name(Some(by))),
        ),
        ("decision", or_none(row.decision.as_ref())),
        ("proposed", at(row.proposed_at)),
        ("proposed by", name(row.proposed_by)),
        ("confirmed", at(row.confirmed_at)),
        ("confirmed by", name(row.confirmed_by)),
        ("held until", or_none(row.hold_until.as_ref())),
        ("released", at(row.released_at)),
        ("destroyed", at(row.purged_at)),
    ];
    let lines: Vec<String> = facts
        .iter()
        .map(|(label, value)| format!("{label}: {}", value.replace(['\n', '\r'], " ")))
        .collect();
    format!("hotline locked file 1\n{}\n", lines.join("\n"))
}
