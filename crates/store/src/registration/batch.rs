//! The stored records that a batch of messages may relate to, and what the batch adds to them.

use std::collections::{HashMap, HashSet};

use hotline_core::{
    contact::{
        lifecycle::{Status, Step},
        message::{Evidence, Normalised, Origin},
    },
    identifiers::private::Private,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Func, Order, OverStatement, Query, SelectStatement, WindowStatement},
};
use uuid::Uuid;

use crate::db::stored::Stored;
use crate::{
    db::{
        entity::{contacts, messages},
        store::Store,
    },
    error::StoreError,
    intake::choices::{Choice, choices},
    registration::{parts::FoundMessage, register::ReadMessage},
};

/// Maximum number of contacts loaded for each identifier, open ones first, then the newest. The same limit applies to messages with the
/// same id. A sender who floods a mailbox therefore cannot displace the contacts of others.
const OF_ONE: i64 = 20;

/// A stored message that has the same channel id as a message of the batch.
pub(super) struct Written {
    /// The contact to which the message belongs.
    pub(super) contact: Uuid,
    pub(super) message: Uuid,
    /// Digest of the content of the message.
    pub(super) digest: Option<Vec<u8>>,
}

/// The stored records that a batch may relate to, and what the batch adds to them.
#[derive(Default)]
pub(super) struct BatchState {
    pub(super) contacts: Vec<contacts::Model>,
    /// The stored contacts as they were before the batch.
    stored: Vec<contacts::Model>,
    /// Indexes of the contacts that the batch opens.
    pub(super) added: HashSet<usize>,
    /// Messages by the hash of their channel id.
    pub(super) theirs: HashMap<Vec<u8>, Vec<Written>>,
    /// Messages out of `theirs` that a part may belong to, by id.
    pub(super) messages: HashMap<Uuid, messages::Model>,
    /// Choices of people, by the hash of their identifier.
    pub(super) choices: HashMap<Vec<u8>, Choice>,
}

impl BatchState {
    pub(super) fn contact(&self, index: usize) -> Result<&contacts::Model, StoreError> {
        self.contacts.get(index).ok_or(StoreError::NotFound("contact"))
    }

    pub(super) fn position(&self, test: impl Fn(&contacts::Model) -> bool) -> Option<usize> {
        self.contacts.iter().position(test)
    }

    /// Finds the contact with this id among these indexes.
    fn among(&self, mine: &[usize], id: Uuid) -> Option<usize> {
        let has = |index: &usize| self.contacts.get(*index).is_some_and(|contact| contact.id == id);
        mine.iter().copied().find(has)
    }

    /// Returns the messages with this channel id that belong to one of these contacts.
    pub(super) fn written(&self, mine: &[usize], their_id_hash: Option<&Vec<u8>>) -> Vec<FoundMessage> {
        let seen = their_id_hash.and_then(|hash| self.theirs.get(hash));
        let found = seen.into_iter().flatten().filter_map(|written| {
            Some(FoundMessage {
                contact: self.among(mine, written.contact)?,
                message: written.message,
            })
        });
        found.collect()
    }

    pub(super) fn add(&mut self, contact: contacts::Model) -> usize {
        let index = self.contacts.len();
        self.contacts.push(contact);
        self.added.insert(index);
        index
    }

    /// Returns the contacts of an identifier on a line, open ones first, then the newest.
    pub(super) fn of_identifier(&self, line: &str, identifier_hash: Option<&Vec<u8>>) -> Vec<usize> {
        let Some(hash) = identifier_hash else {
            return Vec::new();
        };
        let same = |contact: &contacts::Model| {
            contact.line == line && contact.identifier_hash.as_ref() == Some(hash)
        };
        let mut found: Vec<_> = self
            .contacts
            .iter()
            .enumerate()
            .filter(|(_, contact)| same(contact))
            .collect();
        found.sort_by_key(|(_, contact)| {
            (
                contact.status.0 == Status::Closed,
                std::cmp::Reverse(contact.opened_at),
            )
        });
        found.into_iter().map(|(index, _)| index).collect()
    }

    /// Returns a stored contact as it was before the batch.
    pub(super) fn before(&self, index: usize) -> Option<&contacts::Model> {
        self.stored.get(index)
    }

    /// Returns the end of the block of an identifier. `None` if the identifier is not blocked at `now`.
    pub(super) fn blocked(&self, identifier_hash: Option<&Vec<u8>>, now: i64) -> Option<i64> {
        let choice = self.choices.get(identifier_hash?)?;
        choice.blocked_until.filter(|until| *until > now)
    }

    /// Adds a message of time `at` to a contact. This ends the contact's snooze, unless the contact's identifier is blocked at `now`. An
    /// automatic reply changes nothing.
    pub(super) fn join(&mut self, index: usize, at: i64, origin: Origin, now: i64) {
        if origin == Origin::AutoReply {
            return;
        }
        let identifier = self
            .contacts
            .get(index)
            .and_then(|contact| contact.identifier_hash.as_ref());
        let blocked = self.blocked(identifier, now);
        let Some(contact) = self.contacts.get_mut(index) else {
            return;
        };
        let status = contact.status.0;
        if let Ok(after) = status.after(Step::Wrote) {
            contact.status = Stored(after);
        }
        if status != Status::Waiting || contact.waiting_since.is_none() {
            contact.waiting_since = Some(at);
        }
        contact.closed_at = None;
        contact.snoozed_until = blocked;
        contact.last_in_at = Ord::max(contact.last_in_at, at);
    }
}

pub(super) enum Repeated {
    No,
    /// This contact already contains the same content.
    SameContent(Uuid),
    OtherContent,
}

/// Returns whether the same identifier already sent a message with this channel id, with the same or other content.
pub(super) fn repeated(
    known: &BatchState,
    mine: &[usize],
    their_id_hash: Option<&Vec<u8>>,
    digest: &Vec<u8>,
) -> Repeated {
    let Some(seen) = their_id_hash.and_then(|hash| known.theirs.get(hash)) else {
        return Repeated::No;
    };
    let mut of_sender = seen
        .iter()
        .filter(|written| known.among(mine, written.contact).is_some())
        .peekable();
    if of_sender.peek().is_none() {
        return Repeated::No;
    }
    match of_sender.find(|written| written.digest.as_ref() == Some(digest)) {
        Some(same) => Repeated::SameContent(same.contact),
        None => Repeated::OtherContent,
    }
}

impl Store {
    /// Loads all stored records that the batch may relate to.
    pub(super) async fn look_up(
        &self,
        transaction: &DatabaseTransaction,
        kept: &[ReadMessage],
    ) -> Result<BatchState, StoreError> {
        let (mut identifiers, mut threads, mut their_ids) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut pieces = false;
        for (journalled, normalised, _) in kept {
            let line = journalled.raw.line.as_str();
            let identifier = identifier_of(normalised);
            identifiers
                .extend(identifier.map(|identifier| self.hash_of_identifier(line, identifier.expose())));
            if let Normalised::Report(report) = normalised {
                let token = report.token.as_ref();
                threads.extend(token.map(|token| self.keys.lookup("thread", token.expose())));
            }
            let Normalised::Message(incoming) = normalised else {
                continue;
            };
            pieces |= incoming.piece.is_some();
            their_ids.extend(
                incoming
                    .message_id
                    .as_ref()
                    .map(|id| self.keys.lookup("their id", id)),
            );
            for evidence in &incoming.evidence {
                match evidence {
                    Evidence::Token(token) => threads.insert(self.keys.lookup("thread", token.expose())),
                    Evidence::TheirMessage(id) => their_ids.insert(self.keys.lookup("their id", id)),
                };
            }
        }
        let mut known = BatchState::default();
        if !their_ids.is_empty() && !identifiers.is_empty() {
            known.theirs = written_before(transaction, &their_ids, &identifiers).await?;
        }
        let written = || known.theirs.values().flatten();
        let pointed_at: HashSet<Uuid> = written().map(|written| written.contact).collect();
        if pieces && !pointed_at.is_empty() {
            let found = messages::Entity::find()
                .filter(messages::Column::Id.is_in(written().map(|written| written.message)))
                .all(transaction)
                .await?;
            known.messages = found.into_iter().map(|message| (message.id, message)).collect();
        }
        if !identifiers.is_empty() {
            known.choices = choices(transaction, &identifiers).await?;
        }
        if !identifiers.is_empty() || !threads.is_empty() {
            // SQLite reads every contact if an empty `IN` list is combined with another one, so empty lists are left out.
            let mut any = Condition::any();
            if !identifiers.is_empty() {
                any = any.add(contacts::Column::Id.in_subquery(of_each(&identifiers)));
            }
            if !threads.is_empty() {
                any = any.add(contacts::Column::ThreadHash.is_in(threads));
            }
            if !pointed_at.is_empty() {
                any = any.add(contacts::Column::Id.is_in(pointed_at));
            }
            let mut found = contacts::Entity::find()
                .filter(any)
                .order_by_asc(contacts::Column::Id);
            if !self.on_sqlite() {
                // Staff may be working on these contacts. Locking them in the order of their ids prevents deadlocks.
                found = found.lock_exclusive();
            }
            known.contacts = found.all(transaction).await?;
            known.stored.clone_from(&known.contacts);
        }
        Ok(known)
    }

    /// Finds the contacts that the evidence refers to. The flag is `true` for a thread token and `false` for a message id, which is weaker.
    pub(super) fn evident(&self, known: &BatchState, evidence: &[Evidence]) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        for one in evidence {
            match one {
                Evidence::Token(token) => {
                    let hash = self.keys.lookup("thread", token.expose());
                    found.extend(
                        known
                            .position(|contact| contact.thread_hash == hash)
                            .map(|index| (index, true)),
                    );
                }
                Evidence::TheirMessage(id) => {
                    let hash = self.keys.lookup("their id", id);
                    for written in known.theirs.get(&hash).into_iter().flatten() {
                        found.extend(
                            known
                                .position(|contact| contact.id == written.contact)
                                .map(|index| (index, false)),
                        );
                    }
                }
            }
        }
        found
    }
}

/// Returns the identifier that sent a message or notice.
fn identifier_of(normalised: &Normalised) -> Option<&Private<String>> {
    match normalised {
        Normalised::Message(incoming) => incoming.identifier.as_ref(),
        Normalised::Unreadable(unreadable) => unreadable.identifier.as_ref(),
        Normalised::Notice(notice) => Some(&notice.identifier),
        Normalised::Report(_) | Normalised::Ignore(_) => None,
    }
}

/// Builds the query for the first [`OF_ONE`] contact ids of each identifier.
fn of_each(identifiers: &HashSet<Vec<u8>>) -> SelectStatement {
    let window = WindowStatement::partition_by(contacts::Column::IdentifierHash)
        .order_by_expr(
            Expr::col(contacts::Column::Status).eq(Status::Closed.as_str()),
            Order::Asc,
        )
        .order_by(contacts::Column::OpenedAt, Order::Desc)
        .to_owned();
    let numbered = Query::select()
        .column(contacts::Column::Id)
        .expr_window_as(Func::cust("ROW_NUMBER"), window, "n")
        .from(contacts::Entity)
        .and_where(Expr::col(contacts::Column::IdentifierHash).is_in(identifiers.iter().cloned()))
        .to_owned();
    Query::select()
        .column("id")
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col("n").lte(OF_ONE))
        .to_owned()
}

/// Loads stored messages with these channel ids from these identifiers, by the hash of the channel id.
async fn written_before(
    transaction: &DatabaseTransaction,
    their_ids: &HashSet<Vec<u8>>,
    identifiers: &HashSet<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, Vec<Written>>, StoreError> {
    let window = WindowStatement::partition_by((messages::Entity, messages::Column::TheirIdHash))
        .add_partition_by(Expr::col((contacts::Entity, contacts::Column::IdentifierHash)))
        .order_by((messages::Entity, messages::Column::At), Order::Desc)
        .to_owned();
    let numbered = Query::select()
        .column((messages::Entity, messages::Column::Id))
        .column((messages::Entity, messages::Column::ContactId))
        .column((messages::Entity, messages::Column::TheirIdHash))
        .column((messages::Entity, messages::Column::Digest))
        .expr_window_as(Func::cust("ROW_NUMBER"), window, "n")
        .from(messages::Entity)
        .inner_join(
            contacts::Entity,
            Expr::col((contacts::Entity, contacts::Column::Id))
                .equals((messages::Entity, messages::Column::ContactId)),
        )
        .and_where(
            Expr::col((messages::Entity, messages::Column::TheirIdHash)).is_in(their_ids.iter().cloned()),
        )
        .and_where(
            Expr::col((contacts::Entity, contacts::Column::IdentifierHash))
                .is_in(identifiers.iter().cloned()),
        )
        .to_owned();
    let select = Query::select()
        .columns(["id", "contact_id", "their_id_hash", "digest"])
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col("n").lte(OF_ONE))
        .to_owned();
    let mut theirs: HashMap<Vec<u8>, Vec<Written>> = HashMap::new();
    for row in transaction.query_all(&select).await? {
        let written = Written {
            contact: row.try_get("", "contact_id")?,
            message: row.try_get("", "id")?,
            digest: row.try_get("", "digest")?,
        };
        theirs
            .entry(row.try_get("", "their_id_hash")?)
            .or_default()
            .push(written);
    }
    Ok(theirs)
}
