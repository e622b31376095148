//! The page that asks for a reason when a member of staff closes a contact in which the person waits for a reply.

use askama::Template;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use hotline_core::text::locale::Words;
use hotline_store::error::{Conflict, StoreError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    contact::{action::ContactAction, api::ContactJson},
    http::{answers::Answer, errors::PageError, extractors::ResponseFormat, page::page},
};

/// The ready-made reasons for closing a contact without a reply, each as the suffix of its locale key. The page has a button for each
/// reason.
const READY: [&str; 5] = ["elsewhere", "unwanted", "unsafe", "no-way", "others"];

/// The reason for closing a contact without a reply.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseForm {
    /// The reason, stored as a note. Closing requires a reason if the person waits for a reply and the contact is urgent. Closing also
    /// requires a reason if the person waits for the first reply, unless the contact is classified as non-counselling.
    #[serde(default)]
    pub reason: String,
    /// The reason that the counsellor typed into the form on the page.
    #[serde(default)]
    #[schemars(skip)]
    pub why: String,
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
}

/// Returns the ready-made reason (`reason`) or, if this is blank, the typed reason (`why`). Returns `None` if both are blank.
pub(crate) fn chosen_reason<'a>(reason: &'a str, why: &'a str) -> Option<&'a str> {
    let given = [reason, why].map(str::trim);
    given.into_iter().find(|reason| !reason.is_empty())
}

#[derive(Template)]
#[template(path = "contact/closing_reason.html")]
struct ReasonPage<'a> {
    words: &'a Words,
    action: String,
    back: String,
    /// The fields of the form that was refused because it contained no reason. The page sends these fields again, together with the reason.
    fields: Vec<(String, String)>,
}

impl ReasonPage<'_> {
    fn ready(&self) -> Vec<String> {
        READY.map(|end| self.words.say(&format!("why-{end}"))).into()
    }
}

/// Handles the outcome of an action that can require a reason. Returns a page that asks for the reason if an HTML form was refused because
/// the reason was missing. The form on this page sends `fields` and the reason to `/desk/contacts/{reference}/{step}`. Returns `None` if
/// the action succeeded. All other errors, and all errors of API requests, are returned unchanged.
pub(crate) fn ask_for_reason<Body>(
    action: &ContactAction<Body>,
    jar: &CookieJar,
    outcome: Result<(), StoreError>,
    step: &str,
    fields: Vec<(String, String)>,
) -> Result<Option<Answer<ContactJson>>, PageError> {
    match (outcome, action.format) {
        (Ok(()), _) => Ok(None),
        (Err(StoreError::Conflict(Conflict::ReasonNeeded)), ResponseFormat::Page) => {
            let view = fields.iter().find(|(name, _)| name == "view");
            let view = view.map_or("mine", |(_, view)| view.as_str());
            let reference = action.reference;
            let back = format!("/desk/contacts/{reference}?view={view}");
            let mut asked = page(&ReasonPage {
                words: action.desk.words(jar),
                action: format!("/desk/contacts/{reference}/{step}"),
                back,
                fields,
            })?;
            *asked.status_mut() = StatusCode::CONFLICT;
            Ok(Some(Answer::Page(asked)))
        }
        (Err(error), _) => Err(error.into()),
    }
}
