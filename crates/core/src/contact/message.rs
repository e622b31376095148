//! Messages: raw, normalised and outbound.
//!
//! These types never print what a person wrote: they have no `Debug` implementation, or wrap the words in [`Private`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    contact::counting::Joining,
    identifiers::{line::LineName, private::Private, reference::Reference, token::ThreadToken},
    text::locale::Language,
};

/// The bytes of a message as the channel delivered them.
#[derive(Clone)]
pub struct RawMessage {
    /// The line that delivered the message.
    pub line: LineName,
    /// The id that identifies repeated deliveries of the same message. It is unique on its line. Only a keyed hash is stored, so
    /// this field is empty when the message is read back later.
    pub external_id: String,
    /// When the platform received the message, capped at our own clock. The contact counts on that day.
    pub received_at: DateTime<Utc>,
    /// The bytes, in a format specific to the channel.
    pub bytes: Vec<u8>,
    /// The full size of the message in bytes, if it exceeded the limit and only its head was fetched.
    pub cut_from: Option<u64>,
}

/// The maximum length of a reply, note, summary or canned reply, in characters.
pub const LONGEST_TEXT: usize = 20_000;

/// The result of parsing a raw message.
pub enum Normalised {
    /// A message from a person or a machine.
    Message(Box<Incoming>),
    /// A report by another mail server on the delivery of one of our replies.
    Report(DeliveryReport),
    /// News about a person that is not a message. It is shown in the person's contact and adds no count.
    Notice(Notice),
    /// Not meant for a counsellor. The raw message is kept with this reason and opens no contact.
    Ignore(&'static str),
    /// The message could not be parsed. It still becomes a contact, with the raw message attached.
    Unreadable(Unreadable),
}

/// News about a person, reported by a platform.
pub struct Notice {
    /// The person's identifier.
    pub identifier: Private<String>,
    /// The reported news.
    pub news: News,
}

/// The kinds of news a platform can report about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The person blocked us; our messages no longer arrive.
    Blocked,
    /// The person unblocked us.
    Unblocked,
    /// The person asked to receive no messages from us until they write again.
    Stopped,
    /// The person chose this language for automatic texts.
    Chose(Language),
    /// Messages may be missing: those sent while we were offline can no longer be fetched.
    Gap,
}

impl News {
    /// Returns the name used in the database, which is also the suffix of the text's key.
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
    /// Why it could not be parsed, for staff.
    pub reason: String,
    /// The proof it needs before it may join a contact.
    pub joining: Joining,
    /// The sender, if known.
    pub identifier: Option<Private<String>>,
    /// The subject, if known.
    pub subject: Option<String>,
}

/// A message sent to us, parsed by its channel. The defaults are cautious: a message with only default values joins no existing
/// contact.
#[derive(Clone, Default)]
pub struct Incoming {
    /// The sender's address or account in canonical spelling. `None`: the message cannot be answered.
    pub identifier: Option<Private<String>>,
    /// The sender's display name. For display only: anyone can set it.
    pub name: Option<String>,
    /// Another address at which the person asked to be answered.
    pub answer_to: Option<Private<String>>,
    /// The proof it needs before it may join a contact.
    pub joining: Joining,
    /// The id of our own message, if this message appears to be a copy of it that came back to us. The thread token is included as
    /// proof on channels where senders can forge the id.
    pub echo_of: Option<(Uuid, Option<ThreadToken>)>,
    /// Evidence that the message belongs to an existing thread.
    pub evidence: Vec<Evidence>,
    /// The sender's own id for the message (a Message-ID), which later messages can refer to. If `piece` is set: the platform's id
    /// of the whole message.
    pub message_id: Option<String>,
    /// The piece and version that this message represents. Set only where the platform assigns the ids, so that senders cannot
    /// forge them.
    pub piece: Option<Piece>,
    /// The ids of its ancestors in the thread, oldest first, to be repeated in the reply.
    pub references: Vec<String>,
    /// Whether the person collects the answers with a receipt code, instead of having them sent. The identifier is then a hash of
    /// the code and is not displayed.
    pub answers_lie_ready: bool,
    /// The subject.
    pub subject: Option<String>,
    /// The text the person wrote.
    pub text: String,
    /// The text quoted above or below it. Screens show it collapsed.
    pub quoted: String,
    /// The length in bytes of the prefix of `quoted` that appears to copy earlier messages of the thread. A line inserted by the
    /// mail program marks its start. Text in it that matches no earlier message is shown as new.
    pub copied: usize,
    /// A reported URL. It is kept as text and never fetched or opened.
    pub url: Option<String>,
    /// Whether the person asked for advice or reported something, if they said which.
    pub asks: Option<Asks>,
    /// The language the person chose or wrote in, if known.
    pub language: Option<Language>,
    /// Attachments and other parts.
    pub parts: Vec<Part>,
    /// Whether a person or a machine sent it.
    pub origin: Origin,
    /// Whether this is a live location share, in which each new position replaces the previous one. Earlier positions are not kept,
    /// and updates notify no staff.
    pub live: bool,
    /// Whether to suppress automatic replies (RFC 3834), because the message asks for that or its sender address is not read.
    pub unacknowledged: bool,
    /// The time at which the sender claims to have sent it. Shown to staff, never relied on.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Remarks for staff about how the message was parsed.
    pub remarks: Vec<Remark>,
}

/// One piece of a message, in one version. Most messages have a single piece; a photo album arrives as several. The pieces and
/// versions produce the same message in any order of arrival and after any number of repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The platform's id of this piece.
    pub id: String,
    /// The position in the conversation. A piece sent later has a higher position.
    pub place: u64,
    /// Zero for the original; each edit has a higher version.
    pub version: i64,
}

/// Evidence that a message belongs to a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A thread token that we issued.
    Token(ThreadToken),
    /// The id of an earlier message of the same identifier.
    TheirMessage(String),
}

/// The two purposes that the public form offers.
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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Asks {
    /// Asking for advice.
    Advice,
    /// Reporting content or conduct.
    Report,
}

crate::named!(Asks);

/// What sent a message. A machine never gets an automatic reply (RFC 3834).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A person, as far as can be determined.
    #[default]
    Person,
    /// A machine. The message opens a contact but gets no automatic reply.
    Machine,
    /// An automatic reply to one of our messages. It is shown in that contact and never opens one.
    AutoReply,
}

/// A remark on how a message was parsed, shown next to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// It exceeded the size limit, so only its head was fetched.
    TooLarge,
    /// The text was truncated for display; the rest is in the raw message.
    TextCut,
    /// It has more parts than are stored separately; the rest is in the raw message.
    PartsCut,
    /// It contains a Windows attachment bundle (winmail.dat, TNEF), which is not unpacked.
    Tnef,
    /// It is encrypted; the encrypted text is in the raw message.
    Encrypted,
    /// The text was converted from HTML.
    FromHtml,
    /// It could not be parsed.
    Unreadable,
    /// It asks for replies to a different address than the sender's.
    AnswerElsewhere,
    /// The same identifier already sent different content under the same Message-ID.
    SameIdOtherContent,
    /// It refers to a thread that belongs to another identifier.
    OtherSender,
    /// A machine sent it.
    Automatic,
    /// It came through a mailing list or another bulk mailing.
    MailingList,
    /// It forwards someone else's words.
    Forwarded,
    /// A sticker, shown as its emoji.
    Sticker,
    /// A location on a map.
    Location,
    /// A person's name and number from an address book.
    ContactCard,
    /// A poll.
    Poll,
    /// It mentions a person or thing whose name the platform did not provide.
    NamelessMention,
    /// It contains content that this program cannot represent; the content is in the raw message.
    UnknownContent,
}

impl Remark {
    /// Returns the key of its text in the locale files.
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

/// An attachment or other part of a message. It is stored encrypted and shown only on request.
#[derive(Clone)]
pub struct Part {
    /// The file name as sent. Never used as a path.
    pub name: Option<String>,
    /// The media type as sent, such as `image/png`. Never relied on.
    pub media_type: String,
    /// Whether the part was embedded in the text.
    pub inline: bool,
    /// The content, or why it is absent.
    pub content: Content,
}

/// The content of a message part.
#[derive(Clone)]
pub enum Content {
    /// The decoded bytes.
    Here(Vec<u8>),
    /// The line's settings exclude attachments, so the content was not stored. The value is its size in bytes.
    NotTaken(u64),
    /// The content is too large to fetch. The value is its size in bytes.
    TooLarge(u64),
    /// The content remains on the platform until it is fetched.
    Elsewhere(Elsewhere),
}

/// A file stored on the platform.
#[derive(Clone)]
pub struct Elsewhere {
    /// The reference with which the channel fetches the file. Only the channel can interpret it.
    pub reference: Private<String>,
    /// An id that stays the same when the platform refers to the same file again.
    pub unique: String,
    /// The size in bytes according to the platform; 0 if it gives none.
    pub size: u64,
    /// Whether to fetch the file immediately, without waiting for a counsellor's request.
    pub at_once: bool,
}

impl Content {
    /// Returns the size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::NotTaken(size) | Self::TooLarge(size) => *size,
            Self::Elsewhere(file) => file.size,
        }
    }
}

/// Another server's report on the delivery of one of our replies (RFC 3464).
#[derive(Clone)]
pub struct DeliveryReport {
    /// The thread token of the reply. `None`: the report cannot be matched to a contact.
    pub token: Option<ThreadToken>,
    /// The id of the reply, if the report includes it.
    pub message: Option<Uuid>,
    /// The reported result.
    pub fate: Fate,
    /// The status and text of the other server, such as `5.1.1 no such user`.
    pub said: Private<String>,
}

/// The result of delivering a reply, as reported by another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It will not be delivered.
    Failed,
    /// Delivery is delayed.
    Delayed,
    /// It was delivered.
    Delivered,
}

/// A message to be sent.
#[derive(Clone)]
pub struct OutboundMessage {
    /// The id of the message. It is the same at every attempt, so that repeats can be recognised.
    pub id: Uuid,
    /// The contact's reference.
    pub reference: Reference,
    /// The contact's thread token.
    pub token: ThreadToken,
    /// The recipient's address or account on this channel.
    pub to: Private<String>,
    /// The subject of the message being answered.
    pub subject: Option<Private<String>>,
    /// The text.
    pub text: Private<String>,
    /// The message ids of the thread, oldest first. The last is the message being answered.
    pub thread: Vec<String>,
    /// Attached files.
    pub files: Vec<OutboundFile>,
    /// Whether an earlier attempt to send this piece was interrupted, so that it may already have arrived.
    pub uncertain: bool,
    /// Whether it is an automatic acknowledgement, as opposed to a counsellor's reply.
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
