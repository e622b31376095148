//! Bulk actions on contacts. A bulk action succeeds or fails for each contact independently.

use axum::extract::State;
use hotline_core::{contact::lifecycle::Marking, text::locale::Language};
use hotline_store::error::Conflict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::open::parse_reference,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FromFields, RepeatedFields, ResponseFormat},
    },
    inbox::page::{BulkOutcome, InboxQuery, render_inbox},
    state::Desk,
};

/// The largest number of contacts in a bulk action.
const MOST: usize = 200;

/// A bulk action and its contacts.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct BulkAction {
    /// References of the contacts, at most 200.
    #[schemars(length(max = 200))]
    references: Vec<String>,
    /// The action to perform on each contact.
    #[serde(rename = "do")]
    #[schemars(extend("enum" = ["claim", "give-back", "follow", "close", "spam", "release", "discard"]))]
    what: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

impl FromFields for BulkAction {
    /// Parses a form that has a field `pick` for each contact, and the fields `do` and `view`.
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut read = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "pick" => read.references.push(value),
                "do" => read.what = value,
                "view" => read.view = value,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// The outcome of a bulk action.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkOutcomeJson {
    /// References of the contacts for which the action succeeded.
    done: Vec<String>,
    /// The contacts for which the action failed.
    refused: Vec<RefusedContactJson>,
}

/// A contact for which a bulk action failed.
#[derive(Serialize, JsonSchema)]
struct RefusedContactJson {
    reference: String,
    /// The reason for the failure, in English.
    error: String,
}

/// `POST /desk/several` and `POST /api/v1/several`: performs an action on several contacts.
pub(crate) async fn act_on_many(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    RepeatedFields(action): RepeatedFields<BulkAction>,
) -> Result<Answer<BulkOutcomeJson>, PageError> {
    if action.references.len() > MOST {
        return Err(PageError::Bad("error-form"));
    }
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for one in &action.references {
        let reference = parse_reference(one)?;
        let store = &desk.store;
        let changed = match action.what.as_str() {
            "claim" => store.take(&me, reference).await,
            "give-back" => store.give_back(&me, reference).await,
            "follow" => store.set_followed(&me, reference, true).await,
            "close" => store.close(&me, reference, None).await.map(|()| true),
            "spam" => store.mark(&me, reference, Some(Marking::Spam)).await,
            "release" => store.release(&me, reference).await,
            "discard" => store.discard(&me, reference).await,
            _ => return Err(PageError::Bad("error-form")),
        };
        match changed.map_err(PageError::from) {
            Ok(true) => done.push(one.clone()),
            Ok(false) => refused.push((one.clone(), PageError::Conflict(Conflict::SoAlready))),
            Err(why @ (PageError::Conflict(_) | PageError::NotFound)) => refused.push((one.clone(), why)),
            Err(fault) => return Err(fault),
        }
    }
    if format.is_json() {
        let words = desk.locales.of(Language::En);
        let refused = refused.into_iter().map(|(reference, why)| RefusedContactJson {
            reference,
            error: why.localized(words),
        });
        let refused = refused.collect();
        return Ok(Answer::Json(BulkOutcomeJson { done, refused }));
    }
    let words = desk.words(&jar);
    let count = i64::try_from(done.len()).unwrap_or_default();
    let told = BulkOutcome {
        done: (count > 0).then(|| words.count("several-done", count)),
        refused: refused
            .iter()
            .map(|(one, why)| (one.clone(), why.localized(words)))
            .collect(),
    };
    let page = render_inbox(&desk, &jar, me, InboxQuery::of(&action.view), None, told).await?;
    Ok(Answer::Page(page))
}
