//! Search in the encrypted texts of contacts. The search index exists only in memory, so the disk contains no readable copy of the texts.
//! The service builds the index from the database at start-up and updates it after each change of a contact.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use hotline_core::{identifiers::reference::Reference, text::sought::Sought};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, events, messages},
        store::Store,
    },
    error::StoreError,
    inbox::list::{InboxRow, Order},
    memory::search_index::Index,
};

/// Number of contacts that one query loads while the index is built.
const PORTION: u64 = 2_000;
/// The time for which changes are gathered before they are indexed. Indexing decrypts the whole conversation of each changed contact, so
/// several messages of a person are indexed together.
const GATHER: Duration = Duration::from_millis(250);
/// Maximum number of contacts whose texts are decrypted to find phrases. Decrypting is necessary because the index contains only single
/// words. The most recently changed contacts are searched first.
const PHRASES: usize = 1_000;

/// Results of a search.
pub struct SearchResults {
    /// The matching contacts, each with the words around the match. Contacts found by their reference or identifier come first, with an
    /// empty text instead of the words. Contacts whose texts match follow, most recently changed first.
    pub rows: Vec<(InboxRow, String)>,
    /// Whether more contacts match than `rows` contains.
    pub more: bool,
    /// Number of contacts indexed so far, while the index is being built. `None` once the index covers all contacts.
    pub so_far: Option<u64>,
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
        self.search.whole.store(true, Ordering::Relaxed);
        while changes.changed().await.is_ok() {
            tokio::time::sleep(GATHER).await;
            changes.mark_unchanged();
            match self.index_since(newest).await {
                Ok(seen) => newest = seen,
                Err(error) => {
                    tracing::error!(error = %error, "The search index fell behind and is tried again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
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
        let said = self.searchable_text(&all).await?;
        let texts: Vec<(Uuid, Option<String>)> = all
            .iter()
            .map(|contact| {
                (
                    contact.id,
                    self.texts(contact, &said).map(|texts| texts.join("\n")),
                )
            })
            .collect();
        let mut index = self.search.index.write().unwrap_or_else(PoisonError::into_inner);
        for (contact, text) in texts {
            match text {
                Some(text) => index.put(contact, &text),
                None => index.forget(contact),
            }
        }
        Ok(())
    }

    /// Loads the messages of these contacts, grouped by contact, newest first. Leaves out notices from the platform.
    async fn searchable_text(
        &self,
        all: &[contacts::Model],
    ) -> Result<HashMap<Uuid, Vec<messages::Model>>, StoreError> {
        let found = messages::Entity::find()
            .filter(messages::Column::ContactId.is_in(all.iter().map(|contact| contact.id)))
            .filter(messages::Column::Direction.ne("notice"))
            .order_by_desc(messages::Column::At);
        let mut said: HashMap<Uuid, Vec<messages::Model>> = HashMap::new();
        for message in found.all(&self.reading).await? {
            said.entry(message.contact_id).or_default().push(message);
        }
        Ok(said)
    }

    /// Returns all searchable texts of a contact: its messages, newest first, then the person's name, the identifier and the subject.
    /// Returns `None` for an erased contact.
    fn texts(
        &self,
        contact: &contacts::Model,
        said: &HashMap<Uuid, Vec<messages::Model>>,
    ) -> Option<Vec<String>> {
        let key = self.contact_key(contact).ok()?;
        let card = self.contact_content(contact).ok()?;
        let messages = said.get(&contact.id).into_iter().flatten();
        let bodies = messages.filter_map(|message| self.message_content(&key, message).ok());
        let person = [card.name, card.identifier, card.subject].into_iter().flatten();
        Some(
            bodies
                .map(|body| match body.url {
                    Some(url) => format!("{} {url}", body.text),
                    None => body.text,
                })
                .chain(person)
                .collect(),
        )
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

    /// Finds at most `size` contacts that match the search `typed`. A search consists of words, phrases in quotation marks, a reference, or
    /// a complete identifier.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn find(&self, typed: &str, size: usize) -> Result<SearchResults, StoreError> {
        let sought = Sought::parse(typed);
        let (mut found, so_far) = {
            let index = self.search.index.read().unwrap_or_else(PoisonError::into_inner);
            let whole = self.search.whole.load(Ordering::Relaxed);
            (index.find(&sought), (!whole).then_some(index.len() as u64))
        };
        let mut all = self.named(typed).await?;
        let mut rounds = vec![String::new(); all.len()];
        found.retain(|one| all.iter().all(|known| known.id != *one));
        let most = if sought.phrases.is_empty() {
            found.len()
        } else {
            PHRASES
        };
        for portion in found.chunks(size.saturating_add(1)).take(most.div_ceil(size + 1)) {
            if all.len() > size {
                break;
            }
            for (contact, round) in self.looked_into(portion, &sought).await? {
                all.push(contact);
                rounds.push(round);
            }
        }
        let more = all.len() > size;
        all.truncate(size);
        let (names, undelivered) = (self.names().await?, self.undelivered(&all).await?);
        let targets = self.target_times(&self.reading).await?;
        let rows = all.into_iter().map(|contact| {
            let undelivered = undelivered.get(&contact.id).copied();
            self.row(contact, Order::Newest, &names, undelivered, &targets)
        });
        Ok(SearchResults {
            rows: rows.zip(rounds).collect(),
            more,
            so_far,
        })
    }

    /// Returns those contacts among `ids` whose texts contain all phrases of the search, each with the words around the match. Keeps the
    /// order of `ids`.
    async fn looked_into(
        &self,
        ids: &[Uuid],
        sought: &Sought,
    ) -> Result<Vec<(contacts::Model, String)>, StoreError> {
        let mut found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ids.iter().copied()))
            .all(&self.reading)
            .await?;
        found.sort_by_key(|contact| ids.iter().position(|id| *id == contact.id));
        let said = self.searchable_text(&found).await?;
        let round = |contact: &contacts::Model| excerpt_around_hit(&self.texts(contact, &said)?, sought);
        Ok(found
            .into_iter()
            .filter_map(|contact| round(&contact).map(|round| (contact, round)))
            .collect())
    }

    /// Finds the newest 20 contacts that have `typed` as their reference or complete identifier.
    async fn named(&self, typed: &str) -> Result<Vec<contacts::Model>, StoreError> {
        let typed = typed.trim();
        let mut any = Condition::any();
        if let Ok(reference) = Reference::parse(typed) {
            any = any.add(contacts::Column::Reference.eq(reference.number()));
        }
        let lines = self.lines.iter().map(|line| line.name.as_str());
        let hashes = lines.map(|line| self.hash_of_identifier(line, typed));
        any = any.add(contacts::Column::IdentifierHash.is_in(hashes));
        let found = contacts::Entity::find()
            .filter(any)
            .order_by_desc(contacts::Column::OpenedAt)
            .limit(20);
        Ok(found.all(&self.reading).await?)
    }
}

/// Number of characters that an excerpt has before the hit.
const BEFORE_HIT: usize = 40;
/// Number of characters of an excerpt.
const EXCERPT: usize = 180;

/// Finds the first of these texts that contains all phrases and a hit. Returns the words around the first hit, or `None` if no text
/// matches.
fn excerpt_around_hit(texts: &[String], sought: &Sought) -> Option<String> {
    let with_phrases = texts.iter().filter(|text| sought.phrases_stand_in(text));
    let (text, hit) = with_phrases
        .filter_map(|text| Some((text, sought.hits(text).into_iter().next()?)))
        .next()?;
    let (before, after) = text.split_at_checked(hit.start)?;
    // The excerpt begins at the beginning of a word.
    let begins = before.char_indices().rev().take(BEFORE_HIT).collect::<Vec<_>>();
    let begin = match begins.last() {
        Some((at, _)) if *at > 0 => {
            let spaces = begins.iter().rev().find(|(_, letter)| letter.is_whitespace());
            spaces.map_or(*at, |(at, _)| *at)
        }
        Some(_) | None => 0,
    };
    let before = before.get(begin..).unwrap_or_default();
    let rest = before.chars().chain(after.chars());
    let mut passage: String = rest.take(EXCERPT).collect();
    let cut_off = text.len() > begin + passage.len();
    // The excerpt ends at the end of a word.
    if cut_off && let Some(at) = passage.rfind(char::is_whitespace) {
        passage.truncate(at);
    }
    let passage = passage.split_whitespace().collect::<Vec<_>>().join(" ");
    let (beginning, end) = (if begin > 0 { "… " } else { "" }, if cut_off { " …" } else { "" });
    Some(format!("{beginning}{passage}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, typed: &str) -> Option<String> {
        excerpt_around_hit(&[text.to_owned()], &Sought::parse(typed))
    }

    #[test]
    fn an_excerpt_is_the_passage_around_the_first_hit() {
        assert_eq!(excerpt("Сви из школе", "школа").as_deref(), Some("Сви из школе"));
        assert_eq!(excerpt("Сви из школе", "кућа"), None);
        let long = format!("{}из моје школе {}", "реч ".repeat(50), "после ".repeat(50));
        let found = excerpt(&long, "škola").unwrap();
        assert!(found.starts_with("… реч"), "{found}");
        assert!(found.contains("из моје школе после"), "{found}");
        assert!(found.ends_with("после …"), "{found}");
        assert!(found.chars().count() <= EXCERPT + 4, "{found}");
        let unbroken = format!("{}школе", "-".repeat(300));
        assert!(excerpt(&unbroken, "škola").unwrap().contains("школе"));
    }
}
