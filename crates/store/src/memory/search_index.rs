//! The search index: maps each word to the contacts whose text contains the word.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicI64},
    },
};

use fixedbitset::FixedBitSet;
use hotline_core::text::{
    fold::words,
    sought::{Sought, SoughtWord, Term},
};
use uuid::Uuid;

/// Maximum length of an indexed word, in bytes. Longer words are cut off at this length.
const LONGEST: usize = 40;
/// Number of outdated places (see [`Index`]) that the index always tolerates. The index is compacted when it has more outdated places than
/// the number of contacts plus `FEW`.
const FEW: usize = 10_000;

/// The index. Each contact has a place, that is, a position in the list `contacts`. A changed contact gets a new place at the end of the
/// list, and its earlier place becomes outdated. The most recently changed contacts therefore have the last places.
///
/// The index distinguishes words that the person wrote from words that occur only in the texts of staff.
#[derive(Default)]
pub(crate) struct Index {
    /// The contact at each place. `None` if this contact moved to a later place or was removed.
    contacts: Vec<Option<Uuid>>,
    places: HashMap<Uuid, u32>,
    words: BTreeMap<Box<str>, Vec<Posting>>,
}

/// The place of a contact that contains a word. The lowest bit states whether the person wrote the word.
#[derive(Clone, Copy)]
struct Posting(u32);

impl Posting {
    fn new(place: u32, by_person: bool) -> Self {
        Self((place << 1) | u32::from(by_person))
    }

    const fn place(self) -> u32 {
        self.0 >> 1
    }

    const fn is_by_person(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The places of the contacts that match a term or a query.
#[derive(Default)]
struct MatchingPlaces {
    /// All matching contacts.
    all: FixedBitSet,
    /// The contacts in which the person's own texts match.
    by_person: FixedBitSet,
}

impl MatchingPlaces {
    fn intersect_with(&mut self, other: &Self) {
        self.all.intersect_with(&other.all);
        self.by_person.intersect_with(&other.by_person);
    }
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Indexes a contact by the texts of the person and the texts of staff. Replaces the contact's earlier entry.
    pub(crate) fn put(&mut self, contact: Uuid, by_person: &str, by_staff: &str) {
        // A posting needs one bit beside the place.
        let place = u32::try_from(self.contacts.len()).ok();
        let Some(place) = place.filter(|place| *place <= u32::MAX >> 1) else {
            return;
        };
        self.contacts.push(Some(contact));
        if let Some(before) = self.places.insert(contact, place)
            && let Some(gone) = self.contacts.get_mut(before as usize)
        {
            *gone = None;
        }
        let cut = |mut word: String| {
            word.truncate(word.floor_char_boundary(LONGEST));
            word
        };
        let theirs: HashSet<String> = words(by_person).into_iter().map(cut).collect();
        let mut ours: HashSet<String> = words(by_staff).into_iter().map(cut).collect();
        ours.retain(|word| !theirs.contains(word));
        for (all, is_by_person) in [(theirs, true), (ours, false)] {
            for word in all {
                let known = self.words.entry(word.into_boxed_str()).or_default();
                known.push(Posting::new(place, is_by_person));
            }
        }
        if self.contacts.len() > 2 * self.places.len() + FEW {
            self.tidy();
        }
    }

    pub(crate) fn forget(&mut self, contact: Uuid) {
        if let Some(place) = self.places.remove(&contact)
            && let Some(gone) = self.contacts.get_mut(place as usize)
        {
            *gone = None;
        }
    }

    /// Compacts the index: removes outdated places and renumbers the others in the same order.
    fn tidy(&mut self) {
        let mut new = Vec::with_capacity(self.contacts.len());
        let mut count = 0u32;
        for contact in &self.contacts {
            new.push(contact.map(|_| count));
            count += u32::from(contact.is_some());
        }
        let moved = |place: u32| new.get(place as usize).copied().flatten();
        for places in self.words.values_mut() {
            let kept = places.iter().filter_map(|posting| {
                let place = moved(posting.place())?;
                Some(Posting::new(place, posting.is_by_person()))
            });
            *places = kept.collect();
        }
        self.words.retain(|_, places| !places.is_empty());
        self.contacts.retain(Option::is_some);
        for place in self.places.values_mut() {
            *place = moved(*place).unwrap_or(*place);
        }
    }

    /// Returns the contacts that may match a query. Contacts in which the person wrote all that is required come first. Within both groups,
    /// the most recently changed contacts come first.
    ///
    /// The index knows the words of a contact and not their order. If the query has phrases, their words count as single words here, excluded
    /// phrases are ignored, and the caller checks the texts.
    pub(crate) fn find(&self, sought: &Sought) -> Vec<Uuid> {
        let mut found: Option<MatchingPlaces> = None;
        for alternatives in sought.required() {
            let has_one = self.matching_one_of(alternatives);
            match &mut found {
                Some(found) => found.intersect_with(&has_one),
                None => found = Some(has_one),
            }
        }
        let MatchingPlaces {
            mut all,
            mut by_person,
        } = found.unwrap_or_default();
        for term in sought.excluded().iter().filter(|term| !term.is_phrase()) {
            let excluded = self.matching_term(term).all;
            all.difference_with(&excluded);
            by_person.difference_with(&excluded);
        }
        all.difference_with(&by_person);
        let newest_first = by_person.ones().rev().chain(all.ones().rev());
        newest_first
            .filter_map(|place| self.contacts.get(place).copied().flatten())
            .collect()
    }

    fn matching_one_of(&self, alternatives: &[Term]) -> MatchingPlaces {
        let mut found = MatchingPlaces::default();
        for term in alternatives {
            let has_it = self.matching_term(term);
            found.all.union_with(&has_it.all);
            found.by_person.union_with(&has_it.by_person);
        }
        found
    }

    fn matching_term(&self, term: &Term) -> MatchingPlaces {
        let mut words = term.words().iter().map(|word| self.matching(word));
        let mut found = words.next().unwrap_or_default();
        for has_it in words {
            found.intersect_with(&has_it);
        }
        found
    }

    /// Returns the places of the contacts that contain a match for `sought`. The index contains words and no stems: the forms of a word
    /// begin alike, so they are found among the neighbours of the word and need no memory.
    fn matching(&self, sought: &SoughtWord) -> MatchingPlaces {
        let none = FixedBitSet::with_capacity(self.contacts.len());
        let mut found = MatchingPlaces {
            all: none.clone(),
            by_person: none,
        };
        for beginning in sought.ranges() {
            let beginning = beginning
                .get(..beginning.floor_char_boundary(LONGEST))
                .unwrap_or_default();
            let words = self
                .words
                .range::<str, _>((Bound::Included(beginning), Bound::Unbounded));
            let words = words.take_while(|(word, _)| word.starts_with(beginning));
            // A letter has at most four bytes, so a word that was cut off has more than `LONGEST` − 4 bytes.
            let is_found =
                |word: &str| sought.matches(word) || (word.len() + 4 > LONGEST && sought.begins_with(word));
            for (_, places) in words.filter(|(word, _)| is_found(word)) {
                for posting in places {
                    let place = posting.place() as usize;
                    found.all.insert(place);
                    if posting.is_by_person() {
                        found.by_person.insert(place);
                    }
                }
            }
        }
        found
    }
}

/// The search index, and whether it is complete.
#[derive(Default)]
pub(crate) struct Search {
    pub(crate) index: RwLock<Index>,
    /// `true` once all stored contacts are indexed.
    pub(crate) whole: AtomicBool,
    /// The number of the newest history event whose change the index contains.
    pub(crate) newest: AtomicI64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn found(index: &Index, typed: &str) -> Vec<Uuid> {
        index.find(&Sought::parse(typed))
    }

    #[test]
    fn every_word_must_stand_and_the_newest_is_first() {
        let mut index = Index::default();
        index.put(id(1), "Неко ми прети", "");
        index.put(id(2), "neko mi piše", "");
        index.put(id(3), "hvala", "");
        assert_eq!(found(&index, "neko mi"), [id(2), id(1)]);
        assert_eq!(found(&index, "neko pret"), [id(1)]);
        assert!(found(&index, "nekoga").is_empty());
        assert!(found(&index, "").is_empty());
        index.put(id(1), "neko mi preti i dalje", "");
        assert_eq!(found(&index, "neko"), [id(1), id(2)], "who wrote again is newer");
        index.forget(id(1));
        assert_eq!(found(&index, "neko"), [id(2)]);
    }

    #[test]
    fn what_the_person_wrote_comes_before_what_staff_wrote() {
        let mut index = Index::default();
        index.put(id(1), "neko mi preti", "");
        index.put(id(2), "pitanje o profilu", "ako ti neko preti, javi se");
        index.put(id(3), "neko me vređa", "preti li ti");
        index.put(id(4), "preti mi neko", "preti");
        assert_eq!(found(&index, "preti"), [id(4), id(1), id(3), id(2)]);
        assert_eq!(found(&index, "neko preti"), [id(4), id(1), id(3), id(2)]);
        assert_eq!(found(&index, "vređa preti"), [id(3)]);
        index.put(id(2), "neko mi preti", "ako ti neko preti, javi se");
        assert_eq!(found(&index, "preti"), [id(2), id(4), id(1), id(3)]);
    }

    #[test]
    fn alternatives_are_joined_and_excluded_words_removed() {
        let mut index = Index::default();
        index.put(id(1), "pretnja", "");
        index.put(id(2), "ucena", "škola");
        index.put(id(3), "ucena slikama", "");
        assert_eq!(found(&index, "pretnja OR ucena"), [id(3), id(2), id(1)]);
        assert_eq!(found(&index, "ucena -škola"), [id(3)]);
        assert_eq!(found(&index, "pretnja OR \"ucena slikama\""), [id(3), id(1)]);
        assert_eq!(found(&index, "ucena -\"slikama škola\""), [id(3), id(2)]);
        assert!(found(&index, "-škola").is_empty());
    }

    #[test]
    fn forms_of_a_word_are_found_and_long_words_by_their_beginning() {
        let mut index = Index::default();
        index.put(id(1), "Двоје из моје школе", "");
        index.put(id(2), "školjka", "");
        let long = "ж".repeat(90);
        index.put(id(3), &long, "");
        let latin = "x".repeat(41);
        index.put(id(4), &latin, "");
        assert_eq!(found(&index, "škola"), [id(1)]);
        assert_eq!(found(&index, "sko"), [id(2), id(1)]);
        assert_eq!(found(&index, &long), [id(3)]);
        assert_eq!(found(&index, &latin), [id(4)]);
        assert!(found(&index, "\"škola\"").is_empty());
    }

    #[test]
    fn a_long_conversation_does_not_grow_the_index_and_nothing_is_lost_by_tidying() {
        let mut index = Index::default();
        index.put(id(7), "sedma", "");
        for round in 0..25_000u128 {
            index.put(id(1), &format!("poruka {}", round % 10), "");
        }
        assert!(index.contacts.len() <= 2 * index.len() + FEW);
        assert_eq!(found(&index, "poruka"), [id(1)]);
        assert_eq!(found(&index, "9"), [id(1)]);
        assert!(found(&index, "8").is_empty());
        assert_eq!(found(&index, "sedma"), [id(7)]);
    }
}
