//! Messages: as they arrive, as they are understood, as they leave.
//!
//! None of these types prints what a person wrote: they have no `Debug`, or hold it in [`Private`].

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
    /// The line it came in by.
    pub line: LineName,
    /// What makes it the same message when it is delivered again. Unique on its line; only a keyed hash of it is kept, so it is
    /// empty when the message is read later.
    pub external_id: String,
    /// When the platform took it, never later than our clock. Its contact counts on that day.
    pub received_at: DateTime<Utc>,
    /// The bytes; their form is the channel's own.
    pub bytes: Vec<u8>,
    /// The message's full size in bytes, if it was over the limit and only its head is here.
    pub cut_from: Option<u64>,
}

/// The longest reply, note, summary or canned reply, in characters.
pub const LONGEST_TEXT: usize = 20_000;

/// What a channel makes of a raw message.
pub enum Normalised {
    /// Somebody wrote something.
    Message(Box<Incoming>),
    /// Another machine tells how one of our replies fared.
    Report(DeliveryReport),
    /// The platform tells something of a person that is no message. It is shown in the person's contact and counts nothing.
    Notice(Notice),
    /// Nothing for a counsellor. It stays on record with this reason and opens no contact.
    Ignore(&'static str),
    /// It could not be read. It becomes a contact all the same, with the raw message attached.
    Unreadable(Unreadable),
}

/// Something a platform tells of a person.
pub struct Notice {
    /// Whom it is about.
    pub identifier: Private<String>,
    /// What.
    pub news: News,
}

/// What a platform can tell of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The person blocked us: nothing we send arrives.
    Blocked,
    /// The person took that back.
    Unblocked,
    /// The person asked not to be written to, until the next message.
    Stopped,
    /// The person chose the language of our automatic texts.
    Chose(Language),
    /// Messages may be missing: what was written while we were away can't be read any more.
    Gap,
}

impl News {
    /// Its name in the database, which is also the end of the key of its text.
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

/// What could still be told of a message that cannot be read.
#[derive(Default)]
pub struct Unreadable {
    /// Why, in words for staff.
    pub reason: String,
    /// What must be known before it joins a contact.
    pub joining: Joining,
    /// The sender, if at least that was clear.
    pub identifier: Option<Private<String>>,
    /// The subject, if at least that was clear.
    pub subject: Option<String>,
}

/// A message somebody sent to us, understood. What a reader leaves out is the careful value: it joins nothing by itself.
#[derive(Clone, Default)]
pub struct Incoming {
    /// The other side's address or account, in its one canonical spelling. Without one it can't be answered.
    pub identifier: Option<Private<String>>,
    /// The name it came with. Decoration: names prove nothing.
    pub name: Option<String>,
    /// Another address the person asked to be answered at.
    pub answer_to: Option<Private<String>>,
    /// What must be known before it joins a contact.
    pub joining: Joining,
    /// Our own message that this seems to be a copy of, come back to us; with the token that proves it where anybody could say so.
    pub echo_of: Option<(Uuid, Option<ThreadToken>)>,
    /// What proves that it belongs to a thread.
    pub evidence: Vec<Evidence>,
    /// The sender's own id of it (a Message-ID), so that later messages can point at it. Of a message with a `piece`: the
    /// platform's id of the whole message.
    pub message_id: Option<String>,
    /// Which piece of the message, in which version, this is. Only where the platform gives the ids, so that nobody can forge
    /// them.
    pub piece: Option<Piece>,
    /// The ids it names as its ancestors, oldest first, to be repeated in the reply.
    pub references: Vec<String>,
    /// Whether the person comes back to read answers (with a receipt code) instead of being sent them. Then the identifier is
    /// only the code's mark, and nothing to show.
    pub answers_lie_ready: bool,
    /// Its subject.
    pub subject: Option<String>,
    /// What the person wrote.
    pub text: String,
    /// What was quoted below or above it. Folded on screen, never lost.
    pub quoted: String,
    /// How many bytes at the beginning of `quoted` seem to copy earlier messages of the thread: a line of a mail program says
    /// so. What turns out to be in none of them is new and is shown.
    pub copied: usize,
    /// An address that is reported. Text: never fetched, never opened.
    pub url: Option<String>,
    /// Whether it asks for advice or reports something, if the person said so.
    pub asks: Option<Asks>,
    /// The language the person chose or wrote in, if known.
    pub language: Option<Language>,
    /// What came with it.
    pub parts: Vec<Part>,
    /// Whether a machine sent it.
    pub origin: Origin,
    /// Whether it is a place that the person shares live: each new position takes the place of the one before. No version is kept
    /// of that, and nobody is called for it.
    pub live: bool,
    /// Whether nothing is to be sent back that no person wrote: it asks for that, or comes from where nobody reads (RFC 3834).
    pub unacknowledged: bool,
    /// When its sender says it was sent. Shown, never trusted.
    pub claimed_at: Option<DateTime<Utc>>,
    /// What staff should know about how it was read.
    pub remarks: Vec<Remark>,
}

/// One piece of a message, in one of its versions. Most messages are one piece; a photo album arrives as several. The pieces and
/// versions of a message make the same message in whatever order, and however often, they arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The platform's id of this piece.
    pub id: String,
    /// Its place in its conversation: of two pieces the one sent later has the higher.
    pub place: u64,
    /// Zero as it was first sent; each later version has a higher one.
    pub version: i64,
}

/// Proof that a message belongs to a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A token that we issued.
    Token(ThreadToken),
    /// The id of a message that the same identifier sent before.
    TheirMessage(String),
}

/// The two things the public form offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// For advice.
    Advice,
    /// To report content or conduct.
    Report,
}

impl Asks {
    /// Its name in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Report => "report",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Advice, Self::Report]
            .into_iter()
            .find(|asks| asks.as_str() == name)
    }
}

/// Who or what sent a message. Machines never get an automatic answer (RFC 3834).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A person, as far as can be told.
    #[default]
    Person,
    /// A machine: a contact, but nothing is answered automatically.
    Machine,
    /// An automatic answer to something we sent: shown where it belongs, never a contact of its own.
    AutoReply,
}

/// Something about how a message was read. Shown beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// Over the size limit: only its head was fetched.
    TooLarge,
    /// The text was longer than is shown; the rest is in the raw message.
    TextCut,
    /// More parts than are kept apart; the rest is in the raw message.
    PartsCut,
    /// It has a Windows attachment bundle (winmail.dat, TNEF) that is not opened.
    Tnef,
    /// It is encrypted; the text is in the raw message.
    Encrypted,
    /// It was made from HTML.
    FromHtml,
    /// It could not be read.
    Unreadable,
    /// It asks to be answered at another address than it came from.
    AnswerElsewhere,
    /// The same identifier sent the same Message-ID with other content before.
    SameIdOtherContent,
    /// It names a thread that belongs to another identifier.
    OtherSender,
    /// A machine sent it.
    Automatic,
    /// It came by a mailing list or another mailing to many.
    MailingList,
    /// Somebody else's words, passed on.
    Forwarded,
    /// A sticker: its emoji stands for it.
    Sticker,
    /// A place on the map.
    Location,
    /// Somebody's name and number from an address book.
    ContactCard,
    /// A poll.
    Poll,
    /// It mentions somebody or something whose name the platform did not give.
    NamelessMention,
    /// It holds something this program has no words for; it is in the raw message.
    UnknownContent,
}

impl Remark {
    /// The key of its text in the locale files.
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

/// Something that came with a message. Stored sealed, shown only when asked for.
#[derive(Clone)]
pub struct Part {
    /// The file name as sent. Never used as a path.
    pub name: Option<String>,
    /// The media type as sent, such as `image/png`. Never trusted.
    pub media_type: String,
    /// Whether it stood inside the text.
    pub inline: bool,
    /// What is in it.
    pub content: Content,
}

/// What is in something that came with a message.
#[derive(Clone)]
pub enum Content {
    /// These bytes, decoded.
    Here(Vec<u8>),
    /// It was not taken: the line's settings say so. Its size in bytes.
    NotTaken(u64),
    /// It is larger than can be fetched. Its size in bytes.
    TooLarge(u64),
    /// It lies with the platform until somebody asks for it.
    Elsewhere(Elsewhere),
}

/// A file that lies with the platform.
#[derive(Clone)]
pub struct Elsewhere {
    /// How the channel fetches it. Its text means something to the channel alone.
    pub reference: Private<String>,
    /// What makes it the same file when it is named again.
    pub unique: String,
    /// Its size in bytes as the platform says; 0 if it does not.
    pub size: u64,
    /// Whether it is fetched at once, without being asked for.
    pub at_once: bool,
}

impl Content {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Here(bytes) => bytes.len() as u64,
            Self::NotTaken(size) | Self::TooLarge(size) => *size,
            Self::Elsewhere(file) => file.size,
        }
    }
}

/// How a reply of ours fared, told by another machine (RFC 3464).
#[derive(Clone)]
pub struct DeliveryReport {
    /// The token of the thread the reply belonged to. Without one the report can't be tied to anything.
    pub token: Option<ThreadToken>,
    /// The id of the very message, if it was given.
    pub message: Option<Uuid>,
    /// Whether it will never arrive, or only later.
    pub fate: Fate,
    /// The status and what the other server said, such as `5.1.1 no such user`.
    pub said: Private<String>,
}

/// What became of a reply after it left us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It will not arrive.
    Failed,
    /// It is late.
    Delayed,
    /// It arrived.
    Delivered,
}

/// A message on its way out.
#[derive(Clone)]
pub struct OutboundMessage {
    /// Its own id; the same at every attempt, so that a repeat can be recognised.
    pub id: Uuid,
    /// The contact's reference.
    pub reference: Reference,
    /// The contact's thread token.
    pub token: ThreadToken,
    /// Whom it goes to, on this channel.
    pub to: Private<String>,
    /// The subject of the message it answers.
    pub subject: Option<Private<String>>,
    /// What it says.
    pub text: Private<String>,
    /// The ids of the thread, oldest first; the last is what it answers.
    pub thread: Vec<String>,
    /// What goes with it.
    pub files: Vec<OutboundFile>,
    /// Whether an earlier attempt at this piece broke off: it may have arrived already.
    pub uncertain: bool,
    /// Whether nobody wrote it: an acknowledgement.
    pub automatic: bool,
    /// When it was written.
    pub written_at: DateTime<Utc>,
}

/// A file on its way out.
#[derive(Clone)]
pub struct OutboundFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}
