//! The wrap-up: the classification of a contact. It can be saved incomplete and, unless it is optional, must be complete before the contact
//! is closed.

use axum::{
    Json,
    extract::{FromRequest, Path, Request, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::contact::classification::{Answers, KIND, Scheme};
use hotline_store::contacts::detail::ContactDetail;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    contact::{
        closing::{or_ask, words_of},
        open::parsed,
    },
    http::{
        access::Who,
        errors::PageError,
        extractors::{RepeatedFields, ResponseFormat},
    },
    state::Desk,
};

/// The answers, and whether to close the contact after saving them.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrapUp {
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    close: bool,
    /// The reason for closing the contact without a reply, kept as a note. Required with `close` if the person waits for a reply.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    #[schemars(skip)]
    why: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
    /// The fields of the form, to be sent again with a reason.
    #[serde(skip)]
    fields: Vec<(String, String)>,
}

impl FromRequest<Desk> for WrapUp {
    type Rejection = PageError;

    /// Parses JSON or a form. The form has a field for each question, `quick` for a kind that needs no further answers, and `close`.
    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        let fields = match RepeatedFields::from_request(request, desk).await? {
            RepeatedFields::Json(read) => return Ok(read),
            RepeatedFields::Fields(fields) => fields,
        };
        let mut read = Self::default();
        let mut quick = None;
        let asked_again = |name: &str| name != "reason" && name != "why";
        read.fields = fields
            .iter()
            .filter(|(name, _)| asked_again(name))
            .cloned()
            .collect();
        for (name, value) in fields {
            match name.as_str() {
                "close" => read.close = value == "true",
                "view" => read.view = value,
                "reason" => read.reason = value,
                "why" => read.why = value,
                "quick" => quick = Some(value),
                _ => read.answers.entry(name).or_default().push(value),
            }
        }
        if let Some(kind) = quick {
            read.answers = Answers::from([(KIND.to_owned(), vec![kind])]);
            read.close = true;
        }
        Ok(read)
    }
}

pub(crate) async fn wrap_up(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    Path(reference): Path<String>,
    asked: WrapUp,
) -> Result<Response, PageError> {
    let (number, reason) = (parsed(&reference)?, words_of(&asked.reason, &asked.why));
    let done = desk
        .store
        .wrap_up(&me, number, asked.answers, asked.close, reason)
        .await;
    if program.0 {
        done?;
    } else if let Some(question) = or_ask(&desk, &jar, done, &reference, "wrap-up", asked.fields)? {
        return Ok(question);
    }
    program.then(&desk, &me, &reference, &asked.view).await
}

/// `GET /api/v1/scheme`: returns the questions of the classification.
pub(crate) async fn scheme(State(desk): State<Desk>) -> Json<Value> {
    let scheme = desk.store.scheme();
    let questions = scheme.questions.iter().map(|question| {
        let answers = question.answers.iter().map(|answer| {
            json!({
                "id": answer.id, "sr": answer.sr, "en": answer.en,
                "counselling": answer.counselling, "marking": answer.marking,
            })
        });
        json!({
            "id": question.id, "sr": question.label.sr, "en": question.label.en,
            "required": question.required, "most": question.most, "only_if": question.only_if,
            "answers": answers.collect::<Vec<_>>(),
        })
    });
    Json(
        json!({ "name": scheme.name, "version": scheme.version, "questions": questions.collect::<Vec<_>>() }),
    )
}

/// Returns the answers so far. If there are none, suggests the kind that the person chose in the web form.
pub(crate) fn suggested(scheme: &Scheme, open: &ContactDetail) -> Answers {
    let mut answers = open.record.answers.clone();
    let kind = open.asks.map(|asks| match asks {
        hotline_core::contact::message::Asks::Advice => "counselling",
        hotline_core::contact::message::Asks::Report => "report",
    });
    if answers.is_empty()
        && let Some(kind) = kind
    {
        let suggested = Answers::from([(KIND.to_owned(), vec![kind.to_owned()])]);
        answers = scheme.lawful(suggested).unwrap_or_default();
    }
    answers
}
