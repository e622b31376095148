//! Erasing again, after an older backup of the database was restored, what the list of erasures names.

use std::collections::{BTreeMap, BTreeSet};

use hotline_core::{abuse_material::FileHash, identifiers::reference::Reference};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    contacts::erase::ErasureOrder,
    db::{
        entity::{contacts, erasures, jobs, journal, locked_files},
        erasure_list::{self as list, ErasedRaw, ErasedThing, ListedErasure},
        store::{Store, time},
        values::{ErasureCause, Outcome},
    },
    error::StoreError,
    statistics::counts::AT_ONCE,
};

/// Why a raw message is ignored that belongs to an erased contact.
const REASON: &str = "it belongs to an erased contact";
/// The name under which the protocol and the audit record what was erased again.
const AGENT: &str = "list of erasures";

impl Store {
    /// Adds what was erased to the list of erasures. If the list cannot be written, the erasure stands; the error is logged, and the next
    /// start adds the reference.
    pub(crate) async fn list_erasure(&self, what: ErasedThing, raw: Vec<ErasedRaw>) {
        let entry = ListedErasure {
            at: self.clock.now(),
            what,
            raw,
        };
        let path = self.erasure_list.clone();
        let written = list::in_thread(move || list::append(&path, &[entry])).await;
        if let Err(error) = written {
            tracing::error!(error = %error, "The list of erasures could not be written");
        }
    }

    /// Reads the list of erasures.
    pub(crate) async fn listed_erasures(&self) -> Result<Vec<ListedErasure>, StoreError> {
        let path = self.erasure_list.clone();
        list::in_thread(move || list::read(&path)).await
    }

    /// Erases the contacts and raw messages that the list of erasures names, if the database still contains them, and makes their raw
    /// messages known, so that they are not accepted again. Returns the number of contacts that were erased.
    ///
    /// Neither an open contact nor a legal hold keeps the content: it was erased when neither did.
    ///
    /// # Errors
    /// Fails if the list cannot be read or a database query fails. What was erased until then stays erased.
    pub(crate) async fn replay_erasures(&self) -> Result<u64, StoreError> {
        let listed = self.listed_erasures().await?;
        self.complete_erasure_list(&listed).await?;
        if listed.is_empty() {
            return Ok(0);
        }
        let references: BTreeSet<i64> = list::references(&listed)
            .into_iter()
            .filter_map(|reference| Reference::parse(reference).ok())
            .filter_map(|reference| i64::try_from(reference.number()).ok())
            .collect();
        let references: Vec<i64> = references.into_iter().collect();
        let mut erased = 0;
        for some in references.chunks(AT_ONCE) {
            let left = contacts::Entity::find()
                .filter(contacts::Column::Reference.is_in(some.iter().copied()))
                .filter(contacts::Column::DataKey.is_not_null())
                .all(&self.reading)
                .await?;
            for contact in left {
                erased += u64::from(self.erase_again(contact.id).await?);
            }
        }
        let raw: BTreeMap<&str, &ErasedRaw> = listed
            .iter()
            .flat_map(|entry| &entry.raw)
            .map(|raw| (raw.hash.as_str(), raw))
            .collect();
        let raw: Vec<&ErasedRaw> = raw.into_values().collect();
        for some in raw.chunks(AT_ONCE) {
            self.forget_raw(some).await?;
        }
        if erased > 0 {
            self.clear_deleted().await?;
        }
        Ok(erased)
    }

    /// Adds the erasures of the protocol that the list lacks, because the process was killed before it wrote them.
    async fn complete_erasure_list(&self, listed: &[ListedErasure]) -> Result<(), StoreError> {
        let missing = self.unlisted_erasures(listed).await?;
        // Another process may have added them since the list was read.
        let path = self.erasure_list.clone();
        let added =
            list::in_thread(move || list::append_missing(&path, missing, |entry| Ok(entry.what.clone())));
        added.await?;
        Ok(())
    }

    /// Returns the erasures and the destroyed files of the protocols that the list lacks, without the hashes of their raw messages.
    pub(crate) async fn unlisted_erasures(
        &self,
        listed: &[ListedErasure],
    ) -> Result<Vec<ListedErasure>, StoreError> {
        let known = list::references(listed);
        let rows = erasures::Entity::find()
            .order_by_asc(erasures::Column::Id)
            .all(&self.reading)
            .await?;
        let mut added = BTreeSet::new();
        let missing = rows.iter().filter_map(|row| {
            let reference = Reference::from_number(u64::try_from(row.reference).ok()?).to_string();
            let is_new = !known.contains(reference.as_str()) && added.insert(reference.clone());
            is_new.then(|| ListedErasure {
                at: time(row.at),
                what: ErasedThing::Contact(reference),
                raw: Vec::new(),
            })
        });
        let mut missing: Vec<ListedErasure> = missing.collect();
        missing.extend(self.unlisted_purges(listed).await?);
        Ok(missing)
    }

    async fn unlisted_purges(&self, listed: &[ListedErasure]) -> Result<Vec<ListedErasure>, StoreError> {
        let mut known = list::files(listed);
        let purged = locked_files::Entity::find()
            .filter(locked_files::Column::PurgedAt.is_not_null())
            .order_by_asc(locked_files::Column::Id)
            .all(&self.reading)
            .await?;
        let missing = purged.iter().filter_map(|row| {
            let hash = FileHash::try_from(row.sha256.as_deref()?).ok()?;
            let lookup = data_encoding::HEXLOWER.encode(&self.keys.file_lookup(&hash));
            known.insert(lookup.clone()).then(|| ListedErasure {
                at: time(row.purged_at.unwrap_or_default()),
                what: ErasedThing::File(lookup),
                raw: Vec::new(),
            })
        });
        Ok(missing.collect())
    }

    async fn erase_again(&self, id: Uuid) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let contact = contacts::Entity::find_by_id(id).one(&transaction).await?;
        let Some(contact) = contact.filter(|contact| contact.data_key.is_some()) else {
            return Ok(false);
        };
        let order = ErasureOrder {
            cause: ErasureCause::Replay,
            rule: "",
            agent: AGENT,
            actor: None,
        };
        let erased = self.erase_in(&transaction, &contact, &order).await?;
        self.commit(transaction).await?;
        self.files.remove(erased.files).await;
        Ok(true)
    }

    /// Erases these raw messages, and makes those known that the database lacks.
    async fn forget_raw(&self, raw: &[&ErasedRaw]) -> Result<(), StoreError> {
        let hash_of = |raw: &ErasedRaw| data_encoding::HEXLOWER.decode(raw.hash.as_bytes()).ok();
        let hashes: Vec<Vec<u8>> = raw.iter().filter_map(|raw| hash_of(raw)).collect();
        let of = || journal::Column::ExternalHash.is_in(hashes.clone());
        let known = journal::Entity::find().filter(of()).all(&self.reading).await?;
        let is_done = |row: &journal::Model| row.data_key.is_none();
        if known.len() == hashes.len() && known.iter().all(is_done) {
            return Ok(());
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let known = journal::Entity::find().filter(of()).all(&transaction).await?;
        let mut files = Vec::new();
        for row in known.iter().filter(|row| !is_done(row)) {
            files.extend(row.file);
            empty_raw(&transaction, row.id).await?;
        }
        let missing = raw.iter().filter_map(|raw| {
            let hash = hash_of(raw)?;
            let is_new = !known.iter().any(|row| row.external_hash == hash);
            is_new.then(|| journal::ActiveModel {
                id: NotSet,
                line: Set(raw.line.clone()),
                external_hash: Set(hash),
                received_at: Set(raw.received_at),
                size: Set(raw.size),
                cut_from: Set(None),
                data_key: Set(None),
                sealed: Set(None),
                file: Set(None),
                outcome: Set(Outcome::Ignored),
                reason: Set(REASON.to_owned()),
                reference: Set(None),
            })
        });
        let missing: Vec<journal::ActiveModel> = missing.collect();
        if !missing.is_empty() {
            journal::Entity::insert_many(missing)
                .exec_without_returning(&transaction)
                .await?;
        }
        self.commit(transaction).await?;
        self.files.remove(files).await;
        Ok(())
    }
}

/// Erases a raw message and the job that would register it.
async fn empty_raw(transaction: &DatabaseTransaction, id: i64) -> Result<(), StoreError> {
    jobs::Entity::delete_many()
        .filter(jobs::Column::JournalId.eq(id))
        .exec(transaction)
        .await?;
    journal::ActiveModel {
        id: Unchanged(id),
        data_key: Set(None),
        sealed: Set(None),
        file: Set(None),
        ..Default::default()
    }
    .update(transaction)
    .await?;
    Ok(())
}
