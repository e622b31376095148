//! Asks why a contact is closed although its person waits for a reply.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use axum_extra::extract::CookieJar;
use hotline_core::text::locale::Words;
use hotline_store::error::{Conflict, StoreError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    http::{errors::PageError, page::page},
    state::Desk,
};

/// Reasons that are chosen with one key, by the end of the keys of their texts.
const READY: [&str; 5] = ["elsewhere", "unwanted", "unsafe", "no-way", "others"];

/// Why a contact is closed without the reply that its person waits for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithReason {
    /// Needed if the person had no reply, or it is urgent and they wait: why it is closed all the same. Kept among the notes.
    #[serde(default)]
    pub reason: String,
    /// The same in words of one's own, as the page's form has it.
    #[serde(default)]
    #[schemars(skip)]
    pub why: String,
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
}

/// The reason, if there is one: that was chosen, or that was written.
pub(crate) fn words_of<'a>(reason: &'a str, why: &'a str) -> Option<&'a str> {
    let given = [reason, why].map(str::trim);
    given.into_iter().find(|reason| !reason.is_empty())
}

#[derive(Template)]
#[template(path = "contact/closing_reason.html")]
struct Why<'a> {
    words: &'a Words,
    action: String,
    back: String,
    /// What was sent, to be sent again with the reason.
    fields: Vec<(String, String)>,
}

impl Why<'_> {
    fn ready(&self) -> Vec<String> {
        READY.map(|end| self.words.say(&format!("why-{end}"))).into()
    }
}

/// What became of closing a contact on a page: where a reason is needed, the question for it, with everything that was sent.
pub(crate) fn or_ask(
    desk: &Desk,
    jar: &CookieJar,
    done: Result<(), StoreError>,
    reference: &str,
    step: &str,
    fields: Vec<(String, String)>,
) -> Result<Option<Response>, PageError> {
    match done {
        Ok(()) => Ok(None),
        Err(StoreError::Conflict(Conflict::ReasonNeeded)) => {
            let view = fields.iter().find(|(name, _)| name == "view");
            let view = view.map_or("mine", |(_, view)| view.as_str());
            let back = format!("/desk/contacts/{reference}?view={view}");
            let mut asked = page(&Why {
                words: desk.words(jar),
                action: format!("/desk/contacts/{reference}/{step}"),
                back,
                fields,
            })?;
            *asked.status_mut() = StatusCode::CONFLICT;
            Ok(Some(asked))
        }
        Err(error) => Err(error.into()),
    }
}
