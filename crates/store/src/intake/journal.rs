//! The journal: each raw message is written to disk before its channel confirms it to the source (such as a mail server).
//!
//! Each commit has to wait for the disk. Requests that arrive while a commit is running share the next commit, so a disk that can sync a
//! few hundred times a second can store thousands of messages a second. A request is answered only after its commit, so each message is as
//! durable as with a commit of its own.

use std::{
    collections::{HashMap, HashSet},
    sync::{Weak, atomic::Ordering},
    time::Instant,
};

use async_trait::async_trait;
use hotline_core::{
    contact::{lifecycle::Status, message::RawMessage},
    health::Health,
    identifiers::{line_name::LineName, private::Private, receipt::ReceiptCode, reference::Reference},
    intake::{
        Accepted, Closed, Conversation, Cursor, Intake, LineOpening, NotAccepted, Source, flood::Surge,
    },
    job::JobKind,
    text::locale::Language,
    time::hours::Opening,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryResult, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, Query, UnionType},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    db::{
        batch_request::{BatchRequest, JournalRow},
        contact_row::reference_of,
        entity::{contacts, jobs, journal},
        store::Store,
        stored::Stored,
        transactions::commit_measured,
        values::{JobState, Outcome},
    },
    error::StoreError,
    intake::{cursors, lines::note_success},
    sealing::places::raw_place,
};

/// Raw messages larger than this many bytes are stored in the attachments folder instead of the database.
const IN_DATABASE: usize = 64 * 1024;
/// When the requests collected for a commit contain this many messages, no further request is added to this commit.
const TOGETHER: usize = 256;

/// Starts a task that commits the batch requests as they arrive. The task ends when the store is dropped.
pub(crate) fn serve_requests(store: Weak<Store>, mut requests: mpsc::Receiver<BatchRequest>) {
    tokio::spawn(async move {
        while let Some(first) = requests.recv().await {
            let Some(store) = store.upgrade() else { return };
            let mut together = vec![first];
            let mut rows = together.iter().map(|request| request.rows.len()).sum::<usize>();
            while rows < TOGETHER
                && let Ok(request) = requests.try_recv()
            {
                rows += request.rows.len();
                together.push(request);
            }
            store.commit_batch(together).await;
        }
    });
}

impl Store {
    async fn commit_batch(&self, mut requests: Vec<BatchRequest>) {
        match self.write_journal(&mut requests).await {
            Ok(mut written) => {
                self.receive_due.notify_one();
                for request in requests {
                    let accepted = request
                        .rows
                        .iter()
                        .map(|row| written.take(row))
                        .collect::<Option<Vec<_>>>();
                    self.count_accepted(&request.rows, accepted.as_deref().unwrap_or_default());
                    // A message that was accepted before already has its file, so the file that was written for the repeated message is
                    // deleted.
                    let repeated = accepted.iter().flatten().zip(&request.rows);
                    let repeated = repeated.filter(|(accepted, _)| !accepted.fresh);
                    let files = repeated.filter_map(|(_, row)| row.file).collect();
                    self.files.remove(files).await;
                    let _ = request
                        .answer
                        .send(accepted.ok_or_else(|| NotAccepted("a row is missing".to_owned())));
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "Could not write down what arrived; its source will be asked again");
                for request in requests {
                    let _ = request.answer.send(Err(NotAccepted(error.to_string())));
                }
            }
        }
    }

    /// Counts the messages that a commit stored for the first time, by the channel of their line.
    fn count_accepted(&self, rows: &[JournalRow], accepted: &[Accepted]) {
        for (row, _) in rows.iter().zip(accepted).filter(|(_, one)| one.fresh) {
            note_success(&row.line, self.clock.now());
            if let Some(line) = self.line(&row.line) {
                metrics::counter!("hotline_messages_accepted_total", "channel" => line.channel.clone())
                    .increment(1);
            }
        }
    }

    async fn write_journal(&self, requests: &mut [BatchRequest]) -> Result<Written, StoreError> {
        let transaction = self.begin().await?;
        let rows: Vec<&JournalRow> = requests.iter().flat_map(|request| &request.rows).collect();
        let mut written = Written::default();
        if !rows.is_empty() {
            let references = self.draw_references(&transaction, rows.len()).await?;
            let models = rows.iter().zip(references);
            let insert = journal::Entity::insert_many(models.map(|(row, reference)| row.to_model(reference)))
                .on_conflict(
                    OnConflict::columns([journal::Column::Line, journal::Column::ExternalHash])
                        .do_nothing()
                        .to_owned(),
                )
                .into_query()
                .returning(Query::returning().columns(NUMBERED))
                .to_owned();
            for row in transaction.query_all(&insert).await? {
                written
                    .fresh
                    .insert(row.try_get("", "external_hash")?, self.numbered(&row)?);
            }
            written.known = self.known_before(&transaction, &rows, &written.fresh).await?;
            let now = self.now();
            // Creates the receive jobs in the order of the journal ids, so that messages are registered in the order in which they arrived.
            let mut ids: Vec<i64> = written.fresh.values().map(|row| row.id).collect();
            ids.sort_unstable();
            let made = ids.into_iter().map(|id| jobs::ActiveModel {
                id: NotSet,
                kind: Set(Stored(JobKind::Receive)),
                journal_id: Set(Some(id)),
                outbox_id: Set(None),
                attachment_id: Set(None),
                state: Set(JobState::Ready),
                attempt: Set(0),
                due_at: Set(now),
                made_at: Set(now),
                reason: Set(String::new()),
            });
            let made: Vec<_> = made.collect();
            if !made.is_empty() {
                jobs::Entity::insert_many(made)
                    .exec_without_returning(&transaction)
                    .await?;
            }
        }
        for cursor in requests.iter_mut().filter_map(|request| request.cursor.take()) {
            cursors::write(&transaction, cursor).await?;
        }
        commit_measured(transaction).await?;
        // If the database file was replaced during the commit, the file at its path lacks these rows, so the messages must not be
        // confirmed.
        self.check_place()?;
        Ok(written)
    }

    /// Finds the messages in `rows` that were in the journal before this commit, and returns their journal rows. The keys of the map are
    /// the external hashes.
    async fn known_before(
        &self,
        transaction: &DatabaseTransaction,
        rows: &[&JournalRow],
        fresh: &HashMap<Vec<u8>, Numbered>,
    ) -> Result<HashMap<Vec<u8>, Numbered>, StoreError> {
        let repeated: Vec<_> = rows
            .iter()
            .map(|row| &row.external_hash)
            .filter(|hash| !fresh.contains_key(*hash))
            .cloned()
            .collect();
        if repeated.is_empty() {
            return Ok(HashMap::new());
        }
        let select = Query::select()
            .columns(NUMBERED)
            .from(journal::Entity)
            .and_where(Expr::col(journal::Column::ExternalHash).is_in(repeated))
            .to_owned();
        let mut known = HashMap::new();
        for row in transaction.query_all(&select).await? {
            known.insert(row.try_get("", "external_hash")?, self.numbered(&row)?);
        }
        Ok(known)
    }

    fn numbered(&self, row: &QueryResult) -> Result<Numbered, StoreError> {
        let id = row.try_get("", "id")?;
        Ok(Numbered {
            id,
            reference: self.reference_of_row(id, row.try_get("", "reference")?),
        })
    }

    /// Returns the reference that was given out for the journal row `id`. `kept` is the reference stored in the row. Old rows store no
    /// reference; their reference is computed from the row's id.
    pub(crate) fn reference_of_row(&self, id: i64, kept: Option<i64>) -> Reference {
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        match kept {
            Some(kept) => Reference::from_number(number(kept)),
            None => self.keys.reference(number(id)),
        }
    }

    /// Draws `many` different random references that no raw message or contact has yet.
    pub(crate) async fn draw_references(
        &self,
        transaction: &DatabaseTransaction,
        many: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let mut drawn = HashSet::new();
        while drawn.len() < many {
            let missing = many - drawn.len();
            let new: HashSet<i64> = std::iter::repeat_with(|| self.keys.draw_reference())
                .take(missing)
                .filter_map(|reference| i64::try_from(reference.number()).ok())
                .collect();
            let taken = taken_references(transaction, &new).await?;
            drawn.extend(new.difference(&taken));
        }
        Ok(drawn.into_iter().collect())
    }

    /// Returns the reference of the identifier's open contact if the message with this external id is registered. Returns `None` if the
    /// message is not registered yet, or if the identifier has no open contact.
    async fn read_registered_in(
        &self,
        line: &LineName,
        external_id: &str,
        identifier: &str,
    ) -> Result<Option<Reference>, StoreError> {
        let registered = journal::Entity::find()
            .filter(journal::Column::Line.eq(line.as_str()))
            .filter(journal::Column::ExternalHash.eq(self.external_hash(line, external_id)))
            .filter(journal::Column::Outcome.ne(Outcome::Accepted))
            .one(&self.reading)
            .await?;
        if registered.is_none() {
            return Ok(None);
        }
        let contact = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(line.as_str()))
            .filter(contacts::Column::OpenKey.eq(self.hash_of_identifier(line.as_str(), identifier)))
            .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
            .one(&self.reading)
            .await?;
        Ok(contact.as_ref().map(reference_of))
    }

    /// Returns the keyed hash of a message's external id. The hash is computed from the line and the id, so equal ids on different lines
    /// have different hashes.
    fn external_hash(&self, line: &LineName, external_id: &str) -> Vec<u8> {
        self.keys.lookup("external id", &format!("{line}\n{external_id}"))
    }

    /// Seals (encrypts) one raw message and builds its journal row. A message larger than [`IN_DATABASE`] is written to a file, which is
    /// synced before the function returns.
    async fn seal_raw(&self, raw: RawMessage) -> Result<JournalRow, StoreError> {
        let external_hash = self.external_hash(&raw.line, &raw.external_id);
        let place = raw_place(&external_hash);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let sealed = key.seal(&place, &raw.bytes)?;
        let mut row = JournalRow {
            line: raw.line.as_str().to_owned(),
            external_hash,
            received_at: raw.received_at.timestamp_micros(),
            size: i64::try_from(raw.bytes.len()).unwrap_or(i64::MAX),
            cut_from: raw.cut_from.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
            data_key,
            sealed: None,
            file: None,
        };
        if raw.bytes.len() > IN_DATABASE {
            let id = hotline_core::identifiers::ids::new(self.clock.now());
            self.files.write(vec![(id, sealed)]).await?;
            row.file = Some(id);
        } else {
            row.sealed = Some(sealed);
        }
        Ok(row)
    }
}

/// Returns those `references` that are already used by a message or a contact. Contacts are checked too, because the journal row of the
/// message that opened a contact may store no reference or may no longer exist.
async fn taken_references(
    transaction: &DatabaseTransaction,
    references: &HashSet<i64>,
) -> Result<HashSet<i64>, StoreError> {
    let select = Query::select()
        .column(journal::Column::Reference)
        .from(journal::Entity)
        .and_where(Expr::col(journal::Column::Reference).is_in(references.iter().copied()))
        .union(
            UnionType::All,
            Query::select()
                .column(contacts::Column::Reference)
                .from(contacts::Entity)
                .and_where(Expr::col(contacts::Column::Reference).is_in(references.iter().copied()))
                .to_owned(),
        )
        .to_owned();
    let rows = transaction.query_all(&select).await?;
    let taken = rows.iter().map(|row| row.try_get("", "reference"));
    Ok(taken.collect::<Result<_, _>>()?)
}

fn refuse(error: StoreError) -> NotAccepted {
    NotAccepted(error.to_string())
}

#[async_trait]
impl Intake for Store {
    async fn accept(
        &self,
        arrived: Vec<RawMessage>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, NotAccepted> {
        let begun = Instant::now();
        self.check_place().map_err(refuse)?;
        self.writing.check_current().map_err(refuse)?;
        self.files.room().map_err(refuse)?;
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting > self.backlog {
            return Err(refuse(StoreError::Backlog(waiting)));
        }
        if let Some(raw) = arrived.iter().find(|raw| self.is_paused(&raw.line)) {
            return Err(NotAccepted(format!("line {} is paused", raw.line)));
        }
        let mut rows = Vec::with_capacity(arrived.len());
        for raw in arrived {
            rows.push(self.seal_raw(raw).await.map_err(refuse)?);
        }
        let cursor = cursor.map(|cursor| self.cursor_row(&cursor));
        let cursor = cursor.transpose().map_err(refuse)?;
        let (answer, answered) = oneshot::channel();
        let closing = || NotAccepted("shutting down".to_owned());
        self.requests
            .send(BatchRequest { rows, cursor, answer })
            .await
            .map_err(|_| closing())?;
        let accepted = answered.await.map_err(|_| closing())??;
        metrics::histogram!("hotline_accept_seconds").record(begun.elapsed());
        Ok(accepted)
    }

    async fn accepted_before(
        &self,
        line: &LineName,
        external_id: &str,
    ) -> Result<Option<Vec<u8>>, NotAccepted> {
        let hash = self.external_hash(line, external_id);
        let found = journal::Entity::find().filter(journal::Column::ExternalHash.eq(hash));
        let found = found.one(&self.reading).await;
        match found.map_err(|error| refuse(error.into()))? {
            Some(row) if row.data_key.is_some() => self.open_raw(&row).await.map(Some).map_err(refuse),
            Some(_) | None => Ok(None),
        }
    }

    async fn cursor(&self, line: &LineName, source: &Source) -> Result<Option<String>, NotAccepted> {
        self.read_cursor(line, source).await.map_err(refuse)
    }

    async fn conversations(&self, line: &LineName) -> Result<Vec<Cursor>, NotAccepted> {
        self.read_conversations(line).await.map_err(refuse)
    }

    async fn chosen_language(
        &self,
        line: &LineName,
        identifier: &Private<String>,
    ) -> Result<Option<Language>, NotAccepted> {
        self.read_chosen_language(line, identifier.expose())
            .await
            .map_err(refuse)
    }

    async fn registered_in(
        &self,
        line: &LineName,
        external_id: &str,
        identifier: &Private<String>,
    ) -> Result<Option<Reference>, NotAccepted> {
        self.read_registered_in(line, external_id, identifier.expose())
            .await
            .map_err(refuse)
    }

    async fn opening(&self, line: &LineName) -> Result<LineOpening, NotAccepted> {
        let (opening, hours) = self
            .opening_hours_now(line.as_str(), self.clock.now())
            .await
            .map_err(refuse)?;
        let closed = match opening {
            Opening::Closed { opens, .. } => Some(Closed { opens }),
            Opening::Open | Opening::Unknown => None,
        };
        Ok(LineOpening {
            hours,
            closed,
            paused: self.is_paused(line),
        })
    }

    async fn quarantine_surge(&self, line: &LineName, surge: Surge) -> Result<(), NotAccepted> {
        self.quarantine_posts_of(line, surge).await.map_err(refuse)
    }

    async fn health(&self, line: &LineName, health: Health) {
        if let Err(error) = self.note_health(line, &health).await {
            tracing::warn!(line.name = %line, error = %error, "Could not note how line {line} is doing");
        }
    }

    fn receipt_code(&self, line: &LineName, external_id: &str) -> ReceiptCode {
        self.keys.receipt_code(line.as_str(), external_id)
    }

    fn challenge_key(&self, line: &LineName) -> Vec<u8> {
        self.keys.lookup("proof of work", line.as_str())
    }

    fn receipt_mark(&self, code: &ReceiptCode) -> String {
        self.keys.receipt_mark(code)
    }

    async fn conversation(
        &self,
        line: &LineName,
        code: &ReceiptCode,
    ) -> Result<Option<Conversation>, NotAccepted> {
        self.read_answers(line, code).await.map_err(refuse)
    }
}

/// The journal rows of the messages in one commit, by external hash. `fresh` contains the rows that this commit inserted; `known` contains
/// the rows of messages that were in the journal before.
#[derive(Default)]
struct Written {
    fresh: HashMap<Vec<u8>, Numbered>,
    known: HashMap<Vec<u8>, Numbered>,
}

/// The columns read for each journal row: the columns from which a [`Numbered`] is built, and the external hash.
const NUMBERED: [journal::Column; 3] = [
    journal::Column::Id,
    journal::Column::ExternalHash,
    journal::Column::Reference,
];

/// The id and reference of a journal row.
#[derive(Clone, Copy)]
struct Numbered {
    id: i64,
    reference: Reference,
}

impl Written {
    /// Builds the answer to the channel adapter for this row. If two rows of the commit contain the same message, only the answer for the
    /// first row says that the message is new. Returns `None` if the journal has no row for the message.
    fn take(&mut self, row: &JournalRow) -> Option<Accepted> {
        let (row, fresh) = match self.fresh.remove(&row.external_hash) {
            Some(numbered) => {
                self.known.insert(row.external_hash.clone(), numbered);
                (numbered, true)
            }
            None => (*self.known.get(&row.external_hash)?, false),
        };
        Some(Accepted {
            reference: row.reference,
            fresh,
        })
    }
}

impl JournalRow {
    fn to_model(&self, reference: i64) -> journal::ActiveModel {
        journal::ActiveModel {
            id: NotSet,
            line: Set(self.line.clone()),
            external_hash: Set(self.external_hash.clone()),
            received_at: Set(self.received_at),
            size: Set(self.size),
            cut_from: Set(self.cut_from),
            data_key: Set(Some(self.data_key.clone())),
            sealed: Set(self.sealed.clone()),
            file: Set(self.file),
            outcome: Set(Outcome::Accepted),
            reason: Set(String::new()),
            reference: Set(Some(reference)),
        }
    }
}
