//! Messages: raw messages, parsed messages, and messages to be sent.
//!
//! The types in this module keep people's words out of logs. A type that contains people's words has no `Debug` implementation, or wraps
//! the words in [`Private`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    contact::{joining::Joining, provenance::Provenance, urgency::InDanger, writer::Writer},
    identifiers::{line_name::LineName, private::Private, reference::Reference, token::ThreadToken},
    text::locale::Language,
};

/// The bytes of a message as they arrived from the source, such as a mail server.
#[derive(Clone)]
pub struct RawMessage {
    /// The line that delivered the message.
    pub line: LineName,
    /// The id of the message, unique within the line. With this id, the database recognises repeated deliveries of the same message. The
    /// database stores only a keyed hash of the id, so this field is empty in a message that was read from the database.
    pub external_id: String,
    /// When the mail server or platform received the message. If the stated time is in the future, the current time is stored instead. If
    /// the message opens a contact, the contact counts on the day of this time.
    pub received_at: DateTime<Utc>,
    /// The bytes, in a format specific to the channel.
    pub bytes: Vec<u8>,
    /// The full size of the message in bytes, if the message exceeded the size limit. In this case, `bytes` contains only the beginning of
    /// the message. `None`: the message is complete.
    pub cut_from: Option<u64>,
}

/// The maximum length of a reply, note, summary or canned reply, in characters.
pub const LONGEST_TEXT: usize = 20_000;

/// The result of parsing a raw message.
pub enum Normalised {
    /// A message from a person or a program.
    Message(Box<Incoming>),
    /// A report by another mail server on the delivery of one of our replies.
    Report(DeliveryReport),
    /// An event other than a message, for example that a person blocked us. The event is shown in an existing contact of the person and
    /// never opens a contact.
    Notice(Notice),
    /// A message that is not meant for a counsellor. It opens no contact. The string states why; it is stored with the raw message.
    Ignore(&'static str),
    /// A message that could not be parsed. It is still registered, with the raw message as an attachment.
    Unreadable(Unreadable),
}

/// An event that a platform reports about a person.
pub struct Notice {
    /// The person's identifier.
    pub identifier: Private<String>,
    /// The reported event.
    pub news: News,
}

/// The kinds of event that a platform reports about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The person blocked us. Our messages no longer arrive.
    Blocked,
    /// The person unblocked us.
    Unblocked,
    /// The person sent `/stop`, so we send them no messages until they write again.
    Stopped,
    /// The person chose this language for automatic texts.
    Chose(Language),
    /// Some of the person's messages may be missing, because the platform no longer provides messages that were sent while this service was
    /// offline.
    Gap,
}

impl News {
    /// Returns the name stored in the database. The locale key of the event's text ends with this name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
            Self::Stopped => "stopped",
            Self::Chose(_) => "chose",
            Self::Gap => "gap",
        }
    }
}

/// The parts of an unparsable message that could be recovered.
#[derive(Default)]
pub struct Unreadable {
    /// Why the message could not be parsed, as shown to staff.
    pub reason: String,
    /// The condition under which the message may join an existing contact.
    pub joining: Joining,
    /// The sender, if known.
    pub identifier: Option<Private<String>>,
    /// The subject, if known.
    pub subject: Option<String>,
}

/// A message to us, parsed by its channel adapter. With the default values, a message has no sender and no evidence, so it joins no
/// existing contact.
#[derive(Clone, Default)]
pub struct Incoming {
    /// The sender's address or account in canonical spelling. `None`: the sender is unknown, so the message cannot be answered.
    pub identifier: Option<Private<String>>,
    /// The sender's display name. Anyone can set any name, so it is only displayed.
    pub name: Option<String>,
    /// Another address, to which the person asks us to send replies.
    pub answer_to: Option<Private<String>>,
    /// The condition under which the message may join an existing contact.
    pub joining: Joining,
    /// Set if this message appears to be a copy of one of our own messages that came back to us. The first value is the id of our message.
    /// The second value is the thread token in the copy, which proves its origin on channels where senders can forge ids.
    pub echo_of: Option<(Uuid, Option<ThreadToken>)>,
    /// Evidence that the message belongs to an existing contact.
    pub evidence: Vec<Evidence>,
    /// The id by which later messages can refer to this message. If `message_part` is `None`, this is the Message-ID that the sender's mail
    /// program set. Otherwise this is the platform's id of the whole message.
    pub message_id: Option<String>,
    /// Which message part this message contains, and in which version. Set only on channels where the platform assigns the message ids,
    /// because senders can forge ids that they assign themselves.
    pub message_part: Option<MessagePart>,
    /// The message ids of the earlier messages in the thread, oldest first. Our reply to this message repeats these ids.
    pub references: Vec<String>,
    /// Whether the person reads replies on the answer page of the web form, which they open with a receipt code. The identifier is then a
    /// hash of this code and is not displayed.
    pub replies_wait_on_page: bool,
    /// The subject line of the message.
    pub subject: Option<String>,
    /// The text that the person wrote, without quoted text.
    pub text: String,
    /// The quoted text above or below the person's own text. The desk shows it folded.
    pub quoted: String,
    /// The number of bytes at the start of `quoted` that a mail program marked as a copy of earlier messages. The desk shows text in this
    /// part as new text if it matches no earlier message.
    pub copied: usize,
    /// The URL of the content that the person reports. It is kept as text and never fetched or opened.
    pub url: Option<String>,
    /// The purpose that the person chose in the web form: to ask for advice or to report something. `None`: the person chose none.
    pub asks: Option<Asks>,
    /// The language that the person chose or wrote in, if known.
    pub language: Option<Language>,
    /// The attachments, including files embedded in the text.
    pub parts: Vec<Part>,
    /// Whether a person or a program sent the message.
    pub origin: Origin,
    /// Whether the message shares a live location. The platform sends each new position as a new version of the message. Only the newest
    /// position is kept, and staff are not notified of new positions.
    pub live: bool,
    /// `true` if the message must not get an automatic reply (RFC 3834). For example, a header may forbid automatic replies.
    pub unacknowledged: bool,
    /// The provenance of the post. It decides whether the contact that the post opens is quarantined.
    pub provenance: Provenance,
    /// The time of sending according to the sender. It is only shown to staff, because it can be wrong.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Remarks for staff about how the message was parsed.
    pub remarks: Vec<Remark>,
    /// The answer to the question "Are you in danger now?" of the web form.
    pub in_danger: Option<InDanger>,
    /// Who writes, as the person chose in the web form. `None`: the person chose nothing.
    pub writer: Option<Writer>,
    /// The age that the person gave in the web form, in years.
    pub age: Option<u8>,
}

/// One version of one message part. On a chat platform, a message can have several parts, which arrive separately, such as the photos of an
/// album. Most messages have a single part.
///
/// Parts can arrive in any order and more than once. The order and the repetitions do not change the resulting message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePart {
    /// The platform's id of this message part.
    pub id: String,
    /// The position of the message part in the conversation. A part sent later has a higher position.
    pub place: u64,
    /// 0 for the original. Each edit has a higher version than the one before.
    pub version: i64,
}

/// Evidence that a message belongs to an existing contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A thread token that we issued.
    Token(ThreadToken),
    /// The message id of an earlier message from the same identifier.
    EarlierMessage(String),
}

/// The purposes between which the person chooses in the web form.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Asks {
    /// The person asks for advice.
    Advice,
    /// The person reports content or conduct.
    Report,
}

crate::named!(Asks);

/// Whether a person or a program sent a message. A program never gets an automatic reply (RFC 3834).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A person, as far as can be determined.
    #[default]
    Person,
    /// A program. The message opens a contact but gets no automatic reply.
    Machine,
    /// An automatic reply to one of our messages. It is shown in the contact of our message and never opens a contact.
    AutoReply,
}

/// A remark on how a message was parsed, shown next to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// The message exceeded the size limit, so only its beginning was fetched.
    TooLarge,
    /// The text was truncated for display. The raw message contains the full text.
    TextCut,
    /// The message has more attachments than the limit permits, so only some attachments are stored separately. The raw message
    /// contains all attachments.
    PartsCut,
    /// The message contains a Windows attachment bundle (winmail.dat, TNEF), which is not unpacked.
    Tnef,
    /// The message is encrypted. The raw message contains the encrypted text.
    Encrypted,
    /// The text was converted from HTML.
    FromHtml,
    /// The message could not be parsed.
    Unreadable,
    /// The message asks for replies to another address than its sender address.
    AnswerElsewhere,
    /// An earlier message from the same identifier has the same Message-ID but different content.
    SameIdOtherContent,
    /// The message carries the thread token of a contact that belongs to another identifier.
    OtherSender,
    /// A program sent the message.
    Automatic,
    /// The message came through a mailing list or another bulk mailing.
    MailingList,
    /// The message forwards another person's words.
    Forwarded,
    /// The message is a sticker. Its emoji is shown.
    Sticker,
    /// The message contains a location on a map.
    Location,
    /// The message contains a person's name and telephone number, sent from an address book.
    ContactCard,
    /// The message contains a poll.
    Poll,
    /// The message mentions an account, but the platform did not provide the name of that account.
    NamelessMention,
    /// The message contains content of a kind that this program cannot represent. The raw message contains that content.
    UnknownContent,
}

impl Remark {
    /// Returns the key of the remark's text in the locale files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::TooLarge => "remark-too-large",
            Self::TextCut => "remark-text-cut",
            Self::PartsCut => "remark-parts-cut",
            Self::Tnef => "remark-tnef",
            Self::Encrypted => "remark-encrypted",
            Self::FromHtml => "remark-from-html",
            Self::Unreadable => "remark-unreadable",
            Self::AnswerElsewhere => "remark-answer-elsewhere",
            Self::SameIdOtherContent => "remark-same-id",
            Self::OtherSender => "remark-other-sender",
            Self::Automatic => "remark-automatic",
            Self::MailingList => "remark-mailing-list",
            Self::Forwarded => "remark-forwarded",
            Self::Sticker => "remark-sticker",
            Self::Location => "remark-location",
            Self::ContactCard => "remark-contact-card",
            Self::Poll => "remark-poll",
            Self::NamelessMention => "remark-nameless-mention",
            Self::UnknownContent => "remark-unknown-content",
        }
    }
}

/// A file attached to a message or embedded in its text. The file is stored encrypted.
#[derive(Clone)]
pub struct Part {
    /// The file name given by the sender. It is never used as a path.
    pub name: Option<String>,
    /// The media type given by the sender, such as `image/png`. It can be wrong, so it is not trusted.
    pub media_type: String,
    /// Whether the file was embedded in the text.
    pub inline: bool,
    /// The content of the file, or the reason why the content is absent.
    pub content: Content,
}

/// The content of an attachment, or the reason why the content is absent.
#[derive(Clone)]
pub enum Content {
    /// The decoded bytes of the file.
    Here(Vec<u8>),
    /// The line's settings exclude attachments, so the content was not stored. The value is the size in bytes.
    NotTaken(u64),
    /// The file is too large, so it was not fetched. The value is the size in bytes.
    TooLarge(u64),
    /// The file remains on the platform until it is fetched.
    Elsewhere(Elsewhere),
}

/// A reference to a file that is stored on the platform.
#[derive(Clone)]
pub struct Elsewhere {
    /// The reference with which the channel adapter fetches the file. Only the adapter can interpret the reference.
    pub reference: Private<String>,
    /// An id of the file that stays the same when the platform sends another reference to the same file.
    pub unique: String,
    /// The size in bytes according to the platform. 0: the platform gave no size.
    pub size: u64,
    /// Whether to fetch the file immediately. `false`: the file is fetched when a counsellor requests it.
    pub at_once: bool,
}

impl Content {
    /// Returns the size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::NotTaken(size) | Self::TooLarge(size) => *size,
            Self::Elsewhere(file) => file.size,
        }
    }
}

/// A report by another mail server on the delivery of one of our replies (RFC 3464).
#[derive(Clone)]
pub struct DeliveryReport {
    /// The thread token of the reply. `None`: the report contains no thread token, so it cannot be matched to a contact.
    pub token: Option<ThreadToken>,
    /// The id of the reply, if the report includes it.
    pub message: Option<Uuid>,
    /// The result that the report states.
    pub fate: Fate,
    /// The status code and text from the other mail server, such as `5.1.1 no such user`.
    pub reason: Private<String>,
}

/// The result of delivering a reply, as reported by another mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The reply will not be delivered.
    Failed,
    /// Delivery is delayed.
    Delayed,
    /// The reply was delivered.
    Delivered,
}

/// A message to be sent to a person.
#[derive(Clone)]
pub struct OutboundMessage {
    /// The id of the message. Every attempt to send the message uses the same id, so that duplicates can be recognised.
    pub id: Uuid,
    /// The contact's reference.
    pub reference: Reference,
    /// The contact's thread token.
    pub token: ThreadToken,
    /// The recipient's address or account on the line.
    pub to: Private<String>,
    /// The subject of the message being answered.
    pub subject: Option<Private<String>>,
    /// The text of the message.
    pub text: Private<String>,
    /// The message ids of the earlier messages in the thread, oldest first. The last id belongs to the message being answered.
    pub thread: Vec<String>,
    /// The files attached to the message.
    pub files: Vec<OutboundFile>,
    /// Whether an earlier attempt to send this message was interrupted. If so, the part that was being sent, which is the next part to
    /// send, may already have arrived.
    pub uncertain: bool,
    /// `true` for an automatic acknowledgement, `false` for a counsellor's reply.
    pub automatic: bool,
    /// When the message was written.
    pub written_at: DateTime<Utc>,
}

/// A file attached to an outbound message.
#[derive(Clone)]
pub struct OutboundFile {
    /// The file name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The contents.
    pub bytes: Vec<u8>,
}
