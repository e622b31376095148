//! Exports of the evidence in a contact for the police or a court (`/desk/contacts/{reference}/evidence`): one supervisor proposes an export,
//! another one confirms it and gets the package. Both type their passwords again.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as DescribedResponse},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{private::Private, reference::Reference},
    staff::{audit::AuditAction, rights::Right},
    text::locale::Language,
};
use hotline_store::{
    contacts::evidence::{EvidenceExport, ExportState},
    staff::accounts::StaffMember,
};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    account::factors::authenticate_again,
    contact::open::parse_reference,
    http::{
        access::Who,
        answers::{Answer, describe_content, succeed},
        errors::PageError,
        extractors::{ContactPath, Cookies, FormOrJson, NoBody, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    retention::package,
    state::Desk,
};

const ZIP: &str = "application/zip";
const WRONG_PASSWORD: PageError = PageError::Bad("error-password-again");

/// The exports of the evidence in a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EvidenceJson {
    /// The exports, newest first.
    exports: Vec<EvidenceExportJson>,
}

/// An export of the evidence in a contact.
#[derive(Serialize, JsonSchema)]
struct EvidenceExportJson {
    id: Uuid,
    /// The institution that gets the evidence, and the number of its order.
    recipient: String,
    /// `proposed`, `confirmed` or `withdrawn`.
    state: &'static str,
    proposed_by: Option<String>,
    proposed_at: DateTime<Utc>,
    confirmed_by: Option<String>,
    confirmed_at: Option<DateTime<Utc>>,
    withdrawn_at: Option<DateTime<Utc>>,
    /// The password of the package. It travels to the recipient on another way than the package. `null` if the export was withdrawn or the
    /// contact was erased.
    password: Option<String>,
    /// The signed list of the files in the package. `null` before the confirmation, and after the contact was erased.
    manifest: Option<String>,
    /// The signature of the manifest (Ed25519), in hexadecimal digits. `hotline audit verify` prints the public key.
    signature: Option<String>,
}

impl EvidenceExportJson {
    fn new(export: EvidenceExport) -> Self {
        let mut json = Self {
            id: export.id,
            recipient: export.recipient,
            state: "proposed",
            proposed_by: export.proposed_by_name,
            proposed_at: export.proposed_at,
            confirmed_by: None,
            confirmed_at: None,
            withdrawn_at: None,
            password: export.password,
            manifest: None,
            signature: None,
        };
        match export.state {
            ExportState::Proposed => {}
            ExportState::Withdrawn(at) => {
                json.state = "withdrawn";
                json.withdrawn_at = Some(at);
            }
            ExportState::Confirmed(confirmed) => {
                json.state = "confirmed";
                json.confirmed_by = confirmed.by;
                json.confirmed_at = Some(confirmed.at);
                let signed = confirmed.manifest.map(|signed| (signed.text, signed.signature));
                (json.manifest, json.signature) = signed.unzip();
            }
        }
        json
    }
}

/// A proposal to export the evidence.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeEvidenceForm {
    /// The institution that gets the evidence, and the number of its order. At most 300 characters. It stays after the contact is erased,
    /// so it names no person who wrote.
    #[serde(default)]
    recipient: String,
    /// The password of the account, typed again.
    #[schemars(with = "String")]
    password: Private<String>,
}

/// The confirmation of a proposed export.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmEvidenceForm {
    /// The password of the account, typed again.
    #[schemars(with = "String")]
    password: Private<String>,
}

/// The path parameters that identify an export.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EvidencePath {
    /// The reference of the contact as shown on screen, such as 7K3M-2QX9.
    reference: String,
    /// The id of the export.
    id: Uuid,
}

/// A package of evidence as a download or, for a form with a wrong password, the page again.
pub(crate) struct EvidenceFile(Response);

impl IntoResponse for EvidenceFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for EvidenceFile {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let binary = json_schema!({ "type": "string", "format": "binary" });
        succeed(describe_content("The package, encrypted", [(ZIP, binary)]))
    }
}

#[derive(Template)]
#[template(path = "retention/evidence.html")]
struct EvidencePage<'a> {
    frame: Frame<'a>,
    reference: Reference,
    exports: Vec<EvidenceExport>,
    /// The message that the password was wrong.
    wrong: Option<String>,
    /// The recipient that was typed with a wrong password.
    recipient: String,
}

impl EvidencePage<'_> {
    fn is_waiting(&self) -> bool {
        self.exports
            .iter()
            .any(|export| matches!(export.state, ExportState::Proposed))
    }

    fn is_own(&self, export: &EvidenceExport) -> bool {
        export.proposed_by == self.frame.me.id
    }

    fn name(&self, name: &Option<String>) -> String {
        name.as_ref()
            .map_or_else(|| "–".to_owned(), |name| self.frame.words.own(name))
    }
}

/// `GET …/contacts/{reference}/evidence`: shows the exports of a contact.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
) -> Result<Answer<EvidenceJson>, PageError> {
    let reference = parse_reference(&reference)?;
    desk.store.contact(reference).await?.ok_or(PageError::NotFound)?;
    desk.note_read(&me, AuditAction::EvidenceExports, &reference.to_string())
        .await;
    if format.is_json() {
        return listed(&desk, reference).await;
    }
    Ok(Answer::Page(render(&desk, &jar, &me, reference, None, "").await?))
}

/// `POST …/contacts/{reference}/evidence`: proposes an export.
pub(crate) async fn propose(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
    FormOrJson(form): FormOrJson<ProposeEvidenceForm>,
) -> Result<Answer<EvidenceJson>, PageError> {
    let reference = parse_reference(&reference)?;
    let Some(who) = authenticate_again(&desk, &me, &form.password).await? else {
        if format.is_json() {
            return Err(WRONG_PASSWORD);
        }
        let page = refused(&desk, &jar, &me, reference, &form.recipient).await?;
        return Ok(Answer::Page(page));
    };
    desk.store
        .propose_evidence_export(&who, reference, &form.recipient)
        .await?;
    respond(&desk, format, reference, Flash::EvidenceProposed).await
}

/// `POST …/contacts/{reference}/evidence/{id}/withdraw`: withdraws the proposal.
pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(path): Path<EvidencePath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<EvidenceJson>, PageError> {
    let reference = parse_reference(&path.reference)?;
    desk.store
        .withdraw_evidence_export(&me, reference, path.id)
        .await?;
    respond(&desk, format, reference, Flash::EvidenceWithdrawn).await
}

/// `POST …/contacts/{reference}/evidence/{id}/confirm`: confirms the export that another supervisor proposed, and returns the package.
pub(crate) async fn confirm(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(path): Path<EvidencePath>,
    FormOrJson(form): FormOrJson<ConfirmEvidenceForm>,
) -> Result<EvidenceFile, PageError> {
    let reference = parse_reference(&path.reference)?;
    let Some(who) = authenticate_again(&desk, &me, &form.password).await? else {
        if format.is_json() {
            return Err(WRONG_PASSWORD);
        }
        return Ok(EvidenceFile(refused(&desk, &jar, &me, reference, "").await?));
    };
    let body = package::confirm(&desk, &who, reference, path.id).await?;
    let disposition = format!("attachment; filename=\"evidence-{reference}.zip\"");
    let disposition = HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_TYPE, HeaderValue::from_static(ZIP)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok(EvidenceFile((headers, body).into_response()))
}

async fn listed(desk: &Desk, reference: Reference) -> Result<Answer<EvidenceJson>, PageError> {
    let exports = desk.store.evidence_exports(reference).await?;
    Ok(Answer::Json(EvidenceJson {
        exports: exports.into_iter().map(EvidenceExportJson::new).collect(),
    }))
}

async fn respond(
    desk: &Desk,
    format: ResponseFormat,
    reference: Reference,
    flash: Flash,
) -> Result<Answer<EvidenceJson>, PageError> {
    if format.is_json() {
        return listed(desk, reference).await;
    }
    Ok(Answer::redirect(
        &format!("/desk/contacts/{reference}/evidence"),
        flash,
    ))
}

/// Renders the page with the message that the password was wrong.
async fn refused(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    reference: Reference,
    recipient: &str,
) -> Result<Response, PageError> {
    let wrong = WRONG_PASSWORD.localized(desk.words(jar));
    let page = render(desk, jar, me, reference, Some(wrong), recipient).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    reference: Reference,
    wrong: Option<String>,
    recipient: &str,
) -> Result<Response, PageError> {
    written(&EvidencePage {
        frame: Frame::new(desk, jar, me, "inbox").await?,
        reference,
        exports: desk.store.evidence_exports(reference).await?,
        wrong,
        recipient: recipient.to_owned(),
    })
}
