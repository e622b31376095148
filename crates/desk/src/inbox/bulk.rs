//! Bulk actions on contacts. Each contact succeeds or fails independently of the others.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::contact::lifecycle::Marking;
use hotline_store::error::Conflict;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    contact::open::parsed,
    http::{
        access::Who,
        errors::PageError,
        extractors::{RepeatedFields, ResponseFormat},
    },
    inbox::page::{BulkOutcome, InboxQuery, shown},
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
    /// The action.
    #[serde(rename = "do")]
    #[schemars(extend("enum" = ["claim", "give-back", "follow", "close", "spam"]))]
    what: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

impl FromRequest<Desk> for BulkAction {
    type Rejection = PageError;

    /// Reads JSON, or a form with a field `pick` for each contact.
    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        let fields = match RepeatedFields::from_request(request, desk).await? {
            RepeatedFields::Json(read) => return Ok(read),
            RepeatedFields::Fields(fields) => fields,
        };
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

pub(crate) async fn several(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    several: BulkAction,
) -> Result<Response, PageError> {
    if several.references.len() > MOST {
        return Err(PageError::Bad("error-form"));
    }
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for one in &several.references {
        let reference = parsed(one)?;
        let store = &desk.store;
        let did = match several.what.as_str() {
            "claim" => store.take(&me, reference).await,
            "give-back" => store.give_back(&me, reference).await,
            "follow" => store.set_followed(&me, reference, true).await,
            "close" => store.close(&me, reference, None).await.map(|()| true),
            "spam" => store.mark(&me, reference, Some(Marking::Spam)).await,
            _ => return Err(PageError::Bad("error-form")),
        };
        match did.map_err(PageError::from) {
            Ok(true) => done.push(one.clone()),
            Ok(false) => refused.push((one.clone(), PageError::Conflict(Conflict::SoAlready))),
            Err(why @ (PageError::Conflict(_) | PageError::NotFound)) => refused.push((one.clone(), why)),
            Err(fault) => return Err(fault),
        }
    }
    let words = desk.words(&jar);
    if program.0 {
        let words = desk.locales.of(hotline_core::text::locale::Language::En);
        let refused = refused
            .iter()
            .map(|(one, why)| json!({ "reference": one, "error": why.localized(words) }));
        let refused: Vec<_> = refused.collect();
        return Ok(Json(json!({ "done": done, "refused": refused })).into_response());
    }
    let count = i64::try_from(done.len()).unwrap_or_default();
    let told = BulkOutcome {
        done: (count > 0).then(|| words.count("several-done", count)),
        refused: refused
            .iter()
            .map(|(one, why)| (one.clone(), why.localized(words)))
            .collect(),
    };
    shown(&desk, &jar, me, InboxQuery::of(&several.view), None, told).await
}
