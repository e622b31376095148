//! Texts that staff add to a case and that are never changed: additions, and the reasons for taking the case over or returning a referral.

use chrono::{DateTime, Utc};
use hotline_core::{
    casework::rights::CaseAction, contact::message::LONGEST_TEXT, identifiers::ids, staff::audit::AuditAction,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    DatabaseTransaction,
};
use uuid::Uuid;

pub use crate::db::values::CaseEntryKind;
use crate::{
    cases::{case_for, check_open, entry_place, owner},
    db::{
        entity::{case_entries, cases},
        store::Store,
    },
    error::{Conflict, StoreError},
    sealing::bodies::seal,
    staff::accounts::StaffMember,
};

/// A text that a member of staff added to a case.
pub struct CaseEntry {
    /// What the text is.
    pub kind: CaseEntryKind,
    /// The referral that was returned for changes. `None` if the text belongs to the case as a whole.
    pub referral: Option<Uuid>,
    /// The display name of the author.
    pub by: String,
    /// When the text was written.
    pub at: DateTime<Utc>,
    /// The text.
    pub text: String,
}

impl Store {
    /// Adds a text to a case, signed with the name of `who`.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the case is closed, or if the text is empty or too long.
    pub async fn add_to_case(&self, who: &StaffMember, id: Uuid, text: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, id, CaseAction::WriteAddition).await?;
        check_open(&case)?;
        self.add_case_entry(&transaction, who, &case, (CaseEntryKind::Addition, None), text)
            .await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::AddToCase,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Makes `who` the owner of a case, and keeps the reason.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if `who` is already the owner, or if the reason is empty or too long.
    pub async fn take_case_over(&self, who: &StaffMember, id: Uuid, reason: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = crate::cases::case(&transaction, id).await?;
        if owner(&case) == who.id {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let case = case_for(&transaction, who, id, CaseAction::TakeOver).await?;
        self.add_case_entry(&transaction, who, &case, (CaseEntryKind::TakenOver, None), reason)
            .await?;
        cases::ActiveModel {
            id: Unchanged(id),
            owner: Set(Some(who.id)),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let what = format!("{id} from {}", owner(&case));
        self.audit_in(&transaction, Some(who.id), AuditAction::TakeCaseOver, &what)
            .await?;
        self.commit(transaction).await
    }

    /// Stores a text of a case. `of` is what the text is, and the referral to which it belongs.
    pub(super) async fn add_case_entry(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        case: &cases::Model,
        of: (CaseEntryKind, Option<Uuid>),
        text: &str,
    ) -> Result<(), StoreError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        if text.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let id = ids::new(self.clock.now());
        let (kind, referral) = of;
        let entry = case_entries::ActiveModel {
            id: Set(id),
            case_id: Set(case.id),
            referral_id: Set(referral),
            by: Set(who.id),
            at: Set(self.now()),
            kind: Set(kind),
            text: Set(seal(&self.case_key(case)?, &entry_place(id), &text)?),
        };
        entry.insert(transaction).await?;
        Ok(())
    }
}
