//! Sends messages to Telegram, interprets Telegram's errors, and downloads files.

use futures::StreamExt;
use hotline_core::{
    contact::message::OutboundMessage,
    identifiers::private::Private,
    text::{
        reason::Known,
        rich::{ReplyStyle, RichText},
    },
};
use serde_json::Value;
use teloxide::{
    RequestError,
    net::Download,
    payloads::SendMessageSetters,
    requests::Requester,
    types::{ChatAction, ChatId, FileId, InputFile, MessageEntity},
};

use super::{errors::to_channel_error, files::LARGEST, line::Telegram, menu::no_preview};
use crate::{channel::ChannelError, json};

/// How replies are shown. A message has at most 4,096 UTF-16 code units.
pub const STYLE: ReplyStyle = ReplyStyle::Ranges(4_096);

/// Splits the text of a message into chunks. They are sent before the files of the message.
fn text_chunks(message: &OutboundMessage) -> Vec<RichText> {
    STYLE.messages(message.text.expose())
}

pub fn chunk_count(message: &OutboundMessage) -> usize {
    text_chunks(message).len() + message.files.len()
}

impl Telegram {
    pub(super) async fn send_chunk(
        &self,
        message: &OutboundMessage,
        chunk: usize,
    ) -> Result<(), ChannelError> {
        let to = message.to.expose();
        if let Some(wait) = self.backoff.remaining_wait(to) {
            return Err(ChannelError::Transient {
                reason: Known::Wait.into(),
                retry_after: Some(wait),
            });
        }
        let chat = to
            .parse()
            .map(ChatId)
            .map_err(|_| ChannelError::permanent("this is no chat of Telegram"))?;
        let texts = text_chunks(message);
        let sent = match (
            texts.get(chunk),
            message.files.get(chunk.saturating_sub(texts.len())),
        ) {
            // Without a parse mode, Telegram treats no character of the text as markup.
            (Some(text), _) => {
                let bold = text.bold_utf16().into_iter();
                let bold = bold.map(|(offset, length)| MessageEntity::bold(offset, length));
                let sending = self.bot.send_message(chat, text.text()).entities(bold);
                sending.link_preview_options(no_preview()).await
            }
            (None, Some(file)) => {
                let upload = InputFile::memory(file.bytes.clone()).file_name(file.name.clone());
                self.bot.send_document(chat, upload).await
            }
            (None, None) => return Ok(()),
        };
        sent.map(drop).or_else(accept_confirmed).map_err(|error| {
            if let RequestError::RetryAfter(wait) = &error {
                // Telegram asked for a wait, but does not say whether it applies to this chat or to all chats. If a wait is already
                // running in another chat, this wait is applied to all chats.
                if self.backoff.note_wait(to, wait.duration()) {
                    self.backoff.note_global_wait(wait.duration());
                }
            }
            to_channel_error(&error)
        })
    }

    pub(super) async fn send_typing(&self, to: &Private<String>) {
        let Ok(chat) = to.expose().parse() else { return };
        if self.backoff.remaining_wait(to.expose()).is_none() {
            let _ = self.bot.send_chat_action(ChatId(chat), ChatAction::Typing).await;
        }
    }

    /// Downloads a file by its id.
    pub(super) async fn download(&self, reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        let id = FileId(reference.expose().clone());
        let file = self
            .bot
            .get_file(id)
            .await
            .map_err(|error| to_channel_error(&error))?;
        let mut content = self.bot.download_file_stream(&file.path);
        let mut bytes = Vec::new();
        while let Some(chunk) = content.next().await {
            bytes.extend(chunk.map_err(|_| ChannelError::transient(Known::Unreachable))?);
            if bytes.len() as u64 > LARGEST {
                return Err(ChannelError::permanent("the file is larger than 20 MB"));
            }
        }
        Ok(bytes)
    }
}

/// Returns success if Telegram's response confirms the message but teloxide can't parse the response.
fn accept_confirmed(error: RequestError) -> Result<(), RequestError> {
    let done = match &error {
        RequestError::InvalidJson { raw, .. } => {
            json::parse(raw.as_bytes()).is_some_and(|answer| answer.get("ok") == Some(&Value::Bool(true)))
        }
        RequestError::Api(_)
        | RequestError::MigrateToChatId(_)
        | RequestError::RetryAfter(_)
        | RequestError::Network(_)
        | RequestError::Io(_) => false,
    };
    if done { Ok(()) } else { Err(error) }
}
