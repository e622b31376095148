//! A single contact as JSON.

use axum::extract::{Path, State};
use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::{
        classification::Answers,
        lifecycle::{Marking, Status},
        message::{Asks, Remark},
        writer::Writer,
    },
    job::Delivery,
    statistics::outreach::{EventKind, EventState},
    text::locale::{Language, Words},
};
use hotline_store::{
    contacts::{
        attachments::{Attachment, FileLocation},
        detail::{ContactDetail, Identity, Message},
        drafts::{Draft, DraftKind},
    },
    db::values::{Direction, HistoryKind},
};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    contact::open::{open_contact, parse_reference},
    http::{
        access::{Arrival, Who},
        answers::Answer,
        errors::PageError,
        extractors::ContactPath,
    },
    state::Desk,
};

/// A contact as the reader sees it. The reader is the member of staff who sent the request.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenContactJson {
    #[serde(flatten)]
    contact: ContactJson,
    /// The reader's draft of a reply.
    draft: Option<Draft>,
    /// The reader's draft of a note.
    note_draft: Option<Draft>,
    /// Whether the reader follows the contact.
    followed: bool,
    /// Colleagues who have the contact open.
    present: Vec<PresentJson>,
}

/// A colleague who has the contact open.
#[derive(Serialize, JsonSchema)]
struct PresentJson {
    name: String,
    /// Whether the colleague is writing a reply.
    writing: bool,
}

/// A contact: the messages between a person and the centre. Erasing a contact sets the fields with the person's texts and addresses to
/// null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContactJson {
    reference: String,
    line: String,
    channel: String,
    status: Status,
    /// The marking that removes the contact from the registered-communications total; null if the contact has no marking.
    marking: Option<Marking>,
    /// The purpose of the contact that the person chose in the web form; null if the person chose none.
    asks: Option<Asks>,
    /// The language tag of the contact; null if the language is unknown.
    language: Option<Language>,
    /// The day on which the statistics count the contact, in the centre's time zone.
    day: String,
    /// When the contact was registered.
    opened_at: DateTime<Utc>,
    /// When the person began to wait for a reply; null if the person is not waiting.
    waiting_since: Option<DateTime<Utc>>,
    /// When the reply to the person is due; null if the person is not waiting, or if there is no target.
    reply_due_at: Option<DateTime<Utc>>,
    /// How long the call lasted, in seconds; null if the contact is not a call, or if the duration was not recorded.
    talk_seconds: Option<i64>,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    urgency: i16,
    snoozed_until: Option<DateTime<Utc>>,
    /// The names of colleagues who asked to take over the contact.
    asked_by: Vec<String>,
    /// The id of the newest event that can make a reply unsuitable, such as a new message. Send this id as `seen` with a reply, so that the
    /// reply is refused if there are newer events.
    newest: i64,
    assignee: Option<String>,
    team: Option<String>,
    /// The time until which the person's identifier is blocked; null if there is no block.
    blocked_until: Option<DateTime<Utc>>,
    /// Whether `identifier`, `name` and the other addresses are masked, in this object and in its texts.
    identity: IdentityJson,
    /// Until when the identity is revealed to you; null unless `identity` is `revealed`.
    revealed_until: Option<DateTime<Utc>>,
    /// The address or account of the person on the line.
    identifier: Option<String>,
    /// The address to which replies are sent; null if it equals `identifier`.
    answer_to: Option<String>,
    /// Other addresses at which the person asked for replies.
    other_addresses: Option<Vec<String>>,
    /// Whether a reply can reach the person.
    can_be_answered: bool,
    /// The person's name, as it arrived with a message.
    name: Option<String>,
    /// Who writes, as the person chose in the web form; null if the person chose nothing.
    writer: Option<Writer>,
    /// The age that the person gave in the web form, in years.
    age: Option<u8>,
    subject: Option<String>,
    /// The reference of the contact to which the thread token in this contact's first message belongs. A thread token is a code that the
    /// service puts into its e-mails to the person, so that it can assign the person's answers to the contact. Null if the first message
    /// had no thread token, or if both contacts have the same identifier.
    refers_to: Option<String>,
    /// References of up to 20 other contacts of the same identifier on the same line, newest first.
    others: Vec<String>,
    /// References of the contacts that staff linked with this contact.
    linked: Vec<String>,
    /// Ids of the outreach events that were requested through the contact.
    events: Vec<Uuid>,
    /// Ids of the cases that contain the contact.
    cases: Vec<Uuid>,
    /// The classification so far: the answers to each question, keyed by question id.
    record: Answers,
    /// Ids of the questions that must be answered before the contact can be closed.
    missing: Vec<String>,
    /// Messages, replies and notes, oldest first.
    messages: Vec<MessageJson>,
    /// Events in the history of the contact, oldest first.
    history: Vec<HistoryEventJson>,
    /// Whether the person reads replies on a web page, which they open with their receipt code. If so, replies are only shown on this page
    /// and not sent to the person.
    replies_wait_on_page: bool,
    /// `true` if staff requested files from the person and the files have not arrived yet. Null if files cannot be requested on the
    /// contact's line.
    files_asked_for: Option<bool>,
    /// Whether files can be sent with a reply to this contact.
    sends_files: bool,
    /// The contacts in `others`, with details.
    other_contacts: Vec<OtherContactJson>,
    /// The contacts in `linked`, with details.
    linked_contacts: Vec<LinkedContactJson>,
    /// The notes that are shown beside every contact of the person, newest first.
    pinned_notes: Vec<PinnedNoteJson>,
    /// The events in `events`, with details.
    outreach: Vec<ContactEventJson>,
    /// The cases in `cases`, with details.
    in_cases: Vec<ContactCaseJson>,
}

/// Whether the identity of the person is readable.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IdentityJson {
    /// The settings do not mask identities.
    Open,
    /// It is masked. `POST /api/v1/contacts/{reference}/reveal` reveals it.
    Masked,
    /// You revealed it.
    Revealed,
}

/// A message, reply or note of a contact.
#[derive(Serialize, JsonSchema)]
struct MessageJson {
    id: Uuid,
    direction: Direction,
    /// The name of the member of staff who wrote the message; null if staff did not write the message.
    author: Option<String>,
    /// When the message arrived or was written.
    at: DateTime<Utc>,
    /// The time at which the sender claims to have sent the message. Null if this time is within an hour of `at`.
    claimed_at: Option<DateTime<Utc>>,
    text: Option<String>,
    /// Text that the message quotes from earlier messages.
    quoted: Option<String>,
    /// The web address that the sender reports with the message, for example a page with illegal content.
    url: Option<String>,
    /// The sender's address; null if it equals the contact's identifier.
    from: Option<String>,
    /// The address at which the sender asks for replies; null if it equals the sender's address.
    answer_to: Option<String>,
    /// Remarks on how the message was parsed, for example that its text was truncated.
    remarks: Option<Vec<Remark>>,
    attachments: Vec<AttachmentJson>,
    /// Whether the raw message (the bytes as they arrived) can be downloaded.
    has_source: bool,
    edited_at: Option<DateTime<Utc>>,
    /// Earlier versions of the message, oldest first.
    versions: Vec<VersionJson>,
    /// The deliveries of the message, one for each line that sends it.
    deliveries: Vec<DeliveryJson>,
}

#[derive(Serialize, JsonSchema)]
struct AttachmentJson {
    id: Uuid,
    name: Option<String>,
    /// The media type that the sender declared.
    media_type: String,
    /// The size of the attachment in bytes.
    size: i64,
    /// Whether the first bytes of the file do not fit its name or `media_type`. Such a file is downloaded with `.bin` added to its name.
    misnamed: bool,
    held: FileLocation,
}

/// An earlier version of a message.
#[derive(Serialize, JsonSchema)]
struct VersionJson {
    /// When this version was written.
    at: DateTime<Utc>,
    text: Option<String>,
    /// Attachments of this version that no later version of the message contains.
    attachments: Vec<AttachmentJson>,
}

/// The delivery of a message through one line (configured connection to a channel).
#[derive(Serialize, JsonSchema)]
struct DeliveryJson {
    line: String,
    state: Delivery,
    /// The reason for the delivery state, in English.
    said: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    /// The time at which the message will be sent. Until then, the author can cancel the message. Null after an attempt to send the message
    /// has begun.
    leaves_at: Option<DateTime<Utc>>,
    /// Whether the service will still try to send the message automatically.
    under_way: bool,
}

/// An event in the history of a contact.
#[derive(Serialize, JsonSchema)]
struct HistoryEventJson {
    at: DateTime<Utc>,
    /// The name of the member of staff who caused the event; null if the event was not caused by staff.
    actor: Option<String>,
    kind: HistoryKind,
    /// Details of the event. Their meaning depends on `kind`.
    detail: String,
}

/// Another contact of the same identifier.
#[derive(Serialize, JsonSchema)]
struct OtherContactJson {
    reference: String,
    opened_at: DateTime<Utc>,
    status: Status,
}

/// A note about the person.
#[derive(Serialize, JsonSchema)]
struct PinnedNoteJson {
    id: Uuid,
    /// The reference of the contact in which the note was written.
    reference: String,
    author: Option<String>,
    at: DateTime<Utc>,
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct LinkedContactJson {
    reference: String,
    status: Status,
}

/// An outreach event that was requested through a contact.
#[derive(Serialize, JsonSchema)]
struct ContactEventJson {
    id: Uuid,
    kind: EventKind,
    state: EventState,
    day: Option<NaiveDate>,
}

/// A case that contains a contact.
#[derive(Serialize, JsonSchema)]
struct ContactCaseJson {
    id: Uuid,
    /// The number of the case within its year.
    number: i32,
    year: i32,
    forwarded: bool,
}

/// `GET /api/v1/contacts/{reference}`: returns a contact.
pub(crate) async fn show_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    arrival: Arrival,
    Path(path): Path<ContactPath>,
) -> Result<Answer<OpenContactJson>, PageError> {
    let contact = open_contact(&desk, &me, parse_reference(&path.reference)?, arrival).await?;
    let store = &desk.store;
    let present = store.present(contact.id, me.id).await?.into_iter();
    Ok(Answer::Json(OpenContactJson {
        draft: store.draft(me.id, contact.reference, DraftKind::Reply).await?,
        note_draft: store.draft(me.id, contact.reference, DraftKind::Note).await?,
        followed: store.is_followed(me.id, contact.id).await?,
        present: present
            .map(|one| PresentJson {
                name: one.name,
                writing: one.writing,
            })
            .collect(),
        contact: ContactJson::new(&desk, contact),
    }))
}

impl ContactJson {
    pub(crate) fn new(desk: &Desk, contact: ContactDetail) -> Self {
        let words = desk.locales.of(Language::En);
        let card = contact.card.as_ref();
        Self {
            replies_wait_on_page: card.is_some_and(|card| card.replies_wait_on_page),
            identity: match contact.identity {
                Identity::Open => IdentityJson::Open,
                Identity::Masked => IdentityJson::Masked,
                Identity::RevealedUntil(_) => IdentityJson::Revealed,
            },
            revealed_until: match contact.identity {
                Identity::RevealedUntil(until) => Some(until),
                Identity::Open | Identity::Masked => None,
            },
            identifier: card.and_then(|card| card.identifier.clone()),
            answer_to: card.and_then(|card| card.answered_at().map(str::to_owned)),
            other_addresses: card.map(|card| card.offered.clone()),
            can_be_answered: contact.can_be_answered,
            name: card.and_then(|card| card.name.clone()),
            writer: card.and_then(|card| card.writer),
            age: card.and_then(|card| card.age),
            subject: card.and_then(|card| card.subject.clone()),
            reference: contact.reference.to_string(),
            line: contact.line,
            channel: contact.channel,
            status: contact.status,
            marking: contact.marking,
            asks: contact.asks,
            language: contact.language,
            day: contact.day,
            opened_at: contact.opened_at,
            waiting_since: contact.waiting_since,
            reply_due_at: contact.due.map(|due| due.at),
            urgency: contact.urgency,
            snoozed_until: contact.snoozed_until,
            asked_by: contact.asked_by.into_iter().map(|(_, name)| name).collect(),
            newest: contact.newest,
            assignee: contact.assignee.map(|(_, name)| name),
            team: contact.team,
            blocked_until: contact.blocked_until,
            refers_to: contact.refers_to.map(|reference| reference.to_string()),
            others: contact
                .others
                .iter()
                .map(|other| other.reference.to_string())
                .collect(),
            linked: contact
                .linked
                .iter()
                .map(|(other, _)| other.to_string())
                .collect(),
            events: contact.events.iter().map(|event| event.id).collect(),
            cases: contact.cases.iter().map(|case| case.id).collect(),
            talk_seconds: contact.talk.map(|talk| talk.num_seconds()),
            record: contact.record.answers,
            missing: contact.record.missing,
            messages: contact
                .messages
                .into_iter()
                .map(|message| MessageJson::new(words, message))
                .collect(),
            history: contact
                .history
                .into_iter()
                .map(|event| HistoryEventJson {
                    at: event.at,
                    actor: event.actor,
                    kind: event.kind,
                    detail: event.detail,
                })
                .collect(),
            files_asked_for: contact.files,
            sends_files: contact.sends_files,
            other_contacts: contact
                .others
                .iter()
                .map(|other| OtherContactJson {
                    reference: other.reference.to_string(),
                    opened_at: other.opened_at,
                    status: other.status,
                })
                .collect(),
            linked_contacts: contact
                .linked
                .iter()
                .map(|(other, status)| LinkedContactJson {
                    reference: other.to_string(),
                    status: *status,
                })
                .collect(),
            pinned_notes: contact
                .pinned
                .into_iter()
                .map(|note| PinnedNoteJson {
                    id: note.id,
                    reference: note.reference.to_string(),
                    author: note.author,
                    at: note.at,
                    text: note.text,
                })
                .collect(),
            outreach: contact
                .events
                .iter()
                .map(|event| ContactEventJson {
                    id: event.id,
                    kind: event.details.kind,
                    state: event.details.state,
                    day: event.details.day,
                })
                .collect(),
            in_cases: contact
                .cases
                .iter()
                .map(|case| ContactCaseJson {
                    id: case.id,
                    number: case.number,
                    year: case.year,
                    forwarded: case.forwarded,
                })
                .collect(),
        }
    }
}

impl MessageJson {
    fn new(words: &Words, message: Message) -> Self {
        let body = message.body.as_ref();
        Self {
            claimed_at: message.claimed(),
            text: body.map(|body| body.text.clone()),
            quoted: body.map(|body| body.quoted.clone()),
            url: body.and_then(|body| body.url.clone()),
            from: body.and_then(|body| body.from.clone()),
            answer_to: body.and_then(|body| body.answer_to.clone()),
            remarks: body.map(|body| body.remarks.clone()),
            edited_at: body.and_then(|body| body.edited_at),
            id: message.id,
            direction: message.direction,
            author: message.author,
            at: message.at,
            attachments: attachments_json(message.attachments),
            has_source: message.has_source,
            versions: message
                .versions
                .into_iter()
                .map(|version| VersionJson {
                    at: version.at,
                    text: version.body.map(|body| body.text),
                    attachments: attachments_json(version.attachments),
                })
                .collect(),
            deliveries: message
                .deliveries
                .into_iter()
                .map(|delivery| DeliveryJson {
                    line: delivery.line,
                    state: delivery.state,
                    said: delivery.reason.map(|reason| reason.localized(words)),
                    sent_at: delivery.sent_at,
                    leaves_at: delivery.leaves_at,
                    under_way: delivery.under_way,
                })
                .collect(),
        }
    }
}

fn attachments_json(attachments: Vec<Attachment>) -> Vec<AttachmentJson> {
    let json = attachments.into_iter().map(|one| AttachmentJson {
        id: one.id,
        name: one.name,
        media_type: one.media_type,
        size: one.size,
        misnamed: one.misnamed,
        held: one.location,
    });
    json.collect()
}
