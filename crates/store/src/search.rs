//! Search over sealed text. The index lies in memory alone: it is made from the database when the service starts, follows what
//! changes, and is gone with the process. On disk there is nothing to read.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_core::{
    fold::{Sought, words},
    reference::Reference,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    entity::{contacts, events, messages},
    error::StoreError,
    inbox::{Row, View},
    store::Store,
};

/// Messages read at a time while the index is made.
const PORTION: u64 = 2_000;
/// Texts looked into for phrases, the newest first.
const PHRASES: usize = 500;
/// The longest word that is told apart, in bytes.
const LONGEST: usize = 40;

/// What was found.
pub struct Found {
    /// Contacts, the newest first, each with the words round what was looked for.
    pub rows: Vec<(Row, String)>,
    /// Whether there is more than is shown.
    pub more: bool,
    /// Of how many messages so far, while the index is being made. `None`: of all there are.
    pub so_far: Option<u64>,
}

/// One text of a contact.
#[derive(Clone, Copy)]
struct Text {
    contact: Uuid,
    /// `None`: what is known of the person.
    message: Option<Uuid>,
    at: i64,
}

/// Words to texts.
#[derive(Default)]
struct Index {
    texts: Vec<Text>,
    /// Texts that were replaced or are gone.
    dead: HashSet<u32>,
    of_contact: HashMap<Uuid, Vec<u32>>,
    words: BTreeMap<Box<str>, Vec<u32>>,
}

/// The index, and how far it is.
#[derive(Default)]
pub(crate) struct Search {
    index: RwLock<Index>,
    /// Whether it has everything.
    whole: AtomicBool,
}

impl Index {
    fn add(&mut self, text: Text, said: &[&str]) {
        let Ok(number) = u32::try_from(self.texts.len()) else {
            return;
        };
        self.texts.push(text);
        self.of_contact.entry(text.contact).or_default().push(number);
        let all: HashSet<String> = said.iter().flat_map(|said| words(said)).collect();
        for mut word in all {
            word.truncate(word.floor_char_boundary(LONGEST));
            let known = self.words.entry(word.into_boxed_str()).or_default();
            known.push(number);
        }
    }

    fn forget(&mut self, contact: Uuid) {
        let texts = self.of_contact.remove(&contact);
        self.dead.extend(texts.into_iter().flatten());
    }

    /// The texts with a word that begins so, in ascending order.
    fn beginning(&self, beginning: &str) -> Vec<u32> {
        let beginning = beginning
            .get(..beginning.floor_char_boundary(LONGEST))
            .unwrap_or_default();
        let mut found: Vec<u32> = self
            .words
            .range::<str, _>((Bound::Included(beginning), Bound::Unbounded))
            .take_while(|(word, _)| word.starts_with(beginning))
            .flat_map(|(_, texts)| texts.iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The contacts in which everything that is looked for stands, with a text of each that has some of it.
    fn find(&self, sought: &Sought) -> Vec<Text> {
        let mut in_all: Option<HashMap<Uuid, Text>> = None;
        for word in sought.all() {
            let mut found: HashMap<Uuid, Text> = HashMap::new();
            for number in self.beginning(word) {
                let text = self
                    .texts
                    .get(number as usize)
                    .filter(|_| !self.dead.contains(&number));
                let Some(text) = text else { continue };
                if in_all
                    .as_ref()
                    .is_some_and(|all| !all.contains_key(&text.contact))
                {
                    continue;
                }
                let newest = found.entry(text.contact).or_insert(*text);
                if text.at > newest.at {
                    *newest = *text;
                }
            }
            in_all = Some(found);
        }
        let mut all: Vec<Text> = in_all.unwrap_or_default().into_values().collect();
        all.sort_unstable_by_key(|text| std::cmp::Reverse((text.at, text.contact)));
        all
    }
}

impl Store {
    /// Makes the index, then follows what changes, until dropped. Only the process that serves pages needs it.
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
            match self.index_since(newest).await {
                Ok(seen) => newest = seen,
                Err(error) => {
                    tracing::error!(error = %error, "The search index fell behind and is tried again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }

    async fn index_all(&self) -> Result<(), StoreError> {
        let mut after = Uuid::nil();
        loop {
            let portion = contacts::Entity::find()
                .filter(contacts::Column::Id.gt(after))
                .order_by_asc(contacts::Column::Id)
                .limit(PORTION)
                .all(&self.reading)
                .await?;
            let Some(last) = portion.last() else { return Ok(()) };
            after = last.id;
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

    /// Puts contacts into the index as they are now.
    async fn index(&self, all: Vec<contacts::Model>) -> Result<(), StoreError> {
        let ids = all.iter().map(|contact| contact.id);
        let mut said = messages::Entity::find()
            .filter(messages::Column::ContactId.is_in(ids))
            .order_by_asc(messages::Column::At)
            .all(&self.reading)
            .await?;
        said.sort_by_key(|message| message.contact_id);
        let mut texts = Vec::new();
        for contact in &all {
            let (Ok(key), Ok(card)) = (self.contact_key(contact), self.card(contact)) else {
                continue;
            };
            let person = Text {
                contact: contact.id,
                message: None,
                at: contact.opened_at,
            };
            let known = [card.name, card.identifier, card.subject];
            texts.push((person, known.into_iter().flatten().collect::<Vec<_>>().join(" ")));
            let first = said.partition_point(|message| message.contact_id < contact.id);
            let mine = said
                .iter()
                .skip(first)
                .take_while(|message| message.contact_id == contact.id);
            for message in mine.filter(|message| message.direction != "notice") {
                let Ok(body) = self.body(&key, message) else {
                    continue;
                };
                let text = Text {
                    contact: contact.id,
                    message: Some(message.id),
                    at: message.at,
                };
                texts.push((text, format!("{} {}", body.text, body.url.unwrap_or_default())));
            }
        }
        let mut index = self.search.index.write().unwrap_or_else(PoisonError::into_inner);
        for contact in &all {
            index.forget(contact.id);
        }
        for (text, said) in &texts {
            index.add(*text, &[said]);
        }
        Ok(())
    }

    /// Looks for words, phrases in quotation marks, a reference, or an identifier as a whole.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn find(&self, typed: &str, size: usize) -> Result<Found, StoreError> {
        let sought = Sought::parse(typed);
        let (texts, so_far) = {
            let index = self.search.index.read().unwrap_or_else(PoisonError::into_inner);
            let whole = self.search.whole.load(Ordering::Relaxed);
            let so_far = (!whole).then_some(index.texts.len() as u64);
            (index.find(&sought), so_far)
        };
        let most = if sought.phrases.is_empty() {
            size.saturating_add(1)
        } else {
            PHRASES
        };
        let texts: Vec<Text> = texts.into_iter().take(most).collect();
        let mut all = self.named(typed).await?;
        let named = all.len();
        let ids = texts.iter().map(|text| text.contact);
        let found = contacts::Entity::find().filter(contacts::Column::Id.is_in(ids));
        let mut found: HashMap<Uuid, contacts::Model> = found
            .all(&self.reading)
            .await?
            .into_iter()
            .map(|contact| (contact.id, contact))
            .collect();
        let said = self.texts_of(&texts, &sought).await?;
        let mut rounds = vec![String::new(); named];
        for text in texts {
            let Some(contact) = found.remove(&text.contact) else {
                continue;
            };
            let known = all.iter().any(|known| known.id == contact.id);
            if let Some(round) = self.words_round(&contact, &said, &sought).filter(|_| !known) {
                all.push(contact);
                rounds.push(round);
            }
        }
        let more = all.len() > size;
        all.truncate(size);
        let (names, undelivered) = (self.names().await?, self.undelivered(&all).await?);
        let rows = all.into_iter().map(|contact| {
            let undelivered = undelivered.get(&contact.id).copied();
            self.row(contact, View::All, &names, undelivered)
        });
        Ok(Found {
            rows: rows.zip(rounds).collect(),
            more,
            so_far,
        })
    }

    /// The messages in which words were found; where phrases are looked for, every message of their contacts.
    async fn texts_of(&self, texts: &[Text], sought: &Sought) -> Result<Vec<messages::Model>, StoreError> {
        let wanted = if sought.phrases.is_empty() {
            messages::Column::Id.is_in(texts.iter().filter_map(|text| text.message))
        } else {
            messages::Column::ContactId.is_in(texts.iter().map(|text| text.contact))
        };
        let found = messages::Entity::find()
            .filter(wanted)
            .order_by_desc(messages::Column::At);
        Ok(found.all(&self.reading).await?)
    }

    /// Contacts that are called what was typed: by their reference, or by the whole identifier of their person.
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

    /// The words round what was looked for, in the newest of these messages that has it. `None`: a phrase stands in none.
    fn words_round(
        &self,
        contact: &contacts::Model,
        said: &[messages::Model],
        sought: &Sought,
    ) -> Option<String> {
        let key = self.contact_key(contact).ok()?;
        let mine = said.iter().filter(|message| message.contact_id == contact.id);
        let mut texts = mine.filter_map(|message| Some(self.body(&key, message).ok()?.text));
        let Some(text) = texts.find(|text| sought.phrases_stand_in(text)) else {
            return sought.phrases.is_empty().then(String::new);
        };
        let all: Vec<&str> = text.split_whitespace().collect();
        let has_some = |word: &&str| {
            let folded = words(word);
            sought
                .all()
                .any(|sought| folded.iter().any(|one| one.starts_with(sought)))
        };
        let hit = all.iter().position(has_some).unwrap_or_default();
        let from = hit.saturating_sub(6);
        let round: Vec<&str> = all.into_iter().skip(from).take(24).collect();
        let beginning = if from > 0 { "… " } else { "" };
        Some(format!("{beginning}{}", round.join(" ")))
    }
}
