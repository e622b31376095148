//! Cases (`/desk/cases`): formed from contacts, sent to institutions with the approval of a second person, and printed.

use askama::Template;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::CookieJar;
use hotline_core::{contact::classification::Institution, staff::rights::Right, text::locale::Language};
use hotline_store::{
    cases::{Case, CaseRow, CaseVersion, Details, Referral},
    contacts::drafts::DraftKind,
    error::Conflict,
    staff::accounts::Person,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    contact::open::{find, parsed},
    http::{
        access::Who,
        errors::{PageError, PageResult},
        extractors::{FormOrJson, Nothing, ResponseFormat},
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "cases/page.html")]
struct One<'a> {
    frame: Frame<'a>,
    case: Case,
    institutions: &'a [Institution],
}

pub(crate) async fn one(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> PageResult {
    let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
    desk.note_read(&me, "open case", &id.to_string()).await;
    if program.0 {
        return Ok(Json(whole(&case)).into_response());
    }
    page(&One {
        frame: Frame::new(&desk, desk.words(&jar), &me, "cases").await?,
        case,
        institutions: &desk.store.scheme().institutions,
    })
}

pub(super) fn row(case: &CaseRow) -> Value {
    json!({
        "id": case.id, "number": format!("{}/{}", case.number, case.year), "forwarded": case.forwarded,
        "formed_at": case.formed_at, "closed_at": case.closed_at, "summary": case.summary, "to_confirm": case.to_confirm,
    })
}

fn whole(case: &Case) -> Value {
    let referrals = case.referrals.iter().map(|one| {
        json!({
            "id": one.id, "institution": one.institution, "proposed_by": one.proposed_by.1, "proposed_at": one.proposed_at,
            "changed": one.changed, "confirmed_by": one.confirmed_by, "confirmed_at": one.confirmed_at, "details": one.details,
        })
    });
    let contacts = case
        .contacts
        .iter()
        .map(|(reference, channel, day)| json!({ "reference": reference.to_string(), "channel": channel, "day": day }));
    let versions = case
        .versions
        .iter()
        .map(|one| json!({ "at": one.at, "by": one.by, "referral": one.referral, "text": one.text }));
    json!({
        "id": case.id, "number": format!("{}/{}", case.number, case.year), "forwarded": case.forwarded,
        "formed_by": case.formed_by, "formed_at": case.formed_at, "closed_at": case.closed_at, "summary": case.summary,
        "contacts": contacts.collect::<Vec<_>>(), "referrals": referrals.collect::<Vec<_>>(),
        "versions": versions.collect::<Vec<_>>(),
    })
}

/// Returns the response to a change: the case as JSON for an API request, or a redirect to the case's page for a form.
async fn then(desk: &Desk, me: &Person, program: ResponseFormat, id: Uuid) -> PageResult {
    if program.0 {
        let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
        desk.note_read(me, "open case", &id.to_string()).await;
        return Ok(Json(whole(&case)).into_response());
    }
    Ok(Redirect::to(&format!("/desk/cases/{id}")).into_response())
}

/// The id of the case that the contact joins; empty forms a new case.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Into {
    #[serde(default)]
    case: String,
}

pub(crate) async fn form(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(into): FormOrJson<Into>,
) -> PageResult {
    let into = match into.case.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let id = desk.store.form_case(&me, parsed(&reference)?, into).await?;
    then(&desk, &me, program, id).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Summary {
    summary: String,
}

pub(crate) async fn describe(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(to): FormOrJson<Summary>,
) -> PageResult {
    desk.store.describe_case(&me, id, &to.summary).await?;
    then(&desk, &me, program, id).await
}

/// A proposed referral: the institution, the legal basis and the text to send.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Proposal {
    institution: String,
    #[serde(default)]
    basis: String,
    #[serde(default)]
    sent: String,
}

pub(crate) async fn propose(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(to): FormOrJson<Proposal>,
) -> PageResult {
    let details = Details {
        basis: to.basis,
        sent: to.sent,
        ..Details::default()
    };
    desk.store
        .propose_referral(&me, id, &to.institution, &details)
        .await?;
    then(&desk, &me, program, id).await
}

/// The version of a referral that the confirming person has read.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadReferral {
    /// The value of `changed` in the version that was read.
    seen: i64,
}

pub(crate) async fn confirm(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((id, referral)): Path<(Uuid, Uuid)>,
    FormOrJson(read): FormOrJson<ReadReferral>,
) -> PageResult {
    desk.store.confirm_referral(&me, id, referral, read.seen).await?;
    then(&desk, &me, program, id).await
}

/// Details of a referral that become known later. Omitted fields keep their value.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Known {
    basis: Option<String>,
    sent: Option<String>,
    /// The day of sending, as `YYYY-MM-DD`; empty removes it.
    #[schemars(extend("format" = "date"))]
    sent_on: Option<String>,
    number: Option<String>,
    outcome: Option<String>,
}

pub(crate) async fn detail(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((id, referral)): Path<(Uuid, Uuid)>,
    FormOrJson(known): FormOrJson<Known>,
) -> PageResult {
    let sent_on = match known.sent_on.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(day) => Some(Some(day.parse().map_err(|_| PageError::Bad("error-form"))?)),
    };
    let change = |details: &mut Details| {
        details.sent_on = sent_on.unwrap_or(details.sent_on);
        for (place, said) in [
            (&mut details.basis, known.basis),
            (&mut details.sent, known.sent),
            (&mut details.number, known.number),
            (&mut details.outcome, known.outcome),
        ] {
            *place = said.unwrap_or_else(|| std::mem::take(place));
        }
    };
    desk.store.detail_referral(&me, id, referral, change).await?;
    then(&desk, &me, program, id).await
}

pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((id, referral)): Path<(Uuid, Uuid)>,
    FormOrJson(_): FormOrJson<Nothing>,
) -> PageResult {
    desk.store.withdraw_referral(&me, id, referral).await?;
    then(&desk, &me, program, id).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Closing {
    closed: bool,
}

pub(crate) async fn close(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(to): FormOrJson<Closing>,
) -> PageResult {
    desk.store.close_case(&me, id, to.closed).await?;
    then(&desk, &me, program, id).await
}

/// Drafts a reply that informs the reporter of the outcome, in their language. A counsellor reads the draft and sends it.
pub(crate) async fn tell(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((id, reference)): Path<(Uuid, String)>,
    FormOrJson(_): FormOrJson<Nothing>,
) -> PageResult {
    let case = desk.store.case(id).await?.ok_or(PageError::NotFound)?;
    let contact = find(&desk, &reference).await?;
    if case.contacts.iter().all(|(one, ..)| *one != contact.reference) {
        return Err(PageError::NotFound);
    }
    let others = contact
        .assignee
        .as_ref()
        .is_some_and(|(assignee, _)| *assignee != me.id);
    if others && !me.role.may(Right::WorkOnOthers) {
        return Err(PageError::Conflict(Conflict::AssignedToOther));
    }
    let reference = contact.reference.to_string();
    let language = contact.language;
    let words = desk.locales.of(language.unwrap_or(desk.centre.language));
    let institutions = &desk.store.scheme().institutions;
    let sent = case.referrals.iter().filter(|one| one.confirmed_by.is_some());
    let sent: Vec<String> = sent
        .filter_map(|one| institutions.iter().find(|known| known.id == one.institution))
        .map(|institution| words.either(&institution.sr, &institution.en))
        .collect();
    let text = if sent.is_empty() {
        words.with("tell-advisory", "reference", &reference)
    } else {
        let sent = sent.join(", ");
        words.with_all(
            "tell-forwarded",
            &[("reference", &reference), ("institution", &sent)],
        )
    };
    // Appends the new text to a draft that was begun earlier.
    let begun = desk
        .store
        .draft(me.id, contact.reference, DraftKind::Reply)
        .await?;
    let text = begun.map_or(text.clone(), |begun| format!("{}\n\n{text}", begun.text));
    desk.store
        .keep_draft(
            &me,
            contact.reference,
            DraftKind::Reply,
            &text,
            contact.newest,
            None,
        )
        .await?;
    program.then(&desk, &me, &reference, "all").await
}

impl One<'_> {
    fn number(&self) -> String {
        format!("{}/{}", self.case.number, self.case.year)
    }

    /// Returns the name of the part of the case that an earlier version belongs to: a referral or the summary.
    fn version_of(&self, one: &CaseVersion) -> String {
        let of = one
            .referral
            .and_then(|id| self.case.referrals.iter().find(|known| known.id == id));
        match (of, one.referral) {
            (Some(referral), _) => self.institution(&referral.institution),
            (None, Some(_)) => self.frame.words.say("referral-withdrawn"),
            (None, None) => self.frame.words.say("case-summary"),
        }
    }

    fn institution(&self, id: &str) -> String {
        let known = self.institutions.iter().find(|known| known.id == *id);
        known.map_or_else(
            || id.to_owned(),
            |known| self.frame.words.either(&known.sr, &known.en),
        )
    }

    /// Returns whether I may confirm this referral. Only someone other than its proposer may confirm a referral.
    fn may_confirm(&self, referral: &Referral) -> bool {
        referral.confirmed_by.is_none() && referral.proposed_by.0 != self.frame.me.id
    }
}
