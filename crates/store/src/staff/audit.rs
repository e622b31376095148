//! The audit, which records who performed which action. The audit never contains text that people wrote.
//!
//! Every entry has a keyed hash, so an entry cannot be invented or changed without the master key. A moment after it was committed, an
//! entry becomes part of a chain of hashes, so that no entry can be removed or moved (`chain.rs`). The end of the chain is signed and
//! copied out of the database, so that the newest entries cannot be cut off (`head.rs`).

pub mod chain;
pub mod copies;
mod cut;
pub mod head;
pub mod list;
pub mod verify;

use data_encoding::HEXLOWER;
use hotline_core::{staff::audit::AuditAction, text::fold::fold};

use crate::{db::store::Store, error::StoreError, staff::accounts::StaffMember};

impl Store {
    /// Records that `who` is about to do `action` to `object`.
    ///
    /// # Errors
    /// Fails if a database query fails. The caller must then not perform the action.
    pub async fn audit(
        &self,
        who: Option<&StaffMember>,
        action: AuditAction,
        object: &str,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.audit_in(&transaction, who.map(|who| who.id), action, object)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Records that `who` searched for these words. The entry has a keyed hash of the words: whoever knows the words can find the entry,
    /// and nobody can read the words from it.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn audit_search(&self, who: &StaffMember, sought: &str) -> Result<(), StoreError> {
        let words = fold(sought.trim());
        let hash = HEXLOWER.encode(&self.keys.lookup("sought words", &words));
        self.audit(Some(who), AuditAction::Search, &hash).await
    }
}
