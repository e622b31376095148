//! The printable page of a case (`/desk/cases/{id}`). Beside the summary, the page shows the messages of one contact of the case.

use aide::OperationInput;
use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use hotline_core::{
    casework::{
        answers::Outcome,
        rights::{CaseAction, CaseParty},
    },
    contact::classification::Institution,
    staff::{audit::AuditAction, rights::Right},
    text::{
        locale::Language,
        rich::{Block, RichText},
    },
};
use hotline_store::{
    cases::{Case, CaseEntry, CaseEntryKind, CaseVersion, Referral},
    contacts::detail::{ContactDetail, Identity, Message},
    db::values::Direction,
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    cases::api::CaseJson,
    contact::open::{open_contact, parse_reference},
    http::{
        access::{Arrival, Who},
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, IdPath, ResponseFormat},
        flash::Flash,
        page::{Frame, WithoutHits, page, shown},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "cases/page.html")]
struct CasePage<'a> {
    frame: Frame<'a>,
    case: Case,
    institutions: &'a [Institution],
    /// The contact whose messages are shown beside the summary. `None` if the case has no contact.
    contact: Option<ContactDetail>,
    /// The staff who are at the desk.
    present: Vec<StaffMember>,
}

/// The response to a successful change of a case. An API request gets the case as JSON, and a form gets a redirect to the case's page.
pub(super) type CaseAnswer = Result<Answer<CaseJson>, PageError>;

/// The path parameters that identify a referral.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReferralPath {
    /// The id of the case.
    pub(super) id: Uuid,
    /// The id of the referral.
    pub(super) referral: Uuid,
}

/// The data that handlers for cases extract from a request: the shared state, the member of staff, and the format of the response.
pub(crate) struct CaseRequest {
    pub(super) desk: Desk,
    pub(super) me: StaffMember,
    pub(super) format: ResponseFormat,
}

impl FromRequestParts<Desk> for CaseRequest {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, PageError> {
        let Who(me) = Who::from_request_parts(parts, desk)
            .await
            .map_err(|_| PageError::NotLoggedIn)?;
        let Ok(format) = ResponseFormat::from_request_parts(parts, desk).await;
        let desk = desk.clone();
        Ok(Self { desk, me, format })
    }
}

impl OperationInput for CaseRequest {}

impl CaseRequest {
    /// Returns the response to a successful change of the case with this id: the case as JSON or, for a form, a redirect to the case's
    /// page, which shows the message.
    pub(super) async fn respond(&self, id: Uuid, flash: Flash) -> CaseAnswer {
        answer_with_case(&self.desk, &self.me, self.format, id, flash).await
    }
}

pub(super) async fn answer_with_case(
    desk: &Desk,
    me: &StaffMember,
    format: ResponseFormat,
    id: Uuid,
    flash: Flash,
) -> CaseAnswer {
    if !format.is_json() {
        return Ok(Answer::redirect(&format!("/desk/cases/{id}"), flash));
    }
    let case = open_case(desk, me, id).await?;
    Ok(Answer::Json(case.into()))
}

/// Loads a case for display, and records in the audit log that `me` opened the case.
pub(super) async fn open_case(desk: &Desk, me: &StaffMember, id: Uuid) -> Result<Case, PageError> {
    let case = desk.store.case_for(me, id).await?.ok_or(PageError::NotFound)?;
    desk.note_read(me, AuditAction::OpenCase, &id.to_string()).await;
    Ok(case)
}

/// The contact whose messages the page of a case shows.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ShownContact {
    /// The reference of a contact of the case. If empty, the page shows the messages of the oldest contact. Only pages of the desk use this
    /// field.
    #[serde(default)]
    contact: String,
}

/// `GET /desk/cases/{id}` and `GET /api/v1/cases/{id}`: shows a case. The page also shows the messages of a contact, so the audit log then
/// contains an entry that `me` opened the contact.
pub(crate) async fn show_case(
    request: CaseRequest,
    Cookies(jar): Cookies,
    arrival: Arrival,
    Path(IdPath { id }): Path<IdPath>,
    Query(shown): Query<ShownContact>,
) -> CaseAnswer {
    let (desk, me) = (&request.desk, &request.me);
    let case = open_case(desk, me, id).await?;
    if request.format.is_json() {
        return Ok(Answer::Json(case.into()));
    }
    let wanted = match shown.contact.as_str() {
        "" => case.contacts.first().map(|one| one.reference),
        reference => Some(parse_reference(reference)?),
    };
    // The address of a case shows messages of its own contacts only.
    if wanted.is_some_and(|wanted| case.contacts.iter().all(|one| one.reference != wanted)) {
        return Err(PageError::NotFound);
    }
    let contact = match wanted {
        Some(reference) => Some(open_contact(desk, me, reference, arrival).await?),
        None => None,
    };
    let all = desk.store.availabilities().await?;
    let present = all.into_iter().filter(|one| one.present);
    let rendered = page(&CasePage {
        contact,
        present: present.map(|one| one.member).collect(),
        frame: Frame::new(desk, &jar, me, "cases").await?,
        case,
        institutions: &desk.store.scheme().institutions,
    })?;
    Ok(Answer::Page(rendered))
}

impl WithoutHits for CasePage<'_> {}

impl CasePage<'_> {
    fn number(&self) -> String {
        format!("{}/{}", self.case.number, self.case.year)
    }

    /// Returns the label for an earlier text of the case. If the text belongs to a referral, the label is the name of the institution. If
    /// the referral was withdrawn, or if the text is a summary, the label is a fixed text.
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

    /// Returns whether the rights of the reader permit the action in this case.
    fn may(&self, action: CaseAction) -> bool {
        self.party().may(action)
    }

    fn party(&self) -> CaseParty {
        let me = self.frame.me;
        CaseParty::of(me.role, self.case.owner.0 == me.id)
    }

    /// States what the reader may change in the case.
    fn rights(&self) -> String {
        let words = self.frame.words;
        match self.party() {
            CaseParty::Owner => words.say("case-rights-owner"),
            CaseParty::Supervisor => words.say("case-rights-supervisor"),
            CaseParty::Colleague | CaseParty::Outsider => {
                words.with("case-rights-colleague", "owner", &words.own(&self.case.owner.1))
            }
        }
    }

    /// Returns whether the reader of the page may confirm or return this referral. The member of staff who proposed a referral may not.
    fn may_review(&self, referral: &Referral) -> bool {
        referral.confirmed_by.is_none()
            && referral.returned.is_none()
            && referral.proposed_by.0 != self.frame.me.id
            && self.case.closed_at.is_none()
            && self.may(CaseAction::Review)
    }

    /// Returns today's date in the centre's time zone, as a value of a form.
    fn today(&self) -> String {
        let local = self.frame.now.with_timezone(&self.frame.centre.time_zone);
        local.date_naive().to_string()
    }

    /// Names the staff at the desk who may confirm this referral.
    fn reviewers(&self, referral: &Referral) -> String {
        let words = self.frame.words;
        let able = self.present.iter().filter(|one| {
            let party = CaseParty::of(one.role, self.case.owner.0 == one.id);
            one.id != referral.proposed_by.0 && party.may(CaseAction::Review)
        });
        let names: Vec<String> = able.map(|one| words.own(&one.name)).collect();
        match names.is_empty() {
            true => words.say("referral-no-reviewers"),
            false => words.with("referral-reviewers", "names", &names.join(", ")),
        }
    }

    /// Returns whether staff wait for the answer of the institution.
    fn is_awaited(&self, referral: &Referral) -> bool {
        referral.confirmed_by.is_some() && referral.record.outcome.is_none()
    }

    /// Returns why a referral was returned for changes. Empty if it was not returned, or was changed since.
    fn return_reason(&self, referral: &Referral) -> &str {
        let mut reasons = self
            .case
            .entries
            .iter()
            .filter(|one| one.kind == CaseEntryKind::Returned && one.referral == Some(referral.id));
        reasons
            .next_back()
            .map(|one| one.text.as_str())
            .unwrap_or_default()
    }

    /// Returns the heading of a text that a member of staff added to the case.
    fn entry_label(&self, entry: &CaseEntry) -> String {
        let words = self.frame.words;
        match entry.kind {
            CaseEntryKind::Addition => words.say("case-addition"),
            CaseEntryKind::TakenOver => words.say("case-taken-over"),
            CaseEntryKind::Returned => words.say("referral-returned"),
        }
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        self.frame.words.say(&format!("outcome-{}", outcome.as_str()))
    }

    fn is_outcome(&self, referral: &Referral, outcome: &Outcome) -> bool {
        referral.record.outcome == Some(*outcome)
    }

    fn author(&self, message: &Message) -> String {
        let words = self.frame.words;
        let author = words.own(message.author.as_deref().unwrap_or_default());
        match message.direction {
            Direction::In => {
                if self
                    .contact
                    .as_ref()
                    .is_some_and(|contact| contact.identity == Identity::Masked)
                {
                    return words.say("the-person");
                }
                let contact = self.contact.as_ref().and_then(|contact| contact.card.as_ref());
                let body = message.body.as_ref().and_then(|body| body.name.as_deref());
                let name = body.or(contact.and_then(|card| card.name.as_deref()));
                let name = name.map(str::trim).filter(|name| !name.is_empty());
                name.map_or_else(|| words.say("the-person"), |name| shown(name).into_owned())
            }
            Direction::Note => format!("{}: {author}", words.say("note")),
            Direction::Call => format!("{} {author}", words.say("call-by")),
            Direction::Automatic => words.say("acknowledgement"),
            Direction::Reply | Direction::Notice => author,
        }
    }

    /// Returns the messages of the contact, without reports of the platform.
    fn messages<'m>(&self, contact: &'m ContactDetail) -> Vec<&'m Message> {
        let all = contact.messages.iter();
        all.filter(|message| message.direction != Direction::Notice)
            .collect()
    }
}
