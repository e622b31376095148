//! Finding contacts by their texts, their reference or their identifier.

use std::sync::{PoisonError, atomic::Ordering};

use hotline_core::{identifiers::reference::Reference, text::sought::Sought};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    inbox::list::{InboxRow, Order},
    search::{excerpt::excerpt_around_hit, filter::SearchFilter},
    staff::{accounts::StaffMember, sight::Sight},
};

/// Maximum number of contacts whose texts are decrypted to find phrases. Decrypting is necessary because the index contains only single
/// words. Contacts in which the person wrote the words are searched first, then the most recently changed ones.
const PHRASES: usize = 1_000;
/// Maximum number of contacts to which a filter is applied. The most recently changed contacts come first.
const FILTERED: usize = 20_000;

/// Results of a search.
pub struct SearchResults {
    /// The matching contacts, each with the words around the match. Contacts found by their reference or identifier come first, with an
    /// empty text instead of the words. Contacts whose texts match follow: first those in which the person's own texts match, then those
    /// in which only texts of staff match, both with the most recently changed contacts first.
    pub rows: Vec<(InboxRow, String)>,
    /// Number of matching contacts.
    pub count: usize,
    /// Whether more contacts may match than `count`, because too many contacts contain the words to check all of them.
    pub is_at_least: bool,
    /// Number of contacts indexed so far, while the index is being built. `None` once the index covers all contacts.
    pub so_far: Option<u64>,
}

/// A contact whose texts match a search.
struct Hit {
    contact: contacts::Model,
    /// The words around the match.
    excerpt: String,
    /// Whether the match is in a text of the person.
    is_by_person: bool,
}

impl SearchResults {
    /// Returns whether more contacts match than `rows` contains.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.is_at_least || self.count > self.rows.len()
    }
}

impl Store {
    /// Finds the contacts that match the search `typed` and the filter and that `who` may read, and returns at most `size` of them. A search
    /// is a query (see [`Sought::parse`]), a reference, or a complete identifier.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn find(
        &self,
        who: &StaffMember,
        typed: &str,
        filter: &SearchFilter,
        size: usize,
    ) -> Result<SearchResults, StoreError> {
        let sought = Sought::parse(typed);
        let (mut found, so_far) = {
            let index = self.search.index.read().unwrap_or_else(PoisonError::into_inner);
            let whole = self.search.whole.load(Ordering::Relaxed);
            (index.find(&sought), (!whole).then_some(index.len() as u64))
        };
        let sight = self.sight_of(who).await?;
        let mut all = self.named(typed, sight.as_ref()).await?;
        all.retain(|contact| self.selects(filter, &contact.into()));
        let mut excerpts = vec![String::new(); all.len()];
        found.retain(|one| all.iter().all(|known| known.id != *one));
        let mut is_at_least = false;
        if *filter != SearchFilter::default() || sight.is_some() {
            is_at_least |= found.len() > FILTERED && sight.is_none();
            found.truncate(FILTERED);
            found = self.filter_found(found, filter, sight.as_ref()).await?;
        }
        let has_phrases = sought.has_phrases();
        if has_phrases {
            is_at_least |= found.len() > PHRASES;
            found.truncate(PHRASES);
        }
        let mut count = all.len() + found.len();
        let mut by_staff = Vec::new();
        // If there are phrases, all texts are read, because the index does not tell which contacts match.
        for portion in found.chunks(size.max(1)) {
            if all.len() >= size && !has_phrases {
                break;
            }
            let hits = self.looked_into(portion, &sought).await?;
            count -= portion.len() - hits.len();
            for hit in hits {
                // The index knows who wrote each word, but not who wrote a phrase.
                if has_phrases && !hit.is_by_person {
                    by_staff.push(hit);
                } else {
                    all.push(hit.contact);
                    excerpts.push(hit.excerpt);
                }
            }
        }
        for hit in by_staff {
            all.push(hit.contact);
            excerpts.push(hit.excerpt);
        }
        all.truncate(size);
        let (names, undelivered) = (self.names().await?, self.undelivered(&all).await?);
        let targets = self.target_times(&self.reading).await?;
        let raised = self.last_raised_by(&all).await?;
        for (contact, excerpt) in all.iter().zip(&mut excerpts) {
            *excerpt = self.mask_text_of(contact, excerpt);
        }
        let rows = all.into_iter().map(|contact| {
            let undelivered = undelivered.get(&contact.id).copied();
            let raised_by = raised.get(&contact.id).cloned();
            let mut row = self.row(contact, Order::Newest, &names, undelivered, &targets);
            row.raised_by = raised_by;
            row
        });
        Ok(SearchResults {
            rows: rows.zip(excerpts).collect(),
            count,
            is_at_least,
            so_far,
        })
    }

    /// Returns those contacts among `ids` whose texts match the query, each with the words around a hit. Keeps the order of `ids`.
    async fn looked_into(&self, ids: &[Uuid], sought: &Sought) -> Result<Vec<Hit>, StoreError> {
        let mut found = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ids.iter().copied()))
            .all(&self.reading)
            .await?;
        found.sort_by_key(|contact| ids.iter().position(|id| *id == contact.id));
        let searchable = self.searchable(&found).await?;
        let mut hits = Vec::new();
        for contact in found {
            let Some(texts) = self.texts(&contact, &searchable).await else {
                continue;
            };
            let is_by_person = sought.is_match(&texts.by_person);
            let all = [texts.by_person, texts.by_staff].concat();
            if sought.is_match(&all)
                && let Some(excerpt) = excerpt_around_hit(&all, sought)
            {
                hits.push(Hit {
                    contact,
                    excerpt,
                    is_by_person,
                });
            }
        }
        Ok(hits)
    }

    /// Finds the newest 20 contacts within `sight` that have `typed` as their reference or complete identifier.
    async fn named(&self, typed: &str, sight: Option<&Sight>) -> Result<Vec<contacts::Model>, StoreError> {
        let typed = typed.trim();
        let mut any = Condition::any();
        if let Ok(reference) = Reference::parse(typed) {
            any = any.add(contacts::Column::Reference.eq(reference.number()));
        }
        let lines = self.lines();
        let hashes = lines
            .iter()
            .map(|line| line.name.as_str())
            .chain(self.networks.iter().map(String::as_str))
            .map(|line| self.hash_of_identifier(line, typed));
        any = any.add(contacts::Column::IdentifierHash.is_in(hashes));
        let found = contacts::Entity::find()
            .filter(any)
            .filter(sight.map_or_else(Condition::all, Sight::condition))
            .order_by_desc(contacts::Column::OpenedAt)
            .limit(20);
        Ok(found.all(&self.reading).await?)
    }
}
