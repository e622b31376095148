//! The same done to several contacts at once. Each is done, or refused, by itself.

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
        extractors::{Program, Repeated},
    },
    inbox::page::{Asked, Told, shown},
    state::Desk,
};

/// Contacts that can be picked at once.
const MOST: usize = 200;

/// What is done to which contacts.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Several {
    /// References, at most 200.
    #[schemars(length(max = 200))]
    references: Vec<String>,
    /// What is done.
    #[serde(rename = "do")]
    #[schemars(extend("enum" = ["claim", "give-back", "follow", "close", "spam"]))]
    what: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

impl FromRequest<Desk> for Several {
    type Rejection = PageError;

    /// As JSON, or as a form with a field `pick` for each contact.
    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        let fields = match Repeated::from_request(request, desk).await? {
            Repeated::Json(read) => return Ok(read),
            Repeated::Fields(fields) => fields,
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
    program: Program,
    jar: CookieJar,
    several: Several,
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
            .map(|(one, why)| json!({ "reference": one, "error": why.said(words) }));
        let refused: Vec<_> = refused.collect();
        return Ok(Json(json!({ "done": done, "refused": refused })).into_response());
    }
    let count = i64::try_from(done.len()).unwrap_or_default();
    let told = Told {
        done: (count > 0).then(|| words.count("several-done", count)),
        refused: refused
            .iter()
            .map(|(one, why)| (one.clone(), why.said(words)))
            .collect(),
    };
    shown(&desk, &jar, me, Asked::of(&several.view), None, told).await
}
