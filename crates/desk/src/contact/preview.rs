//! The preview of a reply: the messages in which the contact's line will send it, formatted as the person will see them.

use askama::Template;
use axum::response::IntoResponse;
use hotline_core::{
    contact::message::LONGEST_TEXT,
    staff::rights::Right,
    text::{
        locale::Language,
        rich::{Block, ReplyStyle, RichText},
    },
};
use hotline_store::error::Conflict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::{action::ContactAction, open::find_contact},
    http::{
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson},
        page::{Frame, WithoutHits, page},
    },
};

#[derive(Template)]
#[template(path = "contact/preview.html")]
struct PreviewPage<'a> {
    frame: Frame<'a>,
    messages: Vec<RichText>,
    style: ReplyStyle,
    channel: String,
}

impl PreviewPage<'_> {
    /// Describes how the reply is sent.
    fn summary(&self) -> String {
        let words = self.frame.words;
        let channel = self.frame.channel(&self.channel);
        let formatted = if self.style.formats() {
            "preview-formatted"
        } else {
            "preview-plain"
        };
        let formatted = words.with(formatted, "channel", &channel);
        match self.messages.len() {
            0 | 1 => formatted,
            several => {
                let count = i64::try_from(several).unwrap_or(i64::MAX);
                format!("{} {formatted}", words.count("preview-messages", count))
            }
        }
    }
}

impl WithoutHits for PreviewPage<'_> {}

/// A reply to preview.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewForm {
    text: String,
}

/// The messages in which the contact's line will send a reply.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PreviewJson {
    /// The texts of the messages, without the marks of bold words and lists.
    messages: Vec<String>,
    /// The largest length of a message in UTF-16 code units; null if there is no limit.
    longest: Option<usize>,
    /// Whether the person sees bold words and lists.
    formats: bool,
}

/// `POST /desk/contacts/{reference}/preview`: shows a reply as the person will see it. Nothing is stored.
pub(crate) async fn preview(
    Cookies(jar): Cookies,
    action: ContactAction<FormOrJson<PreviewForm>>,
) -> Result<Answer<PreviewJson>, PageError> {
    let (desk, FormOrJson(form)) = (&action.desk, &action.form);
    if form.text.chars().count() > LONGEST_TEXT {
        return Err(PageError::Conflict(Conflict::TooLong));
    }
    let contact = find_contact(desk, &action.me, action.reference).await?;
    let style = contact.reply_style;
    let messages = style.messages(form.text.trim());
    if action.format.is_json() {
        return Ok(Answer::Json(PreviewJson {
            messages: messages.iter().map(|message| message.text().to_owned()).collect(),
            longest: style.longest(),
            formats: style.formats(),
        }));
    }
    let shown = page(&PreviewPage {
        frame: Frame::new(desk, &jar, &action.me, "inbox").await?,
        messages,
        style,
        channel: contact.channel,
    })?;
    Ok(Answer::Page(shown.into_response()))
}
