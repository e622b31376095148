//! Search in the encrypted texts of contacts. The search index exists only in memory, so the disk contains no readable copy of the texts.
//! The service builds the index from the database at start-up and updates it after each change of a contact.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, events, messages},
        store::Store,
        values::Direction,
    },
    error::StoreError,
    memory::search_index::Index,
};

mod attachments;
mod cases;
mod excerpt;
mod filter;
mod find;

use crate::search::attachments::AttachmentsByContact;
pub use crate::search::{cases::FoundCases, filter::SearchFilter, find::SearchResults};

/// Number of contacts that one query loads while the index is built.
const PORTION: u64 = 2_000;
/// The time for which changes are gathered before they are indexed. Indexing decrypts the whole conversation of each changed contact, so
/// several messages of a person are indexed together.
const GATHER: Duration = Duration::from_millis(250);

/// The searchable texts of a contact.
#[derive(Default)]
struct ContactTexts {
    /// The messages of the person, newest first, then the person's name, the identifier, the subject and the files.
    by_person: Vec<String>,
    /// The replies, notes and automatic messages, newest first, then their files.
    by_staff: Vec<String>,
}

/// What the database holds of contacts that are searched.
struct Searchable {
    /// The messages by contact, newest first. Notices from the platform are left out.
    messages: HashMap<Uuid, Vec<messages::Model>>,
    attachments: AttachmentsByContact,
}

impl Store {
    /// Builds the search index, then updates it after each change of a contact, until the future is dropped. Only a process that serves the
    /// pages of staff needs the index.
    pub async fn keep_searchable(self: Arc<Self>) {
        let mut changes = self.watch();
        let mut newest = *changes.borrow_and_update();
        while let Err(error) = self.index_all().await {
            tracing::error!(error = %error, "The search index could not be made and is tried again");
            *self.search.index.write().unwrap_or_else(PoisonError::into_inner) = Index::default();
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        self.search.newest.store(newest, Ordering::Relaxed);
        self.search.whole.store(true, Ordering::Relaxed);
        while changes.changed().await.is_ok() {
            tokio::time::sleep(GATHER).await;
            changes.mark_unchanged();
            match self.index_since(newest).await {
                Ok(seen) => {
                    newest = seen;
                    self.search.newest.store(newest, Ordering::Relaxed);
                }
                Err(error) => {
                    tracing::error!(error = %error, "The search index fell behind and is tried again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }

    /// Returns how many history events are newer than the search index. Returns `None` while the index is built.
    #[must_use]
    pub fn search_index_behind(&self) -> Option<u64> {
        let newest = *self.watch().borrow();
        let indexed = self.search.newest.load(Ordering::Relaxed);
        let behind = u64::try_from(newest.saturating_sub(indexed)).unwrap_or_default();
        self.search.whole.load(Ordering::Relaxed).then_some(behind)
    }

    /// Indexes every contact. The contact whose person wrote least recently comes first. Changes made while this function runs are indexed
    /// afterwards by [`Store::keep_searchable`].
    async fn index_all(&self) -> Result<(), StoreError> {
        let (at, id) = (contacts::Column::LastInAt, contacts::Column::Id);
        let mut after = (i64::MIN, Uuid::nil());
        loop {
            let later = at.gt(after.0).or(at.eq(after.0).and(id.gt(after.1)));
            let portion = contacts::Entity::find()
                // The next condition implies this condition. Without it, the database could not seek in the index and would scan all
                // earlier rows for each query.
                .filter(at.gte(after.0))
                .filter(later)
                .order_by_asc(at)
                .order_by_asc(id)
                .limit(PORTION)
                .all(&self.reading)
                .await?;
            let Some(last) = portion.last() else { return Ok(()) };
            after = (last.last_in_at, last.id);
            self.index(portion).await?;
            tokio::task::yield_now().await;
        }
    }

    async fn index_since(&self, newest: i64) -> Result<i64, StoreError> {
        let new = events::Entity::find()
            .filter(events::Column::Id.gt(newest))
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        let Some(last) = new.last().map(|event| event.id) else {
            return Ok(newest);
        };
        let changed: HashSet<Uuid> = new.into_iter().map(|event| event.contact_id).collect();
        for some in changed.into_iter().collect::<Vec<_>>().chunks(500) {
            let changed = contacts::Entity::find()
                .filter(contacts::Column::Id.is_in(some.iter().copied()))
                .all(&self.reading)
                .await?;
            self.index(changed).await?;
        }
        Ok(last)
    }

    /// Indexes these contacts by their current texts. Removes erased contacts from the index.
    async fn index(&self, all: Vec<contacts::Model>) -> Result<(), StoreError> {
        let searchable = self.searchable(&all).await?;
        let mut texts = Vec::with_capacity(all.len());
        for contact in &all {
            texts.push((contact.id, self.texts(contact, &searchable).await));
        }
        let mut index = self.search.index.write().unwrap_or_else(PoisonError::into_inner);
        for (contact, text) in texts {
            match text {
                Some(texts) => {
                    index.put(contact, &texts.by_person.join("\n"), &texts.by_staff.join("\n"));
                }
                None => index.forget(contact),
            }
        }
        Ok(())
    }

    /// Loads what can be searched of these contacts.
    async fn searchable(&self, all: &[contacts::Model]) -> Result<Searchable, StoreError> {
        let found = messages::Entity::find()
            .filter(messages::Column::ContactId.is_in(all.iter().map(|contact| contact.id)))
            .filter(messages::Column::Direction.ne("notice"))
            .order_by_desc(messages::Column::At);
        let mut messages: HashMap<Uuid, Vec<messages::Model>> = HashMap::new();
        for message in found.all(&self.reading).await? {
            messages.entry(message.contact_id).or_default().push(message);
        }
        Ok(Searchable {
            messages,
            attachments: self.searchable_attachments(all).await?,
        })
    }

    /// Returns all searchable texts of a contact. Returns `None` for an erased contact.
    async fn texts(&self, contact: &contacts::Model, searchable: &Searchable) -> Option<ContactTexts> {
        let key = self.contact_key(contact).ok()?;
        let card = self.contact_content(contact).ok()?;
        let mut texts = ContactTexts::default();
        for message in searchable.messages.get(&contact.id).into_iter().flatten() {
            let Ok(body) = self.message_content(&key, message) else {
                continue;
            };
            let text = match body.url {
                Some(url) => format!("{} {url}", body.text),
                None => body.text,
            };
            match message.direction {
                // A counsellor writes down what the caller says.
                Direction::In | Direction::Call => texts.by_person.push(text),
                Direction::Reply | Direction::Note | Direction::Automatic | Direction::Notice => {
                    texts.by_staff.push(text);
                }
            }
        }
        // Words are found by their beginnings, so a masked identifier could be guessed letter by letter. `named` finds whole identifiers.
        let identifier = card.identifier.filter(|_| !self.masking.enabled);
        let person = [card.name, identifier, card.subject];
        texts.by_person.extend(person.into_iter().flatten());
        let files = self
            .texts_of_attachments(contact, &key, &searchable.attachments)
            .await;
        for (is_by_person, text) in files {
            if is_by_person {
                texts.by_person.push(text);
            } else {
                texts.by_staff.push(text);
            }
        }
        Some(texts)
    }

    /// Encrypts search words for use in a URL, so that only this service can read the words.
    ///
    /// # Errors
    /// Never fails in practice, because the cipher rejects only messages longer than 256 GiB.
    pub fn hide_words(&self, typed: &str) -> Result<String, StoreError> {
        self.keys.encrypt_for_url(typed)
    }

    /// Decrypts search words encrypted by [`Store::hide_words`]. Returns `None` for any other text.
    #[must_use]
    pub fn show_words(&self, hidden: &str) -> Option<String> {
        self.keys.decrypt_from_url(hidden)
    }
}
