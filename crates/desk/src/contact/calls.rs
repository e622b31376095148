//! The form (`/desk/log`) and the API for logging calls and other contacts on networks. A network is a channel that no line (configured
//! connection) serves.

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{
        classification::{Answers, KIND},
        lifecycle::Status,
    },
    identifiers::reference::Reference,
    staff::rights::Right,
    text::locale::{Language, Words},
    time::{
        local::{self, format_time},
        talk,
    },
};
use hotline_reports::labels::channel_name;
use hotline_store::{
    error::{Conflict, StoreError},
    registration::register::NewCall,
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contact::questions::Questions,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::FormOrJson,
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "contact/calls.html")]
struct CallPage<'a> {
    frame: Frame<'a>,
    networks: &'a [String],
    colleagues: Vec<StaffMember>,
    id: Uuid,
    /// The current local time. The form accepts no later time for a call.
    now: String,
    /// The network, time, colleague and number so far, which the page shows while these fields are folded.
    details: String,
    typed: CallForm,
    questions: Questions<'a>,
    /// The locale key of the error message; `None` if there is no error.
    mistake: Option<&'static str>,
    /// The call that was just logged.
    logged: Option<LoggedCall>,
}

/// A call that was just logged.
enum LoggedCall {
    /// Its contact, and whether it is closed.
    Readable(Reference, bool),
    /// It was logged for a colleague whose contacts the counsellor may not read.
    OfColleague,
}

/// The values that the counsellor entered in the form.
#[derive(Default)]
struct CallForm {
    network: String,
    at: String,
    for_whom: String,
    caller: String,
    text: String,
    talk: String,
}

impl Desk {
    async fn call_page(
        &self,
        jar: &CookieJar,
        me: &StaffMember,
        typed: CallForm,
        answers: Answers,
        mistake: Option<&'static str>,
        logged: Option<LoggedCall>,
    ) -> Result<Response, PageError> {
        let mut colleagues = self.store.colleagues().await?;
        colleagues.retain(|one| one.id != me.id);
        let words = self.words(jar);
        let details = self.call_details(words, me, &colleagues, &typed);
        page(&CallPage {
            details,
            frame: Frame::new(self, jar, me, "log").await?,
            networks: &self.networks,
            colleagues,
            id: self.new_id(),
            now: self.local_now(),
            typed,
            questions: Questions {
                scheme: &self.store.scheme(),
                words,
                answers,
                begins: false,
            },
            mistake,
            logged,
        })
    }

    fn call_details(
        &self,
        words: &Words,
        me: &StaffMember,
        colleagues: &[StaffMember],
        typed: &CallForm,
    ) -> String {
        let network = channel_name(words, &typed.network);
        let at = self
            .time_of(&typed.at)
            .map_or_else(|| typed.at.clone(), |at| format_time(at, self.centre.time_zone));
        let colleague = colleagues.iter().find(|one| one.id.to_string() == typed.for_whom);
        let name = words.own(&colleague.unwrap_or(me).name);
        [network, at, name, typed.caller.clone()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ")
    }

    fn local_now(&self) -> String {
        let local = self.clock.now().with_timezone(&self.centre.time_zone);
        local.format(local::FORM_FORMAT).to_string()
    }

    fn time_of(&self, typed: &str) -> Option<DateTime<Utc>> {
        local::parse_typed(typed, self.centre.time_zone)
    }
}

/// Returns when a call began. A call of this duration that is logged `now` began at the latest so long ago, even if the form, which states
/// the time at which it was opened, says later.
fn began_by(stated: DateTime<Utc>, talk: Option<TimeDelta>, now: DateTime<Utc>) -> DateTime<Utc> {
    let latest = talk.filter(|talk| *talk <= talk::LONGEST).map(|talk| now - talk);
    latest.map_or(stated, |latest| stated.min(latest))
}

#[derive(Deserialize)]
pub(crate) struct CallQuery {
    logged: Option<String>,
}

pub(crate) async fn form(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(done): Query<CallQuery>,
) -> Result<Response, PageError> {
    let typed = CallForm {
        at: desk.local_now(),
        network: desk.networks.first().cloned().unwrap_or_default(),
        ..CallForm::default()
    };
    let reference = done.logged.and_then(|logged| Reference::parse(&logged).ok());
    let logged = match reference {
        Some(reference) if desk.store.may_read_contact(&me, reference).await? => {
            let contact = desk.store.contact(reference).await?;
            contact.map(|one| LoggedCall::Readable(one.reference, one.status == Status::Closed))
        }
        // The same for a contact that does not exist, so that nobody can find out which exist.
        Some(_) => Some(LoggedCall::OfColleague),
        None => None,
    };
    // Most calls are counselling, and the counsellor can choose another kind.
    let usual = Answers::from([(KIND.to_owned(), vec!["counselling".to_owned()])]);
    let answers = desk.store.scheme().validate(usual).unwrap_or_default();
    desk.call_page(&jar, &me, typed, answers, None, logged).await
}

pub(crate) async fn save(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (mut typed, mut answers, mut id) = (CallForm::default(), Answers::new(), desk.new_id());
    for (name, value) in fields {
        match name.as_str() {
            "id" => id = value.parse().map_err(|_| PageError::Bad("error-form"))?,
            "network" => typed.network = value,
            "at" => typed.at = value,
            "for_whom" => typed.for_whom = value,
            "caller" => typed.caller = value,
            "text" => typed.text = value,
            "talk" => typed.talk = value,
            _ if value.is_empty() => {}
            _ => answers.entry(name).or_default().push(value),
        }
    }
    let Some(at) = desk.time_of(&typed.at) else {
        return refuse(&desk, &jar, &me, typed, answers, "log-no-time").await;
    };
    let talk = talk::parse(&typed.talk);
    if talk.is_none() && !typed.talk.trim().is_empty() {
        let mistake = Conflict::TalkTime.key();
        return refuse(&desk, &jar, &me, typed, answers, mistake).await;
    }
    let call = NewCall {
        id,
        talk,
        network: typed.network.clone(),
        at: began_by(at, talk, desk.clock.now()),
        for_whom: typed.for_whom.parse().ok(),
        caller: typed.caller.clone(),
        text: typed.text.clone(),
        answers: answers.clone(),
    };
    match desk.log_call(&me, call).await {
        Ok(reference) => Ok(Redirect::to(&format!("/desk/log?logged={reference}")).into_response()),
        // Shows the form again with the values that the counsellor entered, and with the error message.
        Err(PageError::Conflict(why)) => refuse(&desk, &jar, &me, typed, answers, why.key()).await,
        Err(error) => Err(error),
    }
}

async fn refuse(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    typed: CallForm,
    answers: Answers,
    mistake: &'static str,
) -> Result<Response, PageError> {
    let mut page = desk
        .call_page(jar, me, typed, answers, Some(mistake), None)
        .await?;
    *page.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}

/// A call or another contact that is to be logged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiCall {
    /// Makes the request idempotent: repeated requests with the same id log the call only once.
    id: Option<Uuid>,
    /// The network: the name of a channel that no line serves, such as `telephone`.
    network: String,
    /// When the call began. If omitted, the call is taken to end now.
    at: Option<DateTime<Utc>>,
    /// The id of the colleague who took the call. If omitted, the call counts as taken by the member of staff who sends the request.
    for_whom: Option<Uuid>,
    /// The number or name of the caller; empty if unknown.
    #[serde(default)]
    caller: String,
    /// A description of the call.
    #[serde(default)]
    text: String,
    /// How long the call lasted, in seconds. Omitted if unknown.
    talk_seconds: Option<i64>,
    /// The classification: the answers to each question, keyed by question id. If all required questions are answered, the contact is
    /// closed.
    #[serde(default)]
    answers: Answers,
}

/// The contact of a logged call.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LoggedCallJson {
    reference: String,
}

/// `POST /api/v1/log`: logs a call.
pub(crate) async fn log_call(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(call): FormOrJson<ApiCall>,
) -> Result<Answer<LoggedCallJson>, PageError> {
    // A number of seconds that no duration can have is longer than every call.
    let talk = call
        .talk_seconds
        .map(|seconds| TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX));
    let now = desk.clock.now();
    let call = NewCall {
        id: call.id.unwrap_or_else(|| desk.new_id()),
        at: call.at.unwrap_or_else(|| began_by(now, talk, now)),
        network: call.network,
        talk,
        for_whom: call.for_whom,
        caller: call.caller,
        text: call.text,
        answers: call.answers,
    };
    let reference = desk.log_call(&me, call).await?.to_string();
    Ok(Answer::Json(LoggedCallJson { reference }))
}

impl Desk {
    async fn log_call(&self, me: &StaffMember, call: NewCall) -> Result<Reference, PageError> {
        if !self.networks.contains(&call.network) {
            return Err(StoreError::Conflict(Conflict::NoNetwork).into());
        }
        Ok(self.store.log_call(me, call).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_at_the_latest_when_it_is_logged() {
        let now: DateTime<Utc> = "2026-11-30T14:09:00Z".parse().unwrap();
        let before = |minutes| now - TimeDelta::minutes(minutes);
        let minutes = |minutes| Some(TimeDelta::minutes(minutes));
        assert_eq!(began_by(now, minutes(12), now), before(12), "opened afterwards");
        assert_eq!(
            began_by(before(13), minutes(12), now),
            before(13),
            "opened at its beginning"
        );
        assert_eq!(began_by(before(90), minutes(12), now), before(90), "logged later");
        assert_eq!(began_by(now, None, now), now, "nobody knows how long it took");
        assert_eq!(began_by(now, Some(TimeDelta::MAX), now), now, "refused elsewhere");
    }
}
