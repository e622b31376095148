//! What the inbox and the page of one contact show.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::{Marking, Status},
    job::Delivery,
    message::Asks,
    reference::Reference,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::ExprTrait,
};
use uuid::Uuid;

use crate::{
    accept::raw_place,
    entity::{attachments, contacts, events, journal, messages, outbox, staff},
    error::StoreError,
    store::{Store, time},
    thread::{Body, Card, attachment_place},
};

/// A reply under way for longer than this, in microseconds, is shown in the list (requirement G11).
const LATE: i64 = 15 * 60 * 1_000_000;

/// A view of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// People who wait and whom nobody holds; who waits longest stands first.
    Unassigned,
    /// What I hold and have not closed; who wrote first stands first.
    Mine,
    /// Everything, the newest first.
    All,
}

impl View {
    /// Every view, as they stand on screen.
    pub const ALL: [Self; 3] = [Self::Unassigned, Self::Mine, Self::All];

    /// Its name in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Mine => "mine",
            Self::All => "all",
        }
    }

    /// The view with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == name)
    }
}

/// One row of the inbox.
pub struct Row {
    /// The contact's reference.
    pub reference: Reference,
    /// Its line.
    pub line: String,
    /// Its channel.
    pub channel: String,
    /// Where it stands.
    pub status: Status,
    /// Why it left the total, if it did.
    pub marking: Option<Marking>,
    /// Who holds it: the work name.
    pub holder: Option<String>,
    /// Since when the person waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When the person last wrote.
    pub last_in_at: DateTime<Utc>,
    /// The subject and first words. `None` if erased.
    pub card: Option<Card>,
    /// The state of a reply that did not get through: failed, or on its way for longer than a quarter of an hour.
    pub undelivered: Option<Delivery>,
    place: Place,
}

/// Where a page ends, to go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    at: i64,
    id: Uuid,
}

impl Place {
    /// As it stands in an address.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{}.{}", self.at, self.id.simple())
    }

    /// Reads it from an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self {
            at: at.parse().ok()?,
            id: Uuid::try_parse(id).ok()?,
        })
    }
}

/// A page of the inbox.
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

/// A contact, whole.
pub struct Opened {
    /// Its id.
    pub id: Uuid,
    /// Its reference.
    pub reference: Reference,
    /// Its line.
    pub line: String,
    /// Its channel.
    pub channel: String,
    /// Where it stands.
    pub status: Status,
    /// Why it left the total, if it did.
    pub marking: Option<Marking>,
    /// What the person asks for, if said.
    pub asks: Option<Asks>,
    /// The language, if known.
    pub language: Option<String>,
    /// Who holds it: id and work name.
    pub holder: Option<(Uuid, String)>,
    /// The day it counts on.
    pub day: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Since when the person waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Who is on the other side. `None` if erased.
    pub card: Option<Card>,
    /// What was said, oldest first.
    pub messages: Vec<Message>,
    /// What was done, oldest first.
    pub history: Vec<Event>,
    /// Earlier and later contacts of the same identifier on the same line, newest first, at most 20.
    pub others: Vec<Other>,
    /// A contact of somebody else that it refers to.
    pub refers_to: Option<Reference>,
    /// Whether the person can be asked for files, and if so, whether that was done and none came yet.
    pub files: Option<bool>,
}

/// One message of a contact.
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// `in`, `reply`, `automatic` or `note`.
    pub direction: String,
    /// The work name of who wrote it.
    pub author: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// What it says. `None` if erased.
    pub body: Option<Body>,
    /// Whether its raw source can be looked at.
    pub has_source: bool,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// How it fares on each line it leaves by.
    pub deliveries: Vec<Delivered>,
}

/// How a message fares on one line.
pub struct Delivered {
    /// The line.
    pub line: String,
    /// Its state.
    pub state: Delivery,
    /// What the other side said.
    pub said: Option<String>,
    /// When the other side took it.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Something that came with a message; its bytes are not here.
pub struct Attachment {
    /// Its id.
    pub id: Uuid,
    /// Its name as sent.
    pub name: Option<String>,
    /// Its media type as sent.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// Whether it stood inside the text.
    pub inline: bool,
    /// Whether its bytes are here.
    pub kept: bool,
}

/// Something that was done to a contact.
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// The work name of who did it.
    pub actor: Option<String>,
    /// What.
    pub kind: String,
    /// How.
    pub detail: String,
}

/// Another contact of the same identifier.
pub struct Other {
    /// Its reference.
    pub reference: Reference,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Where it stands.
    pub status: Status,
}

/// The bytes of something that came with a message.
pub struct Bytes {
    /// Its name as sent.
    pub name: Option<String>,
    /// Its media type as sent.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// A page of a view for `me`, from `after` on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn inbox(
        &self,
        view: View,
        me: Uuid,
        after: Option<Place>,
        size: u64,
    ) -> Result<Page, StoreError> {
        let descending = view == View::All;
        let (at, id) = (contacts::Column::LastInAt, contacts::Column::Id);
        let mut query = in_view(view, me);
        query = if descending {
            query.order_by_desc(at).order_by_desc(id)
        } else {
            query.order_by_asc(at).order_by_asc(id)
        };
        if let Some(after) = after {
            let (beyond, same) = if descending {
                (at.lt(after.at), id.lt(after.id))
            } else {
                (at.gt(after.at), id.gt(after.id))
            };
            query = query.filter(Condition::any().add(beyond).add(at.eq(after.at).and(same)));
        }
        let mut found = query.limit(size + 1).all(&self.reading).await?;
        let more = found.len() as u64 > size;
        found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let names = self.names().await?;
        let undelivered = self.undelivered(&found).await?;
        let rows: Vec<Row> = found
            .into_iter()
            .map(|contact| {
                let undelivered = undelivered.get(&contact.id).copied();
                self.row(contact, &names, undelivered)
            })
            .collect();
        let next = rows.last().filter(|_| more).map(|row| row.place);
        Ok(Page { rows, next })
    }

    /// Of these contacts, those with a reply that did not get through.
    async fn undelivered(&self, found: &[contacts::Model]) -> Result<HashMap<Uuid, Delivery>, StoreError> {
        let mut worst = HashMap::new();
        if found.is_empty() {
            return Ok(worst);
        }
        let late = self.now().saturating_sub(LATE);
        let stuck = [Delivery::Delayed, Delivery::Unknown].map(Delivery::as_str);
        let replies = messages::Entity::find()
            .select_only()
            .column(messages::Column::Id)
            .filter(messages::Column::ContactId.is_in(found.iter().map(|contact| contact.id)))
            .filter(messages::Column::Direction.eq("reply"));
        let rows = outbox::Entity::find()
            .filter(outbox::Column::MessageId.in_subquery(replies.into_query()))
            .filter(
                Condition::any()
                    .add(outbox::Column::State.eq(Delivery::Failed.as_str()))
                    .add(
                        outbox::Column::State
                            .is_in(stuck)
                            .and(outbox::Column::QueuedAt.lt(late)),
                    ),
            )
            .all(&self.reading)
            .await?;
        for row in rows {
            let state = Delivery::parse(&row.state).unwrap_or(Delivery::Unknown);
            let known = worst.entry(row.contact_id).or_insert(state);
            if state == Delivery::Failed {
                *known = state;
            }
        }
        Ok(worst)
    }

    fn row(&self, contact: contacts::Model, names: &[(Uuid, String)], undelivered: Option<Delivery>) -> Row {
        Row {
            undelivered,
            reference: reference_of(&contact),
            card: self.card(&contact).ok(),
            status: Status::parse(&contact.status).unwrap_or(Status::Waiting),
            marking: contact.marking.as_deref().and_then(Marking::parse),
            holder: contact.holder.and_then(|holder| name_of(names, holder)),
            waiting_since: contact.waiting_since.map(time),
            last_in_at: time(contact.last_in_at),
            place: Place {
                at: contact.last_in_at,
                id: contact.id,
            },
            line: contact.line,
            channel: contact.channel,
        }
    }

    /// How many contacts a view has, counted up to 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn view_size(&self, view: View, me: Uuid) -> Result<u64, StoreError> {
        let ids = in_view(view, me)
            .select_only()
            .column(contacts::Column::Id)
            .limit(1_000);
        Ok(ids.into_tuple::<Uuid>().all(&self.reading).await?.len() as u64)
    }

    /// A contact by its reference. `None` if there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn contact(&self, reference: Reference) -> Result<Option<Opened>, StoreError> {
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let Some(contact) = found.one(&self.reading).await? else {
            return Ok(None);
        };
        let names = self.names().await?;
        let history = events::Entity::find()
            .filter(events::Column::ContactId.eq(contact.id))
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        let refers_to = match contact.refers_to {
            Some(id) => contacts::Entity::find_by_id(id)
                .one(&self.reading)
                .await?
                .as_ref()
                .map(reference_of),
            None => None,
        };
        let asks = self.line(&contact.line).is_some_and(|line| line.asks_for_files);
        Ok(Some(Opened {
            files: asks.then_some(contact.files_wanted),
            id: contact.id,
            reference,
            messages: self.messages(&contact, &names).await?,
            others: self.others(&contact).await?,
            history: history
                .into_iter()
                .map(|event| Event {
                    at: time(event.at),
                    actor: event.actor.and_then(|actor| name_of(&names, actor)),
                    kind: event.kind,
                    detail: event.detail,
                })
                .collect(),
            refers_to,
            card: self.card(&contact).ok(),
            status: Status::parse(&contact.status).unwrap_or(Status::Waiting),
            marking: contact.marking.as_deref().and_then(Marking::parse),
            asks: contact.asks.as_deref().and_then(Asks::parse),
            holder: contact
                .holder
                .and_then(|holder| Some((holder, name_of(&names, holder)?))),
            opened_at: time(contact.opened_at),
            waiting_since: contact.waiting_since.map(time),
            line: contact.line,
            channel: contact.channel,
            language: contact.language,
            day: contact.day,
        }))
    }

    async fn messages(
        &self,
        contact: &contacts::Model,
        names: &[(Uuid, String)],
    ) -> Result<Vec<Message>, StoreError> {
        let key = self.contact_key(contact).ok();
        let rows = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact.id))
            .order_by_asc(messages::Column::At)
            .order_by_asc(messages::Column::Id)
            .all(&self.reading)
            .await?;
        let parts = attachments::Entity::find()
            .filter(attachments::Column::ContactId.eq(contact.id))
            .order_by_asc(attachments::Column::Position)
            .all(&self.reading)
            .await?;
        let sent = outbox::Entity::find()
            .filter(outbox::Column::ContactId.eq(contact.id))
            .all(&self.reading)
            .await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let mut own = Vec::new();
            for part in parts.iter().filter(|part| part.message_id == row.id) {
                own.push(self.attachment_row(part).await?);
            }
            let deliveries = sent
                .iter()
                .filter(|outgoing| outgoing.message_id == row.id)
                .map(|outgoing| Delivered {
                    line: outgoing.line.clone(),
                    state: Delivery::parse(&outgoing.state).unwrap_or(Delivery::Unknown),
                    said: self.said(contact, outgoing),
                    sent_at: outgoing.sent_at.map(time),
                });
            shown.push(Message {
                id: row.id,
                author: row.author.and_then(|author| name_of(names, author)),
                at: time(row.at),
                body: key.as_ref().and_then(|key| self.body(key, &row).ok()),
                has_source: row.journal_id.is_some(),
                attachments: own,
                deliveries: deliveries.collect(),
                direction: row.direction,
            });
        }
        Ok(shown)
    }

    async fn others(&self, contact: &contacts::Model) -> Result<Vec<Other>, StoreError> {
        let Some(hash) = &contact.identifier_hash else {
            return Ok(Vec::new());
        };
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(hash.clone()))
            .filter(contacts::Column::Id.ne(contact.id))
            .order_by_desc(contacts::Column::OpenedAt)
            .limit(20)
            .all(&self.reading)
            .await?;
        let other = |row: &contacts::Model| Other {
            reference: reference_of(row),
            opened_at: time(row.opened_at),
            status: Status::parse(&row.status).unwrap_or(Status::Waiting),
        };
        Ok(rows.iter().map(other).collect())
    }

    async fn attachment_row(&self, part: &attachments::Model) -> Result<Attachment, StoreError> {
        let name = match &part.name {
            Some(sealed) => {
                let key = self.journal_key(part.journal_id).await?;
                let name = key.and_then(|key| key.open(&attachment_place(part.id, "name"), sealed).ok());
                name.map(|name| String::from_utf8_lossy(&name).into_owned())
            }
            None => None,
        };
        Ok(Attachment {
            id: part.id,
            name,
            media_type: part.media_type.clone(),
            size: part.size,
            inline: part.inline,
            kept: part.kept,
        })
    }

    async fn journal_key(&self, id: i64) -> Result<Option<crate::sealing::DataKey>, StoreError> {
        let Some(row) = journal::Entity::find_by_id(id).one(&self.reading).await? else {
            return Ok(None);
        };
        let Some(wrapped) = row.data_key else {
            return Ok(None);
        };
        self.keys
            .data_key(&raw_place(&row.external_hash), &wrapped)
            .map(Some)
    }

    /// The bytes of an attachment of this contact. The caller writes the audit entry first.
    ///
    /// # Errors
    /// When it does not open or cannot be read.
    pub async fn attachment(&self, reference: Reference, id: Uuid) -> Result<Option<Bytes>, StoreError> {
        let Some(part) = attachments::Entity::find_by_id(id).one(&self.reading).await? else {
            return Ok(None);
        };
        let contact = contacts::Entity::find_by_id(part.contact_id)
            .one(&self.reading)
            .await?;
        if !part.kept || contact.is_none_or(|contact| reference_of(&contact) != reference) {
            return Ok(None);
        }
        let Some(key) = self.journal_key(part.journal_id).await? else {
            return Ok(None);
        };
        let bytes = key.open(&attachment_place(id, "bytes"), &self.files.read(id).await?)?;
        let row = self.attachment_row(&part).await?;
        Ok(Some(Bytes {
            name: row.name,
            media_type: row.media_type,
            bytes,
        }))
    }

    /// The raw source of a message of this contact. The caller writes the audit entry first.
    ///
    /// # Errors
    /// When it does not open or cannot be read.
    pub async fn source(&self, reference: Reference, message: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(row) = messages::Entity::find_by_id(message).one(&self.reading).await? else {
            return Ok(None);
        };
        let contact = contacts::Entity::find_by_id(row.contact_id)
            .one(&self.reading)
            .await?;
        if contact.is_none_or(|contact| reference_of(&contact) != reference) {
            return Ok(None);
        }
        let Some(journal_id) = row.journal_id else {
            return Ok(None);
        };
        let Some(raw) = journal::Entity::find_by_id(journal_id).one(&self.reading).await? else {
            return Ok(None);
        };
        self.open_raw(&raw).await.map(Some)
    }

    async fn names(&self) -> Result<Vec<(Uuid, String)>, StoreError> {
        let people = staff::Entity::find().all(&self.reading).await?;
        Ok(people.into_iter().map(|one| (one.id, one.name)).collect())
    }

    /// How many contacts are registered in all, whether they count or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn contacts_registered(&self) -> Result<u64, StoreError> {
        Ok(contacts::Entity::find().count(&self.reading).await?)
    }
}

fn in_view(view: View, me: Uuid) -> Select<contacts::Entity> {
    let all = contacts::Entity::find();
    match view {
        View::Unassigned => all
            .filter(contacts::Column::Holder.is_null())
            .filter(contacts::Column::Status.eq(Status::Waiting.as_str())),
        View::Mine => all
            .filter(contacts::Column::Holder.eq(me))
            .filter(contacts::Column::Status.ne(Status::Closed.as_str())),
        View::All => all,
    }
}

fn name_of(names: &[(Uuid, String)], id: Uuid) -> Option<String> {
    names
        .iter()
        .find(|(one, _)| *one == id)
        .map(|(_, name)| name.clone())
}

pub(crate) fn reference_of(contact: &contacts::Model) -> Reference {
    Reference::from_number(u64::try_from(contact.reference).unwrap_or_default())
}
