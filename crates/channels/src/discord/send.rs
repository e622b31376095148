//! Sends messages to Discord, interprets Discord's errors, and downloads files.

use hotline_core::{
    contact::message::{OutboundFile, OutboundMessage},
    identifiers::private::Private,
    text::{reason::Known, rich::ReplyStyle},
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
    line::DiscordLine,
    rest::{Refusal, RestError},
    threads::{NoThread, ThreadRequest},
};
use crate::{channel::ChannelError, json};

/// How replies are shown. A message has at most 2,000 characters. Texts are split by UTF-16 code units, and a text has at least as many of
/// these as characters.
pub const STYLE: ReplyStyle = ReplyStyle::Markdown(2_000);
/// How far Discord's clock may be behind ours. Before a reply is sent again, the line searches for an earlier copy. The search includes
/// messages that Discord dates up to this long before the reply was written.
const CLOCKS: chrono::Duration = chrono::Duration::seconds(5);
/// How long a reply to a form waits for a thread that can't be created yet, counted from the time at which the reply was written.
/// Afterwards the reply is sent as a direct message.
const FOR_THREAD: chrono::Duration = chrono::Duration::minutes(10);

fn text_chunks(message: &OutboundMessage) -> Vec<String> {
    let messages = STYLE.messages(message.text.expose()).into_iter();
    messages.map(|message| message.to_markdown()).collect()
}

/// Returns the number of chunks of a message: the chunks of its text and one chunk for each file.
pub fn chunk_count(message: &OutboundMessage) -> usize {
    text_chunks(message).len() + message.files.len()
}

/// One chunk of a message: a part of the text, or a file.
enum Chunk<'a> {
    Text(&'a str),
    File(&'a OutboundFile),
}

/// Returns the chunks of a message: first the chunks of its text, then its files.
fn chunks<'a>(texts: &'a [String], files: &'a [OutboundFile]) -> impl Iterator<Item = Chunk<'a>> {
    let texts = texts.iter().map(|text| Chunk::Text(text));
    texts.chain(files.iter().map(Chunk::File))
}

impl Chunk<'_> {
    /// Returns whether `message`, a message from Discord, contains this chunk.
    fn is_in(&self, message: &Value) -> bool {
        match self {
            Self::Text(text) => json::text(message, "/content") == Some(text),
            Self::File(file) => {
                let of = |key: &str| message.pointer("/attachments/0")?.get(key);
                let size = of("size").and_then(Value::as_u64);
                let name = of("title").or_else(|| of("filename")).and_then(Value::as_str);
                size == Some(file.bytes.len() as u64) && name == Some(file.name.as_str())
            }
        }
    }

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

impl DiscordLine {
    pub(super) async fn send_chunk(
        &self,
        message: &OutboundMessage,
        number: usize,
    ) -> Result<(), ChannelError> {
        let texts = text_chunks(message);
        let Some(chunk) = chunks(&texts, &message.files).nth(number) else {
            return Ok(());
        };
        let channel = self.channel_for(message).await?;
        if message.uncertain && self.was_sent(channel, message, number).await? {
            return Ok(());
        }
        let new = CreateMessage::new()
            .nonce(Nonce::String(nonce(message, number)))
            .enforce_nonce(true)
            // Discord must not notify people whom a reply mentions.
            .allowed_mentions(CreateAllowedMentions::new())
            .flags(MessageFlags::SUPPRESS_EMBEDS);
        let route = Route::ChannelMessages { channel_id: channel };
        let sent = match chunk {
            Chunk::Text(text) => self.rest.send(LightMethod::Post, route, &new.content(text)).await,
            Chunk::File(file) => {
                let upload = CreateAttachment::bytes(file.bytes.clone(), file.name.clone());
                let payload = serde_json::to_string(&new)
                    .map_err(|_| ChannelError::permanent("it cannot be written"))?;
                let multipart = Multipart {
                    upload: MultipartUpload::Attachments(vec![upload]),
                    fields: Vec::new(),
                    payload_json: Some(payload),
                };
                let request = Request::new(route, LightMethod::Post).multipart(Some(multipart));
                self.rest.call(route, request).await
            }
        };
        sent.map(drop).map_err(to_channel_error)
    }

    pub(super) async fn show_typing(&self, to: &Private<String>, thread: &[String]) {
        if let Ok(channel) = self.channel_of(to, thread).await {
            let route = Route::ChannelTyping { channel_id: channel };
            let _ = self.rest.request(LightMethod::Post, route).await;
        }
    }

    /// Returns the Discord channel for a reply. For a reply to a form, this is the person's private thread, which is created if needed.
    async fn channel_for(&self, message: &OutboundMessage) -> Result<ChannelId, ChannelError> {
        let place = message.thread.last().and_then(|id| id.split_once(':'));
        let by_form = place.is_some_and(|(place, _)| place == FORM);
        if by_form && let Some(person) = recipient(&message.to) {
            let request = ThreadRequest {
                person,
                reference: message.reference,
                invite: false,
            };
            let young = self.clock.now() - message.written_at < FOR_THREAD;
            match self.thread_for(request).await {
                Ok(thread) => return Ok(thread),
                Err(NoThread::NotYet(error)) if young => return Err(before_hand_over(error)),
                Err(NoThread::NotYet(_) | NoThread::Never) => {}
            }
        }
        self.channel_of(&message.to, &message.thread).await
    }

    /// Returns the Discord channel for replies to a person. Uses the channel of the last message in `thread`, else the person's private
    /// thread, else the direct conversation.
    async fn channel_of(&self, to: &Private<String>, thread: &[String]) -> Result<ChannelId, ChannelError> {
        let last = thread.last().and_then(|id| id.split_once(':'));
        let channel = last
            .and_then(|(channel, _)| channel.parse().ok())
            .filter(|id| *id != 0);
        if let Some(channel) = channel {
            return Ok(ChannelId::new(channel));
        }
        let person = recipient(to).ok_or_else(|| ChannelError::permanent("this is nobody on Discord"))?;
        if let Some(thread) = self.conversations.thread_of(person) {
            return Ok(thread);
        }
        let body = json!({ "recipient_id": person.to_string() });
        let made = self
            .rest
            .send(LightMethod::Post, Route::UserMeDmChannels, &body)
            .await
            .map_err(to_channel_error)?;
        json::id(&made, "/id")
            .map(ChannelId::new)
            .ok_or_else(|| ChannelError::transient("Discord opens no conversation"))
    }

    /// Searches the conversation for chunk `number` of the message, because an earlier attempt to send it may have succeeded. Each
    /// earlier chunk that looks the same accounts for one match. The chunk was sent if there are more matches than such earlier chunks.
    async fn was_sent(
        &self,
        channel: ChannelId,
        message: &OutboundMessage,
        number: usize,
    ) -> Result<bool, ChannelError> {
        let texts = text_chunks(message);
        let chunks: Vec<_> = chunks(&texts, &message.files).take(number + 1).collect();
        let Some((chunk, before)) = chunks.split_last() else {
            return Ok(false);
        };
        let before = before.iter().filter(|other| chunk.is_same(other)).count();
        let route = Route::ChannelMessages { channel_id: channel };
        let last = self
            .rest
            .get_with(route, vec![("limit", "50".to_owned())])
            .await
            .map_err(to_channel_error)?;
        let found = json::list(&last, "").filter(|one| {
            let at = json::id(one, "/id")
                .map(super::times::sent_at)
                .unwrap_or_default();
            chunk.is_in(one)
                && self.is_own_id(json::id(one, "/author/id"))
                && at >= message.written_at - CLOCKS
        });
        Ok(found.count() > before)
    }

    /// Downloads a file. `reference` contains the ids of the file's Discord channel, message and attachment.
    pub(super) async fn download(&self, reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        let ids: Vec<u64> = reference
            .expose()
            .split(' ')
            .filter_map(|id| id.parse().ok())
            .filter(|id| *id != 0)
            .collect();
        let [channel, message, file] = ids.as_slice() else {
            return Err(ChannelError::permanent("this is no file of Discord"));
        };
        let route = Route::ChannelMessage {
            channel_id: ChannelId::new(*channel),
            message_id: MessageId::new(*message),
        };
        let found = self.rest.get(route).await.map_err(to_channel_error)?;
        let forwarded = json::list(&found, "/message_snapshots")
            .flat_map(|snapshot| json::list(snapshot, "/message/attachments"));
        let url = json::list(&found, "/attachments")
            .chain(forwarded)
            .find(|one| json::id(one, "/id") == Some(*file))
            .and_then(|one| json::text(one, "/url"));
        let url =
            url.ok_or_else(|| ChannelError::permanent("the message does not have this file any more"))?;
        match self.rest.file(url).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(ChannelError::permanent(
                "the file is too large, or lies elsewhere",
            )),
            Err(error) => Err(to_channel_error(error)),
        }
    }
}

/// Returns the nonce of a chunk: 25 characters, which is Discord's limit. All attempts to send the chunk use the same nonce. For some
/// minutes, Discord accepts only one message with this nonce.
fn nonce(message: &OutboundMessage, chunk: usize) -> String {
    let digest = Sha256::digest(format!("{} {chunk}", message.id));
    let mut nonce = data_encoding::BASE32_NOPAD.encode(&digest);
    nonce.truncate(25);
    nonce
}

/// Parses the user id of the person who receives a message.
fn recipient(to: &Private<String>) -> Option<UserId> {
    let id = to.expose().parse().ok().filter(|id| *id != 0);
    id.map(UserId::new)
}

/// Converts an error from creating a thread. The reply itself was not sent yet, so a retry is safe, even if it is unknown whether the
/// thread was created.
fn before_hand_over(error: RestError) -> ChannelError {
    match to_channel_error(error) {
        ChannelError::Unknown { reason } => ChannelError::transient(reason),
        known @ (ChannelError::Transient { .. } | ChannelError::Permanent { .. }) => known,
    }
}

/// Converts a failed request into an error that says whether a retry makes sense.
fn to_channel_error(error: RestError) -> ChannelError {
    match &error {
        RestError::Limited(wait) => ChannelError::Transient {
            reason: Known::Wait.into(),
            retry_after: Some(*wait),
        },
        RestError::Refused(Refusal { code: 50_007, .. }) => ChannelError::permanent(Known::NoDirectMessages),
        RestError::Refused(Refusal { status: 401, .. }) => ChannelError::transient(Known::TokenRefused),
        RestError::Unreachable => ChannelError::transient(Known::Unreachable),
        RestError::Broke => ChannelError::unknown(Known::Broke),
        RestError::Refused(refusal) if error.is_for_good() => ChannelError::permanent(refusal.to_string()),
        RestError::Refused(refusal) if refusal.status == 408 => ChannelError::transient(refusal.to_string()),
        // Discord may have accepted the message. If it is sent again, Discord recognises the duplicate by its nonce.
        RestError::Refused(refusal) => ChannelError::unknown(refusal.to_string()),
    }
}
