//! Sends messages to Discord, interprets Discord's errors, and downloads files.

use hotline_core::{
    contact::message::{OutboundFile, OutboundMessage},
    identifiers::private::Private,
    text::reason::Known,
};
use serde_json::{Value, json};
use serenity::{
    all::{
        ChannelId, CreateAllowedMentions, CreateAttachment, CreateMessage, LightMethod, MessageFlags,
        MessageId, Nonce, Request, Route, UserId,
    },
    http::{Multipart, MultipartUpload},
};
use sha2::{Digest, Sha256};

use super::{
    conversations::FORM,
    line::Shared,
    rest::RestError,
    threads::{NoThread, Request as Wanted},
};
use crate::{channel::ChannelError, json, split::split};

/// The longest message, in characters. The code counts UTF-16 code units, which are never fewer.
const LONGEST: usize = 2_000;
/// How far Discord's clock may be behind ours. The value is small, because a message sent before ours was written is a
/// different one.
const CLOCKS: chrono::Duration = chrono::Duration::seconds(5);
/// How long a reply waits for the thread of a form if the thread can't be created yet. After that it goes by direct message.
const FOR_THREAD: chrono::Duration = chrono::Duration::minutes(10);

fn texts(message: &OutboundMessage) -> Vec<String> {
    split(message.text.expose(), LONGEST)
}

/// Returns the number of pieces of a message: the parts of its text, then its files.
pub fn pieces(message: &OutboundMessage) -> usize {
    texts(message).len() + message.files.len()
}

/// The content of a piece.
enum Piece<'a> {
    Text(&'a str),
    File(&'a OutboundFile),
}

/// Returns the pieces of a message: the parts of its text, then its files.
fn all<'a>(texts: &'a [String], files: &'a [OutboundFile]) -> impl Iterator<Item = Piece<'a>> {
    let texts = texts.iter().map(|text| Piece::Text(text));
    texts.chain(files.iter().map(Piece::File))
}

impl Piece<'_> {
    /// Returns whether a message on Discord has this content.
    fn is_in(&self, message: &Value) -> bool {
        match self {
            Self::Text(text) => message.get("content").and_then(Value::as_str) == Some(text),
            Self::File(file) => {
                let of = |key: &str| message.pointer("/attachments/0")?.get(key);
                let size = of("size").and_then(Value::as_u64);
                let name = of("title").or_else(|| of("filename")).and_then(Value::as_str);
                size == Some(file.bytes.len() as u64) && name == Some(file.name.as_str())
            }
        }
    }

    /// Returns whether both pieces look the same to a reader.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::File(one), Self::File(other)) => {
                one.name == other.name && one.bytes.len() == other.bytes.len()
            }
            (Self::Text(_), Self::File(_)) | (Self::File(_), Self::Text(_)) => false,
        }
    }
}

impl Shared {
    pub(super) async fn send_piece(
        &self,
        message: &OutboundMessage,
        number: usize,
    ) -> Result<(), ChannelError> {
        let texts = texts(message);
        let Some(piece) = all(&texts, &message.files).nth(number) else {
            return Ok(());
        };
        let channel = self.channel_for(message).await?;
        if message.uncertain && self.was_sent(channel, message, number).await? {
            return Ok(());
        }
        let new = CreateMessage::new()
            .nonce(Nonce::String(nonce(message, number)))
            .enforce_nonce(true)
            // Mentions in a reply notify no one.
            .allowed_mentions(CreateAllowedMentions::new())
            .flags(MessageFlags::SUPPRESS_EMBEDS);
        let route = Route::ChannelMessages { channel_id: channel };
        let sent = match piece {
            Piece::Text(text) => self.rest.send(LightMethod::Post, route, &new.content(text)).await,
            Piece::File(file) => {
                let upload = CreateAttachment::bytes(file.bytes.clone(), file.name.clone());
                let payload =
                    serde_json::to_string(&new).map_err(|_| ChannelError::never("it cannot be written"))?;
                let multipart = Multipart {
                    upload: MultipartUpload::Attachments(vec![upload]),
                    fields: Vec::new(),
                    payload_json: Some(payload),
                };
                let request = Request::new(route, LightMethod::Post).multipart(Some(multipart));
                self.rest.call(route, request).await
            }
        };
        sent.map(drop).map_err(refused)
    }

    pub(super) async fn show_typing(&self, to: &Private<String>, thread: &[String]) {
        if let Ok(channel) = self.channel_of(to, thread).await {
            let route = Route::ChannelTyping { channel_id: channel };
            let _ = self
                .rest
                .call(route, Request::new(route, LightMethod::Post))
                .await;
        }
    }

    /// Returns the channel for a message. The sender of a form is answered in a thread, which is created if needed.
    async fn channel_for(&self, message: &OutboundMessage) -> Result<ChannelId, ChannelError> {
        let place = message.thread.last().and_then(|id| id.split_once(':'));
        let by_form = place.is_some_and(|(place, _)| place == FORM);
        if by_form && let Some(person) = person(&message.to) {
            let wanted = Wanted {
                person,
                reference: message.reference,
                invite: false,
            };
            let young = self.clock.now() - message.written_at < FOR_THREAD;
            match self.thread_for(wanted).await {
                Ok(thread) => return Ok(thread),
                Err(NoThread::Now(error)) if young => return Err(not_yet(error)),
                Err(NoThread::Now(_) | NoThread::Never) => {}
            }
        }
        self.channel_of(&message.to, &message.thread).await
    }

    /// Returns the channel in which a person is answered: that of the last message, else the person's thread, else the direct
    /// conversation.
    async fn channel_of(&self, to: &Private<String>, thread: &[String]) -> Result<ChannelId, ChannelError> {
        let last = thread.last().and_then(|id| id.split_once(':'));
        let channel = last
            .and_then(|(channel, _)| channel.parse().ok())
            .filter(|id| *id != 0);
        if let Some(channel) = channel {
            return Ok(ChannelId::new(channel));
        }
        let person = person(to).ok_or_else(|| ChannelError::never("this is nobody on Discord"))?;
        if let Some(thread) = self.conversations.thread_of(person) {
            return Ok(thread);
        }
        let body = json!({ "recipient_id": person.to_string() });
        let made = self
            .rest
            .send(LightMethod::Post, Route::UserMeDmChannels, &body)
            .await
            .map_err(refused)?;
        json::id(&made, "/id")
            .map(ChannelId::new)
            .ok_or_else(|| ChannelError::later("Discord opens no conversation"))
    }

    /// Returns whether a piece that may have been sent is in the conversation. Discounts earlier pieces that look the same.
    async fn was_sent(
        &self,
        channel: ChannelId,
        message: &OutboundMessage,
        number: usize,
    ) -> Result<bool, ChannelError> {
        let texts = texts(message);
        let pieces: Vec<_> = all(&texts, &message.files).take(number + 1).collect();
        let Some((piece, before)) = pieces.split_last() else {
            return Ok(false);
        };
        let before = before.iter().filter(|other| piece.is_same(other)).count();
        let route = Route::ChannelMessages { channel_id: channel };
        let last = self
            .rest
            .get(route, vec![("limit", "50".to_owned())])
            .await
            .map_err(refused)?;
        let found = last.as_array().into_iter().flatten().filter(|one| {
            let at = json::id(one, "/id")
                .map(super::times::sent_at)
                .unwrap_or_default();
            piece.is_in(one) && self.is_me(json::id(one, "/author/id")) && at >= message.written_at - CLOCKS
        });
        Ok(found.count() > before)
    }

    /// Downloads a file. Its reference names the channel, the message and the attachment.
    pub(super) async fn download(&self, reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        let ids: Vec<u64> = reference
            .expose()
            .split(' ')
            .filter_map(|id| id.parse().ok())
            .filter(|id| *id != 0)
            .collect();
        let [channel, message, file] = ids.as_slice() else {
            return Err(ChannelError::never("this is no file of Discord"));
        };
        let route = Route::ChannelMessage {
            channel_id: ChannelId::new(*channel),
            message_id: MessageId::new(*message),
        };
        let found = self.rest.get(route, Vec::new()).await.map_err(refused)?;
        let own = found
            .get("attachments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let forwarded = found
            .pointer("/message_snapshots")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|snapshot| snapshot.pointer("/message/attachments")?.as_array())
            .flatten();
        let url = own
            .chain(forwarded)
            .find(|one| json::id(one, "/id") == Some(*file))
            .and_then(|one| one.get("url")?.as_str());
        let url = url.ok_or_else(|| ChannelError::never("the message does not have this file any more"))?;
        match self.rest.file(url).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(ChannelError::never("the file is too large, or lies elsewhere")),
            Err(error) => Err(refused(error)),
        }
    }
}

/// Returns the nonce of a piece, of at most 25 characters. It is the same for every attempt, so Discord takes the piece once.
fn nonce(message: &OutboundMessage, piece: usize) -> String {
    let digest = Sha256::digest(format!("{} {piece}", message.id));
    let mut nonce = data_encoding::BASE32_NOPAD.encode(&digest);
    nonce.truncate(25);
    nonce
}

/// Returns the Discord user to whom a message goes.
fn person(to: &Private<String>) -> Option<UserId> {
    let id = to.expose().parse().ok().filter(|id| *id != 0);
    id.map(UserId::new)
}

/// Converts an error in creating a thread. The message was not handed over yet, so an unknown outcome can be retried.
fn not_yet(error: RestError) -> ChannelError {
    match refused(error) {
        ChannelError::Unknown { reason } => ChannelError::later(reason),
        known @ (ChannelError::Transient { .. } | ChannelError::Permanent { .. }) => known,
    }
}

/// Maps a failed request to an error that says whether a retry makes sense.
fn refused(error: RestError) -> ChannelError {
    let said = error.to_string();
    match error {
        RestError::Limited(wait) => ChannelError::Transient {
            reason: Known::Wait.into(),
            retry_after: Some(wait),
        },
        RestError::Refused(_, 50_007, _) => ChannelError::never(Known::NoDirectMessages),
        RestError::Refused(401, ..) => ChannelError::later(Known::TokenRefused),
        RestError::Unreachable => ChannelError::later(Known::Unreachable),
        RestError::Broke => ChannelError::Unknown {
            reason: Known::Broke.into(),
        },
        RestError::Refused(..) if error.is_for_good() => ChannelError::never(said),
        RestError::Refused(408, ..) => ChannelError::later(said),
        // The outcome is unknown. The nonce lets Discord recognise a repeat.
        RestError::Refused(..) => ChannelError::Unknown { reason: said.into() },
    }
}
