//! Registering: messages become contacts, once, in one transaction with everything that follows from them.
//!
//! Several messages share a transaction. What is known of their identifiers and threads is read first, each is decided by
//! the rules of `core` on top of the ones before it, and the outcome of all is written at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use hotline_core::{
    clock,
    contact::{Status, Step},
    counting::{Belongs, Candidate, Joining, belongs},
    ids,
    job::{Delivery, JobKind},
    message::{Content, Evidence, Incoming, Normalised, Origin, Remark, Unreadable},
    routing::{OnDuty, Route, route},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use uuid::Uuid;

use crate::{
    accept::raw_place,
    entity::{attachments, contacts, events, jobs, journal, messages, outbox, staff, totals},
    error::StoreError,
    inbox::reference_of,
    queue::Journalled,
    store::{LineSettings, Store, time},
    thread::{
        Body, Card, attachment_place, body_place, card_place, contact_place, first_words, seal, unseal,
    },
};

/// At most this many acknowledgements go to one identifier in a day: two robots that answer each other fall silent.
const ACKNOWLEDGEMENTS_A_DAY: usize = 3;
/// At most this many earlier contacts of one batch's identifiers are looked at.
const CANDIDATES: u64 = 2_000;

impl Store {
    /// Registers what was read, each once. Messages whose lease was lost are left to whoever holds them now.
    ///
    /// # Errors
    /// When nothing was written. Doing it again is safe.
    pub async fn register(&self, batch: Vec<(Journalled, Normalised)>) -> Result<(), StoreError> {
        // No job named would be every job there is, to the statement that ends them.
        if batch.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(batch.len());
        for (journalled, normalised) in batch {
            let parts = self.keep_parts(&journalled, &normalised).await?;
            kept.push((journalled, normalised, parts));
        }
        let transaction = self.begin().await?;
        let held = finish_jobs(&transaction, &kept).await?;
        kept.retain(|(journalled, ..)| held.contains(&journalled.job.id));
        let mut plan = Plan {
            known: self.look_up(&transaction, &kept).await?,
            ..Plan::default()
        };
        for (journalled, normalised, parts) in kept {
            self.decide(&transaction, &mut plan, &journalled, normalised, parts)
                .await?;
        }
        plan.write(&transaction).await?;
        transaction.commit().await?;
        self.tell().await;
        self.deliver_due.notify_one();
        Ok(())
    }

    /// Writes what came with a message into sealed files. If the transaction fails they belong to nothing.
    async fn keep_parts(
        &self,
        journalled: &Journalled,
        normalised: &Normalised,
    ) -> Result<Vec<attachments::ActiveModel>, StoreError> {
        let Normalised::Message(incoming) = normalised else {
            return Ok(Vec::new());
        };
        if incoming.parts.is_empty() {
            return Ok(Vec::new());
        }
        let key = self
            .keys
            .data_key(&raw_place(&journalled.external_hash), &journalled.data_key)?;
        let (mut rows, mut files) = (Vec::new(), Vec::new());
        for (position, part) in (0..).zip(&incoming.parts) {
            let id = ids::new(self.clock.now());
            let name = part
                .name
                .as_ref()
                .map(|name| key.seal(&attachment_place(id, "name"), name.as_bytes()))
                .transpose()?;
            let kept = match &part.content {
                Content::Here(bytes) => {
                    files.push((id, key.seal(&attachment_place(id, "bytes"), bytes)?));
                    true
                }
                Content::NotTaken(_) => false,
            };
            rows.push(attachments::ActiveModel {
                id: Set(id),
                contact_id: NotSet,
                message_id: NotSet,
                journal_id: Set(journalled.job.journal_id),
                position: Set(position),
                name: Set(name),
                media_type: Set(part.media_type.clone()),
                inline: Set(part.inline),
                size: Set(i64::try_from(part.content.size()).unwrap_or(i64::MAX)),
                kept: Set(kept),
            });
        }
        self.files.write(files).await?;
        Ok(rows)
    }

    /// Everything already stored that the batch could have to do with.
    async fn look_up(&self, transaction: &DatabaseTransaction, kept: &[Kept]) -> Result<Known, StoreError> {
        let (mut identifiers, mut threads, mut their_ids) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (journalled, normalised, _) in kept {
            let Normalised::Message(incoming) = normalised else {
                continue;
            };
            identifiers.extend(
                self.identifier_hash(journalled, incoming.identifier.as_ref().map(|one| one.expose())),
            );
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
        let mut known = Known::default();
        if !their_ids.is_empty() {
            let found = messages::Entity::find()
                .filter(messages::Column::TheirIdHash.is_in(their_ids))
                .all(transaction);
            for message in found.await? {
                if let Some(hash) = message.their_id_hash {
                    known
                        .theirs
                        .entry(hash)
                        .or_default()
                        .push((message.contact_id, message.digest));
                }
            }
        }
        let pointed_at: Vec<_> = known
            .theirs
            .values()
            .flatten()
            .map(|(contact, _)| *contact)
            .collect();
        if !identifiers.is_empty() || !threads.is_empty() || !pointed_at.is_empty() {
            let found = contacts::Entity::find()
                .filter(
                    Condition::any()
                        .add(contacts::Column::IdentifierHash.is_in(identifiers))
                        .add(contacts::Column::ThreadHash.is_in(threads))
                        .add(contacts::Column::Id.is_in(pointed_at)),
                )
                .order_by_desc(contacts::Column::OpenedAt)
                .limit(CANDIDATES);
            known.contacts = found.all(transaction).await?;
        }
        Ok(known)
    }

    fn identifier_hash(&self, journalled: &Journalled, identifier: Option<&String>) -> Option<Vec<u8>> {
        identifier.map(|identifier| {
            self.keys
                .lookup("identifier", &format!("{}\n{identifier}", journalled.raw.line))
        })
    }

    async fn decide(
        &self,
        transaction: &DatabaseTransaction,
        plan: &mut Plan,
        journalled: &Journalled,
        normalised: Normalised,
        parts: Vec<attachments::ActiveModel>,
    ) -> Result<(), StoreError> {
        let journal_id = journalled.job.journal_id;
        match normalised {
            Normalised::Message(incoming) => {
                self.decide_message(transaction, plan, journalled, *incoming, parts, "message")
                    .await
            }
            Normalised::Unreadable(unreadable) => {
                let incoming = from_unreadable(unreadable);
                self.decide_message(transaction, plan, journalled, incoming, parts, "unreadable")
                    .await
            }
            Normalised::Ignore(reason) => {
                plan.settle(journal_id, "ignored", reason);
                Ok(())
            }
            Normalised::Report(report) => {
                let tied = self.apply_report(transaction, &report).await?;
                plan.settle(
                    journal_id,
                    "report",
                    if tied {
                        ""
                    } else {
                        "a report about nothing we sent"
                    },
                );
                Ok(())
            }
        }
    }

    async fn decide_message(
        &self,
        transaction: &DatabaseTransaction,
        plan: &mut Plan,
        journalled: &Journalled,
        mut incoming: Incoming,
        parts: Vec<attachments::ActiveModel>,
        outcome: &'static str,
    ) -> Result<(), StoreError> {
        let journal_id = journalled.job.journal_id;
        if let Some((id, token)) = &incoming.echo_of
            && self.sent_by_us(transaction, *id, token).await?
        {
            plan.settle(journal_id, "ignored", "our own message, come back");
            return Ok(());
        }
        let identifier_hash = self.identifier_hash(
            journalled,
            incoming.identifier.as_ref().map(|identifier| identifier.expose()),
        );
        let their_id_hash = incoming
            .message_id
            .as_ref()
            .map(|id| self.keys.lookup("their id", id));
        let digest = self.digest(&incoming);
        let mine = plan
            .known
            .of_identifier(journalled.raw.line.as_str(), identifier_hash.as_ref());
        match repeated(&plan.known, &mine, their_id_hash.as_ref(), &digest) {
            Repeated::SameContent => {
                plan.settle(journal_id, "ignored", "delivered again");
                return Ok(());
            }
            Repeated::OtherContent => incoming.remarks.push(Remark::SameIdOtherContent),
            Repeated::No => {}
        }
        let evident = self.evident(&plan.known, &incoming.evidence);
        let candidates = as_candidates(&plan.known, &mine, &evident);
        let now = journalled.raw.received_at;
        let place = belongs(&candidates, incoming.joining, self.reopen_days, now);
        if evident
            .iter()
            .any(|(contact, by_token)| *by_token && !mine.contains(contact))
        {
            incoming.remarks.push(Remark::OtherSender);
        }
        match (place, incoming.origin) {
            (Belongs::Opens { .. }, Origin::AutoReply) => {
                plan.settle(
                    journal_id,
                    "ignored",
                    "an automatic answer that belongs to nothing",
                );
                return Ok(());
            }
            (Belongs::Joins(index), origin) => {
                plan.known.join(index, now.timestamp_micros(), origin);
                let event = if origin == Origin::AutoReply {
                    "auto_reply"
                } else {
                    "joined"
                };
                let contact_id = plan.known.contact(index)?.id;
                plan.changed.insert(index);
                plan.event(contact_id, self.now(), None, event, "");
                self.add_message(plan, index, journalled, &incoming, their_id_hash, digest, parts)?;
            }
            (Belongs::Opens { earlier }, Origin::Person | Origin::Machine) => {
                let refers_to = evident
                    .iter()
                    .find(|(contact, by_token)| *by_token && !mine.contains(contact));
                let earlier = earlier
                    .map(|index| plan.known.contact(index).map(|contact| contact.id))
                    .transpose()?;
                let refers_to = refers_to
                    .map(|(index, _)| plan.known.contact(*index).map(|contact| contact.id))
                    .transpose()?;
                let index =
                    self.open_contact(plan, journalled, &incoming, identifier_hash, earlier, refers_to)?;
                self.add_message(plan, index, journalled, &incoming, their_id_hash, digest, parts)?;
                self.assign(transaction, plan, index).await?;
                self.acknowledge(transaction, plan, index, &incoming).await?;
            }
        }
        plan.settle(journal_id, outcome, "");
        Ok(())
    }

    /// The contacts the evidence points at; the flag tells a token from a mere id of theirs.
    fn evident(&self, known: &Known, evidence: &[Evidence]) -> Vec<(usize, bool)> {
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
                    for (contact_id, _) in known.theirs.get(&hash).into_iter().flatten() {
                        found.extend(
                            known
                                .position(|contact| contact.id == *contact_id)
                                .map(|index| (index, false)),
                        );
                    }
                }
            }
        }
        found
    }

    /// What makes two deliveries the same message: what was written, not which servers it passed.
    fn digest(&self, incoming: &Incoming) -> Vec<u8> {
        let mut parts = String::new();
        for part in &incoming.parts {
            parts.push_str(&format!("\n{} {}", part.media_type, part.content.size()));
        }
        let subject = incoming.subject.as_deref().unwrap_or_default();
        self.keys.lookup(
            "digest",
            &format!("{subject}\n{}\n{}{parts}", incoming.text, incoming.quoted),
        )
    }

    fn open_contact(
        &self,
        plan: &mut Plan,
        journalled: &Journalled,
        incoming: &Incoming,
        identifier_hash: Option<Vec<u8>>,
        earlier: Option<Uuid>,
        refers_to: Option<Uuid>,
    ) -> Result<usize, StoreError> {
        let received_at = journalled.raw.received_at;
        let id = ids::new(self.clock.now());
        let (key, data_key) = self.keys.new_data_key(&contact_place(id))?;
        let card = Card {
            identifier: incoming
                .identifier
                .as_ref()
                .filter(|_| !incoming.answers_lie_ready)
                .map(|identifier| identifier.expose().clone()),
            answers_lie_ready: incoming.answers_lie_ready,
            name: incoming.name.clone(),
            answer_to: incoming
                .answer_to
                .as_ref()
                .map(|address| address.expose().clone()),
            subject: incoming.subject.clone(),
            first_words: words_of(incoming),
        };
        let line = journalled.raw.line.as_str();
        let channel = self
            .line(line)
            .map_or_else(|| line.to_owned(), |settings| settings.channel.clone());
        let thread_hash = self.keys.lookup("thread", self.keys.thread_token(id).expose());
        let open_key = match (incoming.joining, &identifier_hash) {
            (Joining::ByIdentifier, Some(hash)) => hash.clone(),
            _ => thread_hash.clone(),
        };
        let day = clock::day_of(received_at, self.zone).to_string();
        let reference = self
            .keys
            .reference(u64::try_from(journalled.job.journal_id).unwrap_or_default());
        *plan
            .counted
            .entry((day.clone(), line.to_owned(), channel.clone()))
            .or_default() += 1;
        plan.event(id, self.now(), None, "registered", "");
        Ok(plan.known.add(contacts::Model {
            id,
            reference: i64::try_from(reference.number()).unwrap_or_default(),
            line: line.to_owned(),
            channel,
            day,
            status: Status::Waiting.as_str().to_owned(),
            holder: None,
            marking: None,
            asks: incoming.asks.map(|asks| asks.as_str().to_owned()),
            language: incoming.language.map(|language| language.tag().to_owned()),
            identifier_hash,
            thread_hash,
            open_key,
            data_key: Some(data_key),
            card: Some(seal(&key, &card_place(id), &card)?),
            opened_at: received_at.timestamp_micros(),
            last_in_at: received_at.timestamp_micros(),
            waiting_since: Some(received_at.timestamp_micros()),
            closed_at: None,
            acknowledged_at: None,
            earlier,
            refers_to,
            files_wanted: false,
        }))
    }

    #[expect(clippy::too_many_arguments, reason = "one message is all of these")]
    fn add_message(
        &self,
        plan: &mut Plan,
        index: usize,
        journalled: &Journalled,
        incoming: &Incoming,
        their_id_hash: Option<Vec<u8>>,
        digest: Vec<u8>,
        parts: Vec<attachments::ActiveModel>,
    ) -> Result<(), StoreError> {
        let contact = plan.known.contact(index)?;
        let (contact_id, key) = (contact.id, self.contact_key(contact)?);
        let mut card: Card = self.card(contact)?;
        card.first_words = words_of(incoming);
        let sealed_card = seal(&key, &card_place(contact_id), &card)?;
        let id = ids::new(self.clock.now());
        let body = Body {
            text: incoming.text.clone(),
            quoted: incoming.quoted.clone(),
            subject: incoming.subject.clone(),
            url: incoming.url.clone(),
            name: incoming.name.clone(),
            their_id: incoming.message_id.clone(),
            references: incoming.references.clone(),
            remarks: incoming.remarks.clone(),
            claimed_at: incoming.claimed_at,
        };
        if let Some(hash) = &their_id_hash {
            plan.known
                .theirs
                .entry(hash.clone())
                .or_default()
                .push((contact_id, Some(digest.clone())));
        }
        plan.messages.push(messages::ActiveModel {
            id: Set(id),
            contact_id: Set(contact_id),
            direction: Set("in".to_owned()),
            author: Set(None),
            at: Set(journalled.raw.received_at.timestamp_micros()),
            journal_id: Set(Some(journalled.job.journal_id)),
            body: Set(Some(seal(&key, &body_place(id), &body)?)),
            their_id_hash: Set(their_id_hash),
            digest: Set(Some(digest)),
        });
        if !parts.is_empty()
            && let Some(contact) = plan.known.contacts.get_mut(index)
        {
            contact.files_wanted = false;
        }
        plan.attachments.extend(parts.into_iter().map(|mut part| {
            part.contact_id = Set(contact_id);
            part.message_id = Set(id);
            part
        }));
        if incoming.origin != Origin::AutoReply
            && let Some(contact) = plan.known.contacts.get_mut(index)
        {
            contact.card = Some(sealed_card);
        }
        Ok(())
    }

    /// Gives a new contact to whoever routing says, if anybody is on duty.
    async fn assign(
        &self,
        transaction: &DatabaseTransaction,
        plan: &mut Plan,
        index: usize,
    ) -> Result<(), StoreError> {
        if plan.on_duty.is_none() {
            plan.on_duty = Some(on_duty(transaction).await?);
        }
        let Some(on_duty) = &mut plan.on_duty else {
            return Ok(());
        };
        let Route::To { staff, because } = route(on_duty) else {
            return Ok(());
        };
        let now = self.now();
        if let Some(one) = on_duty.iter_mut().find(|one| one.staff == staff) {
            one.holds += 1;
            one.last_given = Some(time(now));
        }
        if let Some(contact) = plan.known.contacts.get_mut(index) {
            contact.holder = Some(staff);
            let id = contact.id;
            plan.given.insert(staff, now);
            plan.event(id, now, Some(staff), "assigned", because.as_str());
        }
        Ok(())
    }

    /// Queues the acknowledgement of a first message, if the line has one and a person wrote it.
    async fn acknowledge(
        &self,
        transaction: &DatabaseTransaction,
        plan: &mut Plan,
        index: usize,
        incoming: &Incoming,
    ) -> Result<(), StoreError> {
        let contact = plan.known.contact(index)?;
        let Some(settings) = self.line(&contact.line) else {
            return Ok(());
        };
        let Some(template) = acknowledgement(settings, contact.language.as_deref()) else {
            return Ok(());
        };
        let Some(identifier) = contact.identifier_hash.clone() else {
            return Ok(());
        };
        if incoming.origin != Origin::Person || incoming.remarks.contains(&Remark::Unreadable) {
            return Ok(());
        }
        let now = self.now();
        let since = now.saturating_sub(86_400_000_000);
        let recent = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(identifier.clone()))
            .filter(contacts::Column::AcknowledgedAt.gt(since))
            .select_only()
            .column(contacts::Column::Id)
            .limit(ACKNOWLEDGEMENTS_A_DAY as u64)
            .into_tuple::<Uuid>()
            .all(transaction)
            .await?
            .len();
        let pending = plan
            .known
            .added
            .iter()
            .filter_map(|index| plan.known.contacts.get(*index))
            .filter(|other| {
                other.acknowledged_at.is_some()
                    && other.identifier_hash.as_ref() == Some(&identifier)
                    && other.line == contact.line
            });
        if recent + pending.count() >= ACKNOWLEDGEMENTS_A_DAY {
            plan.event(contact.id, now, None, "not_acknowledged", "");
            return Ok(());
        }
        let (contact_id, line) = (contact.id, contact.line.clone());
        let reference = reference_of(contact).to_string();
        let key = self.contact_key(contact)?;
        let id = ids::new(self.clock.now());
        let body = Body {
            text: template.replace("{reference}", &reference),
            ..Body::default()
        };
        plan.messages.push(messages::ActiveModel {
            id: Set(id),
            contact_id: Set(contact_id),
            direction: Set("automatic".to_owned()),
            author: Set(None),
            at: Set(now),
            journal_id: Set(None),
            body: Set(Some(seal(&key, &body_place(id), &body)?)),
            their_id_hash: Set(None),
            digest: Set(None),
        });
        plan.outbox
            .push(queued(ids::new(self.clock.now()), id, contact_id, line, now));
        if let Some(contact) = plan.known.contacts.get_mut(index) {
            contact.acknowledged_at = Some(now);
        }
        Ok(())
    }

    pub(crate) fn line(&self, name: &str) -> Option<&LineSettings> {
        self.lines.iter().find(|line| line.name == name)
    }
}

/// A message with its normalised form and its attachments' rows.
type Kept = (Journalled, Normalised, Vec<attachments::ActiveModel>);

/// Deletes the batch's jobs and says which of them were still ours.
async fn finish_jobs(transaction: &DatabaseTransaction, kept: &[Kept]) -> Result<HashSet<i64>, StoreError> {
    let mut ours = Condition::any();
    for (journalled, ..) in kept {
        ours = ours.add(
            Expr::col(jobs::Column::Id)
                .eq(journalled.job.id)
                .and(Expr::col(jobs::Column::Attempt).eq(journalled.job.attempt)),
        );
    }
    let delete = Query::delete()
        .from_table(jobs::Entity)
        .cond_where(ours)
        .returning_col(jobs::Column::Id)
        .to_owned();
    let deleted = transaction.query_all(&delete).await?;
    deleted
        .iter()
        .map(|row| row.try_get("", "id").map_err(StoreError::from))
        .collect()
}

/// A message of theirs: in which contact, and the digest of what it said.
type Written = (Uuid, Option<Vec<u8>>);

/// What is stored, and what this batch adds to it.
#[derive(Default)]
struct Known {
    contacts: Vec<contacts::Model>,
    /// Which of them are new in this batch.
    added: HashSet<usize>,
    /// Messages by the hash of their own id.
    theirs: HashMap<Vec<u8>, Vec<Written>>,
}

impl Known {
    fn contact(&self, index: usize) -> Result<&contacts::Model, StoreError> {
        self.contacts.get(index).ok_or(StoreError::NotFound("contact"))
    }

    fn position(&self, test: impl Fn(&contacts::Model) -> bool) -> Option<usize> {
        self.contacts.iter().position(test)
    }

    fn add(&mut self, contact: contacts::Model) -> usize {
        let index = self.contacts.len();
        self.contacts.push(contact);
        self.added.insert(index);
        index
    }

    /// The contacts of one identifier on one line: open ones first, then the newest.
    fn of_identifier(&self, line: &str, identifier_hash: Option<&Vec<u8>>) -> Vec<usize> {
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
                contact.status == Status::Closed.as_str(),
                std::cmp::Reverse(contact.opened_at),
            )
        });
        found.into_iter().map(|(index, _)| index).collect()
    }

    fn join(&mut self, index: usize, at: i64, origin: Origin) {
        if origin == Origin::AutoReply {
            return;
        }
        let Some(contact) = self.contacts.get_mut(index) else {
            return;
        };
        let status = Status::parse(&contact.status).unwrap_or(Status::Waiting);
        if let Ok(after) = status.after(Step::Wrote) {
            after.as_str().clone_into(&mut contact.status);
        }
        if status != Status::Waiting || contact.waiting_since.is_none() {
            contact.waiting_since = Some(at);
        }
        contact.closed_at = None;
        contact.last_in_at = Ord::max(contact.last_in_at, at);
    }
}

fn as_candidates(known: &Known, mine: &[usize], evident: &[(usize, bool)]) -> Vec<Candidate<usize>> {
    let candidate = |index: &usize| {
        let contact = known.contacts.get(*index)?;
        Some(Candidate {
            id: *index,
            status: Status::parse(&contact.status)?,
            closed_at: contact.closed_at.map(time),
            evidence: evident.iter().any(|(evident, _)| evident == index),
        })
    };
    mine.iter().filter_map(candidate).collect()
}

enum Repeated {
    No,
    SameContent,
    OtherContent,
}

/// Whether the same identifier sent a message with this id before.
fn repeated(known: &Known, mine: &[usize], their_id_hash: Option<&Vec<u8>>, digest: &Vec<u8>) -> Repeated {
    let Some(seen) = their_id_hash.and_then(|hash| known.theirs.get(hash)) else {
        return Repeated::No;
    };
    let is_mine = |id: &Uuid| {
        mine.iter().any(|index| {
            known
                .contacts
                .get(*index)
                .is_some_and(|contact| contact.id == *id)
        })
    };
    let mut digests = seen
        .iter()
        .filter(|(contact, _)| is_mine(contact))
        .map(|(_, digest)| digest)
        .peekable();
    if digests.peek().is_none() {
        Repeated::No
    } else if digests.any(|seen| seen.as_ref() == Some(digest)) {
        Repeated::SameContent
    } else {
        Repeated::OtherContent
    }
}

/// Everything a batch writes.
#[derive(Default)]
struct Plan {
    known: Known,
    changed: HashSet<usize>,
    messages: Vec<messages::ActiveModel>,
    attachments: Vec<attachments::ActiveModel>,
    outbox: Vec<outbox::ActiveModel>,
    events: Vec<events::ActiveModel>,
    counted: BTreeMap<(String, String, String), i64>,
    settled: BTreeMap<(&'static str, &'static str), Vec<i64>>,
    on_duty: Option<Vec<OnDuty>>,
    given: HashMap<Uuid, i64>,
}

impl Plan {
    fn settle(&mut self, journal_id: i64, outcome: &'static str, reason: &'static str) {
        self.settled
            .entry((outcome, reason))
            .or_default()
            .push(journal_id);
    }

    fn event(&mut self, contact_id: Uuid, at: i64, actor: Option<Uuid>, kind: &str, detail: &str) {
        self.events.push(event(contact_id, at, actor, kind, detail));
    }

    async fn write(self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let mut opened = Vec::new();
        for (index, contact) in self.known.contacts.into_iter().enumerate() {
            if self.known.added.contains(&index) {
                opened.push(contacts::ActiveModel::from(contact).reset_all());
            } else if self.changed.contains(&index) {
                let update = contacts::ActiveModel {
                    id: Unchanged(contact.id),
                    status: Set(contact.status),
                    last_in_at: Set(contact.last_in_at),
                    waiting_since: Set(contact.waiting_since),
                    closed_at: Set(contact.closed_at),
                    files_wanted: Set(contact.files_wanted),
                    card: Set(contact.card),
                    ..Default::default()
                };
                update.update(transaction).await?;
            }
        }
        if !opened.is_empty() {
            contacts::Entity::insert_many(opened)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.messages.is_empty() {
            messages::Entity::insert_many(self.messages)
                .exec_without_returning(transaction)
                .await?;
        }
        // Wide rows times many parts must stay below the databases' limit of bound values.
        for some in self.attachments.chunks(500) {
            attachments::Entity::insert_many(some.to_vec())
                .exec_without_returning(transaction)
                .await?;
        }
        let deliver: Vec<_> = self.outbox.iter().map(deliver_job).collect();
        if !deliver.is_empty() {
            outbox::Entity::insert_many(self.outbox)
                .exec_without_returning(transaction)
                .await?;
            jobs::Entity::insert_many(deliver)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.events.is_empty() {
            events::Entity::insert_many(self.events)
                .exec_without_returning(transaction)
                .await?;
        }
        for ((day, line, channel), count) in self.counted {
            add_to_total(transaction, day, line, channel, count).await?;
        }
        for ((outcome, reason), ids) in self.settled {
            journal::Entity::update_many()
                .col_expr(journal::Column::Outcome, Expr::value(outcome))
                .col_expr(journal::Column::Reason, Expr::value(reason))
                .filter(journal::Column::Id.is_in(ids))
                .exec(transaction)
                .await?;
        }
        for (staff_id, at) in self.given {
            staff::Entity::update_many()
                .col_expr(staff::Column::LastGiven, Expr::value(at))
                .filter(staff::Column::Id.eq(staff_id))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }
}

/// Adds to a day's total of a line; `count` may be negative when a contact leaves the total.
pub(crate) async fn add_to_total(
    transaction: &DatabaseTransaction,
    day: String,
    line: String,
    channel: String,
    count: i64,
) -> Result<(), StoreError> {
    let row = totals::ActiveModel {
        day: Set(day),
        line: Set(line),
        channel: Set(channel),
        count: Set(count),
    };
    let sum = Expr::col((totals::Entity, totals::Column::Count)).add(count);
    totals::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([totals::Column::Day, totals::Column::Line])
                .value(totals::Column::Count, sum)
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

pub(crate) fn event(
    contact_id: Uuid,
    at: i64,
    actor: Option<Uuid>,
    kind: &str,
    detail: &str,
) -> events::ActiveModel {
    events::ActiveModel {
        id: NotSet,
        contact_id: Set(contact_id),
        at: Set(at),
        actor: Set(actor),
        kind: Set(kind.to_owned()),
        detail: Set(detail.to_owned()),
    }
}

pub(crate) fn queued(
    id: Uuid,
    message_id: Uuid,
    contact_id: Uuid,
    line: String,
    now: i64,
) -> outbox::ActiveModel {
    outbox::ActiveModel {
        id: Set(id),
        message_id: Set(message_id),
        contact_id: Set(contact_id),
        line: Set(line),
        state: Set(Delivery::Queued.as_str().to_owned()),
        tries: Set(0),
        queued_at: Set(now),
        sent_at: Set(None),
        said: Set(None),
    }
}

pub(crate) fn deliver_job(outgoing: &outbox::ActiveModel) -> jobs::ActiveModel {
    let now = *outgoing.queued_at.as_ref();
    jobs::ActiveModel {
        id: NotSet,
        kind: Set(JobKind::Deliver.as_str().to_owned()),
        journal_id: Set(None),
        outbox_id: Set(Some(*outgoing.id.as_ref())),
        state: Set("ready".to_owned()),
        attempt: Set(0),
        due_at: Set(now),
        made_at: Set(now),
        reason: Set(String::new()),
    }
}

/// Counsellors on duty with what they hold.
async fn on_duty(transaction: &DatabaseTransaction) -> Result<Vec<OnDuty>, StoreError> {
    #[derive(FromQueryResult)]
    struct Holds {
        holder: Uuid,
        holds: i64,
    }
    let people = staff::Entity::find()
        .filter(staff::Column::Active.eq(true))
        .filter(staff::Column::OnDuty.eq(true))
        .all(transaction)
        .await?;
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let holds: Vec<Holds> = contacts::Entity::find()
        .select_only()
        .column(contacts::Column::Holder)
        .column_as(contacts::Column::Id.count(), "holds")
        .filter(contacts::Column::Holder.is_in(people.iter().map(|one| one.id)))
        .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
        .group_by(contacts::Column::Holder)
        .into_model()
        .all(transaction)
        .await?;
    let held = |id: Uuid| {
        holds
            .iter()
            .find(|one| one.holder == id)
            .map_or(0, |one| one.holds)
    };
    let on_duty = people.iter().map(|one| OnDuty {
        staff: one.id,
        holds: u64::try_from(held(one.id)).unwrap_or_default(),
        last_given: one.last_given.map(time),
    });
    Ok(on_duty.collect())
}

fn acknowledgement<'a>(settings: &'a LineSettings, language: Option<&str>) -> Option<&'a String> {
    let texts = &settings.acknowledgement;
    let in_language = texts.iter().find(|(tag, _)| Some(tag.as_str()) == language);
    in_language.or(texts.first()).map(|(_, text)| text)
}

fn words_of(incoming: &Incoming) -> String {
    let text = if incoming.text.trim().is_empty() {
        incoming.url.as_deref().unwrap_or_default()
    } else {
        &incoming.text
    };
    first_words(text)
}

/// A message that could not be read is a message all the same: nobody is dropped.
fn from_unreadable(unreadable: Unreadable) -> Incoming {
    Incoming {
        identifier: unreadable.identifier,
        name: None,
        answer_to: None,
        joining: Joining::ByEvidence,
        echo_of: None,
        evidence: Vec::new(),
        message_id: None,
        references: Vec::new(),
        answers_lie_ready: false,
        subject: unreadable.subject,
        text: String::new(),
        quoted: String::new(),
        url: None,
        asks: None,
        language: None,
        parts: Vec::new(),
        origin: Origin::Machine,
        claimed_at: None,
        remarks: vec![Remark::Unreadable],
    }
}

impl Store {
    /// A sealed text, opened with a contact's key.
    pub(crate) fn said(&self, contact: &contacts::Model, outgoing: &outbox::Model) -> Option<String> {
        let key = self.contact_key(contact).ok()?;
        unseal(
            &key,
            &crate::thread::said_place(outgoing.id),
            outgoing.said.as_ref()?,
        )
        .ok()
    }
}
