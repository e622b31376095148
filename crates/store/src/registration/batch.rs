//! The stored contacts, messages and choices that a batch of messages may affect, with the changes that the batch makes to them.

use std::collections::{BTreeMap, HashMap, HashSet};

use hotline_core::{
    contact::{
        joining::Proof,
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

use crate::{
    db::{
        entity::{contacts, messages, surges},
        store::Store,
        stored::Stored,
    },
    error::StoreError,
    intake::choices::{Choice, choices},
    registration::{parts::FoundMessage, register::ParsedMessage, threading::EvidentContact},
};

/// Maximum number of contacts to load for an identifier: open contacts first, then the newest closed contacts. The limit also applies to
/// the stored messages with the same identifier and the same message id. Because each identifier has its own limit, a sender who floods a
/// mailbox cannot displace the contacts of others.
const CONTACTS_PER_IDENTIFIER: i64 = 20;

/// A message, stored or added by the batch, in the map of messages by message id ([`BatchState::theirs`]).
pub(super) struct Written {
    pub(super) contact: Uuid,
    pub(super) message: Uuid,
    pub(super) digest: Option<Vec<u8>>,
}

/// The stored contacts, messages and choices that a batch of messages may affect, with the changes that the batch makes to them.
#[derive(Default)]
pub(super) struct BatchState {
    /// The contacts by id: stored contacts with the batch's changes, and contacts that the batch opens.
    pub(super) contacts: BTreeMap<Uuid, contacts::Model>,
    /// The stored contacts as they were before the batch.
    stored: BTreeMap<Uuid, contacts::Model>,
    /// Stored messages and messages that the batch adds, by the hash of their message id, which the platform or the sender's mail program
    /// assigned.
    pub(super) theirs: HashMap<Vec<u8>, Vec<Written>>,
    /// The rows of the stored messages in `theirs`, by id of the row. Loaded only if the batch contains messages that arrive in several
    /// parts.
    pub(super) messages: HashMap<Uuid, messages::Model>,
    /// The stored choices for each identifier (language, whether the person sent `/stop`, end of a block), by the hash of the identifier.
    pub(super) choices: HashMap<Vec<u8>, Choice>,
    /// The surges to which messages of the batch may belong.
    pub(super) surges: Vec<surges::Model>,
}

impl BatchState {
    pub(super) fn contact(&self, id: Uuid) -> Result<&contacts::Model, StoreError> {
        self.contacts.get(&id).ok_or(StoreError::NotFound("contact"))
    }

    pub(super) fn contact_mut(&mut self, id: Uuid) -> Result<&mut contacts::Model, StoreError> {
        self.contacts.get_mut(&id).ok_or(StoreError::NotFound("contact"))
    }

    /// Returns the messages that have the message id with this hash and belong to one of the contacts `mine`. Returns no messages if
    /// `message_id_hash` is `None`.
    pub(super) fn written(&self, mine: &[Uuid], message_id_hash: Option<&Vec<u8>>) -> Vec<FoundMessage> {
        let seen = message_id_hash.and_then(|hash| self.theirs.get(hash));
        let of_mine = seen
            .into_iter()
            .flatten()
            .filter(|written| mine.contains(&written.contact));
        let found = of_mine.map(|written| FoundMessage {
            contact: written.contact,
            message: written.message,
        });
        found.collect()
    }

    pub(super) fn add(&mut self, contact: contacts::Model) {
        self.contacts.insert(contact.id, contact);
    }

    /// Returns the contacts that the batch opens.
    pub(super) fn opened(&self) -> impl Iterator<Item = &contacts::Model> {
        let is_new = |contact: &&contacts::Model| !self.stored.contains_key(&contact.id);
        self.contacts.values().filter(is_new)
    }

    /// Returns the contacts of an identifier on a line. Open contacts come before closed contacts, and newer contacts before older
    /// contacts. Returns no contacts if `identifier_hash` is `None`.
    pub(super) fn of_identifier(&self, line: &str, identifier_hash: Option<&Vec<u8>>) -> Vec<Uuid> {
        let Some(hash) = identifier_hash else {
            return Vec::new();
        };
        let same = |contact: &contacts::Model| {
            contact.line == line && contact.identifier_hash.as_ref() == Some(hash)
        };
        let mut found: Vec<_> = self.contacts.values().filter(|contact| same(contact)).collect();
        found.sort_by_key(|contact| {
            (
                contact.status.0 == Status::Closed,
                std::cmp::Reverse(contact.opened_at),
            )
        });
        found.into_iter().map(|contact| contact.id).collect()
    }

    /// Returns a stored contact as it was before the batch. `None` if the batch opens the contact.
    pub(super) fn before(&self, id: Uuid) -> Option<&contacts::Model> {
        self.stored.get(&id)
    }

    /// Returns when the block on an identifier ends. `None` if the identifier is not blocked at `now`.
    pub(super) fn blocked(&self, identifier_hash: Option<&Vec<u8>>, now: i64) -> Option<i64> {
        let choice = self.choices.get(identifier_hash?)?;
        choice.blocked_until.filter(|until| *until > now)
    }

    /// Sets a contact to waiting for a reply, because of a message that arrived at `at`. A closed contact is reopened. A snooze ends, but
    /// if the contact's identifier is blocked at `now`, the contact is snoozed until the block ends. If the contact already waits for a
    /// reply, the time since which it waits does not change. If `origin` is an automatic reply, the contact does not change.
    pub(super) fn join(&mut self, id: Uuid, at: i64, origin: Origin, now: i64) -> Result<(), StoreError> {
        if origin == Origin::AutoReply {
            return Ok(());
        }
        let blocked = self.blocked(self.contact(id)?.identifier_hash.as_ref(), now);
        let contact = self.contact_mut(id)?;
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
        Ok(())
    }
}

pub(super) enum Repeated {
    No,
    /// The contact with this id already contains a message with the same content.
    SameContent(Uuid),
    OtherContent,
}

/// Checks whether the sender already sent a message with the same message id, and whether that message has the same content. `mine` are the
/// contacts of the sender.
pub(super) fn repeated(
    known: &BatchState,
    mine: &[Uuid],
    message_id_hash: Option<&Vec<u8>>,
    digest: &Vec<u8>,
) -> Repeated {
    let Some(seen) = message_id_hash.and_then(|hash| known.theirs.get(hash)) else {
        return Repeated::No;
    };
    let mut of_sender = seen
        .iter()
        .filter(|written| mine.contains(&written.contact))
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
    /// Loads the stored contacts, messages and choices that the messages `kept` may affect.
    pub(super) async fn look_up(
        &self,
        transaction: &DatabaseTransaction,
        kept: &[ParsedMessage],
    ) -> Result<BatchState, StoreError> {
        let (mut identifiers, mut threads, mut their_ids) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut has_parts = false;
        for ParsedMessage {
            journalled,
            normalised,
            ..
        } in kept
        {
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
            has_parts |= incoming.message_part.is_some();
            their_ids.extend(
                incoming
                    .message_id
                    .as_ref()
                    .map(|id| self.keys.lookup("their id", id)),
            );
            for evidence in &incoming.evidence {
                match evidence {
                    Evidence::Token(token) => threads.insert(self.keys.lookup("thread", token.expose())),
                    Evidence::EarlierMessage(id) => their_ids.insert(self.keys.lookup("their id", id)),
                };
            }
        }
        let mut known = BatchState {
            surges: self.surges_of(transaction, kept).await?,
            ..BatchState::default()
        };
        if !their_ids.is_empty() && !identifiers.is_empty() {
            known.theirs = written_before(transaction, &their_ids, &identifiers).await?;
        }
        let written = || known.theirs.values().flatten();
        let pointed_at: HashSet<Uuid> = written().map(|written| written.contact).collect();
        if has_parts && !pointed_at.is_empty() {
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
            // If one of the `IN` lists that `OR` combines is empty, SQLite reads every contact. Empty lists are therefore left out.
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
                // Requests of staff may lock the same contacts at the same time. Locking contacts in the order of their ids prevents
                // deadlocks.
                found = found.lock_exclusive();
            }
            let found = found.all(transaction).await?;
            known.contacts = found.into_iter().map(|contact| (contact.id, contact)).collect();
            known.stored.clone_from(&known.contacts);
        }
        Ok(known)
    }

    /// Finds the contacts that a message refers to by a thread token or by the id of an earlier message. `evidence` contains the tokens and
    /// ids that the message contains.
    pub(super) fn evident(&self, known: &BatchState, evidence: &[Evidence]) -> Vec<EvidentContact> {
        let mut found = Vec::new();
        for one in evidence {
            match one {
                Evidence::Token(token) => {
                    let hash = self.keys.lookup("thread", token.expose());
                    let mut all = known.contacts.values();
                    let thread = all.find(|contact| contact.thread_hash == hash);
                    found.extend(thread.map(|contact| EvidentContact {
                        contact: contact.id,
                        proof: Proof::Token,
                    }));
                }
                Evidence::EarlierMessage(id) => {
                    let hash = self.keys.lookup("their id", id);
                    let written = known.theirs.get(&hash).into_iter().flatten();
                    let loaded = written.filter(|written| known.contacts.contains_key(&written.contact));
                    found.extend(loaded.map(|written| EvidentContact {
                        contact: written.contact,
                        proof: Proof::EarlierMessage,
                    }));
                }
            }
        }
        found
    }
}

/// Returns the identifier of the sender of a message, or the identifier of the person whom a notice concerns.
fn identifier_of(normalised: &Normalised) -> Option<&Private<String>> {
    match normalised {
        Normalised::Message(incoming) => incoming.identifier.as_ref(),
        Normalised::Unreadable(unreadable) => unreadable.identifier.as_ref(),
        Normalised::Notice(notice) => Some(&notice.identifier),
        Normalised::Report(_) | Normalised::Ignore(_) => None,
    }
}

/// Builds the query for the ids of the contacts that have one of these identifiers. It selects at most [`CONTACTS_PER_IDENTIFIER`] contacts
/// for each identifier.
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
        .and_where(Expr::col("n").lte(CONTACTS_PER_IDENTIFIER))
        .to_owned()
}

/// Loads the stored messages whose message id is in `their_ids` and whose contact has one of the `identifiers`. Both sets contain hashes.
/// The keys of the returned map are the hashes from `their_ids`.
async fn written_before(
    transaction: &DatabaseTransaction,
    their_ids: &HashSet<Vec<u8>>,
    identifiers: &HashSet<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, Vec<Written>>, StoreError> {
    let window = WindowStatement::partition_by((messages::Entity, messages::Column::MessageIdHash))
        .add_partition_by(Expr::col((contacts::Entity, contacts::Column::IdentifierHash)))
        .order_by((messages::Entity, messages::Column::At), Order::Desc)
        .to_owned();
    let numbered = Query::select()
        .column((messages::Entity, messages::Column::Id))
        .column((messages::Entity, messages::Column::ContactId))
        .column((messages::Entity, messages::Column::MessageIdHash))
        .column((messages::Entity, messages::Column::Digest))
        .expr_window_as(Func::cust("ROW_NUMBER"), window, "n")
        .from(messages::Entity)
        .inner_join(
            contacts::Entity,
            Expr::col((contacts::Entity, contacts::Column::Id))
                .equals((messages::Entity, messages::Column::ContactId)),
        )
        .and_where(
            Expr::col((messages::Entity, messages::Column::MessageIdHash)).is_in(their_ids.iter().cloned()),
        )
        .and_where(
            Expr::col((contacts::Entity, contacts::Column::IdentifierHash))
                .is_in(identifiers.iter().cloned()),
        )
        .to_owned();
    let select = Query::select()
        .columns(["id", "contact_id", "their_id_hash", "digest"])
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col("n").lte(CONTACTS_PER_IDENTIFIER))
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
