//! Groups of alike rows in the inbox. Contacts of one sender, or contacts of many senders with one text, are shown as one entry that the
//! reader can unfold. Each contact is still stored and counted separately.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use hotline_core::{contact::lifecycle::Status, text::fold::fold};
use hotline_store::inbox::list::InboxRow;

/// The smallest number of alike rows that become a group.
const LEAST: usize = 3;
/// The smallest number of characters of a text by which rows are grouped. Shorter texts, such as "hello", occur in unrelated messages.
const SHORTEST: usize = 20;

/// One entry of the list: a single row, or a group of alike rows.
pub(super) struct RowGroup {
    /// The single row, or the first row of the group.
    pub(super) row: InboxRow,
    /// The other rows of the group. Empty for a single row.
    pub(super) more: Vec<InboxRow>,
    /// What the rows have in common.
    pub(super) same: Same,
}

/// What the rows of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Same {
    /// The sender.
    Sender,
    /// The first words and the subject.
    Text,
}

/// The key of rows that can be in one group: what the rows have in common, the value of this property, and the line, status and assignee.
type Key = (Same, String, String, Status, Option<String>);

/// Groups the rows of a page. A group is placed where its first row would be. Urgent contacts are never grouped, so that each of them is
/// visible.
pub(super) fn group_rows(rows: Vec<InboxRow>) -> Vec<RowGroup> {
    let mut sizes: HashMap<Key, usize> = HashMap::new();
    for key in rows.iter().flat_map(keys) {
        *sizes.entry(key).or_default() += 1;
    }
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut groups: Vec<RowGroup> = Vec::new();
    for row in rows {
        let key = keys(&row).find(|key| sizes.get(key).is_some_and(|size| *size >= LEAST));
        let known = key.as_ref().and_then(|key| places.get(key).copied());
        if let Some(group) = known.and_then(|place| groups.get_mut(place)) {
            group.more.push(row);
            continue;
        }
        let same = key.as_ref().map_or(Same::Sender, |(same, ..)| *same);
        places.extend(key.map(|key| (key, groups.len())));
        groups.push(RowGroup {
            row,
            more: Vec::new(),
            same,
        });
    }
    groups
}

/// Returns the keys of a row: the key by its sender, then the key by its text. A row that must not be grouped has no keys.
fn keys(row: &InboxRow) -> impl Iterator<Item = Key> + use<> {
    let card = row.card.as_ref().filter(|_| row.urgency <= 0 && !row.is_call);
    let of = |same: Same, value: String| (same, value, row.line.clone(), row.status, row.assignee.clone());
    let sender = card
        .and(row.person.as_deref())
        .map(|person| of(Same::Sender, HEXLOWER.encode(person)));
    let text = card
        .map(|card| {
            fold(&format!(
                "{}\n{}",
                card.subject.as_deref().unwrap_or_default(),
                card.first_words
            ))
        })
        .filter(|text| text.chars().count() >= SHORTEST)
        .map(|text| of(Same::Text, text));
    sender.into_iter().chain(text)
}
