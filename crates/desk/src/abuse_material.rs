//! Files that are locked as suspected abuse material (`/desk/locked-files`): what is known of them, what two people decide about them, and
//! the protocol. No page, answer or file contains a byte of a locked file. Only readers with the right to read contacts see references.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    abuse_material::LockDecision,
    staff::{audit::AuditAction, rights::Right},
    text::locale::Language,
};
use hotline_reports::{
    labels::format_day,
    letter::{Letter, PDF},
};
use hotline_store::{
    abuse_material::list::{LockState, LockedFile},
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cases::letter::{LetterFile, sender_details},
    contact::locks::checklist,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

/// The number of locks that the page and the API list.
const MOST: u64 = 500;
/// The address of the page.
const PAGE: &str = "/desk/locked-files";

/// The files that are or were locked, newest lock first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LockedFilesJson {
    /// The number of locked files about which nobody decided.
    undecided: u64,
    /// The newest 500 locks.
    files: Vec<LockedFileJson>,
}

/// A file that is or was locked.
#[derive(Serialize, JsonSchema)]
struct LockedFileJson {
    /// The id of the lock.
    id: uuid::Uuid,
    /// The contact to which the file was sent. `null` for readers without the right to read contacts.
    reference: Option<String>,
    line: String,
    received_at: DateTime<Utc>,
    /// The media type that the sender declared.
    media_type: String,
    /// The size in bytes, as far as it is known.
    size: i64,
    /// The SHA-256 hash in hexadecimal digits. `null` if the file was never stored here.
    sha256: Option<String>,
    locked_at: DateTime<Utc>,
    /// The name of the member of staff who locked the file. `null` if it was known.
    locked_by: Option<String>,
    /// `locked`, `held`, `released` or `purged`.
    state: &'static str,
    /// The last day of the hold, after which the file is purged.
    held_until: Option<NaiveDate>,
    /// When the file was released or purged.
    ended_at: Option<DateTime<Utc>>,
    /// The decision that waits for another person.
    proposed: Option<LockDecision>,
    proposed_by: Option<String>,
    /// The statement of what was decided and done. It contains the reference, so it is `null` for readers without the right to read
    /// contacts.
    protocol: Option<String>,
    /// The signature of the protocol (Ed25519), in hexadecimal digits. `hotline audit verify` prints the public key.
    signature: Option<String>,
}

impl LockedFileJson {
    fn new(file: LockedFile, me: &StaffMember) -> Self {
        let sees_references = me.role.may(Right::ReadContacts);
        let (held_until, ended_at) = match file.state {
            LockState::Locked => (None, None),
            LockState::Held(until) => (Some(until), None),
            LockState::Released(at) | LockState::Purged(at) => (None, Some(at)),
        };
        let protocol = file.protocol.filter(|_| sees_references);
        let (protocol, signature) = protocol.map(|one| (one.statement, one.signature)).unzip();
        let proposed = file.proposal.as_ref().map(|proposal| proposal.decision);
        Self {
            id: file.id,
            reference: sees_references.then(|| file.reference.to_string()),
            line: file.line,
            received_at: file.received_at,
            media_type: file.media_type,
            size: file.size,
            sha256: file.sha256,
            locked_at: file.locked_at,
            locked_by: file.locked_by,
            state: state_name(file.state),
            held_until,
            ended_at,
            proposed,
            proposed_by: file.proposal.and_then(|proposal| proposal.name),
            protocol,
            signature,
        }
    }
}

const fn state_name(state: LockState) -> &'static str {
    match state {
        LockState::Locked => "locked",
        LockState::Held(_) => "held",
        LockState::Released(_) => "released",
        LockState::Purged(_) => "purged",
    }
}

/// A decision about a locked file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionForm {
    decision: LockDecision,
}

#[derive(Template)]
#[template(path = "locked_files.html")]
struct LockedFilesPage<'a> {
    frame: Frame<'a>,
    files: Vec<LockedFile>,
    undecided: u64,
    /// The decisions that can be proposed.
    decisions: Vec<LockDecision>,
    checklist: Vec<String>,
    hold_days: u16,
}

impl LockedFilesPage<'_> {
    fn sees_references(&self) -> bool {
        self.frame.may(Right::ReadContacts)
    }

    /// Says how many files wait for a decision.
    fn waiting(&self) -> String {
        let count = i64::try_from(self.undecided).unwrap_or(i64::MAX);
        self.frame.words.counted("locked-undecided", count)
    }

    fn state(&self, file: &LockedFile) -> String {
        let key = format!("locked-state-{}", state_name(file.state));
        match file.state {
            LockState::Locked => self.frame.words.say(&key),
            LockState::Held(until) => self.frame.words.with(&key, "day", &format_day(until)),
            LockState::Released(at) | LockState::Purged(at) => {
                self.frame.words.with(&key, "at", &self.frame.day_and_hour(&at))
            }
        }
    }

    fn locked_by(&self, file: &LockedFile) -> String {
        match &file.locked_by {
            Some(name) => self.frame.words.own(name),
            None => self.frame.words.say("locked-by-list"),
        }
    }

    fn decision(&self, decision: &LockDecision) -> String {
        let days = self.hold_days.to_string();
        let key = format!("lock-decision-{}", decision.as_str());
        self.frame.words.with(&key, "days", &days)
    }

    /// Returns the proposal in words, with the name of the member of staff who made it.
    fn proposed(&self, file: &LockedFile) -> String {
        let Some(proposal) = &file.proposal else {
            return String::new();
        };
        let name = proposal.name.as_deref().map(|name| self.frame.words.own(name));
        let facts = [
            ("name", name.as_deref().unwrap_or("–")),
            ("decision", &self.decision(&proposal.decision)),
        ];
        self.frame.words.with_all("lock-proposed", &facts)
    }

    /// Returns whether the reader proposed what waits for another person.
    fn is_own(&self, file: &LockedFile) -> bool {
        file.proposal
            .as_ref()
            .is_some_and(|proposal| proposal.by == self.frame.me.id)
    }

    fn is_held(&self, file: &LockedFile) -> bool {
        matches!(file.state, LockState::Held(_))
    }

    /// Returns whether something can still be decided.
    fn is_undone(&self, file: &LockedFile) -> bool {
        matches!(file.state, LockState::Locked | LockState::Held(_))
    }

    fn size(&self, file: &LockedFile) -> String {
        let size = u64::try_from(file.size).unwrap_or_default();
        format!("{size} B")
    }
}

/// `GET /desk/locked-files` and `GET /api/v1/locked-files`: lists the locks.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<LockedFilesJson>, PageError> {
    desk.note_read(&me, AuditAction::LockedFiles, "").await;
    if format.is_json() {
        return listed(&desk, &me).await;
    }
    Ok(Answer::Page(page(&desk, &me, &jar).await?))
}

async fn page(desk: &Desk, me: &StaffMember, jar: &CookieJar) -> Result<axum::response::Response, PageError> {
    let (files, undecided) = desk.store.locked_files(MOST).await?;
    let settings = desk.store.abuse_material_settings();
    let frame = Frame::new(desk, jar, me, "locked-files").await?;
    written(&LockedFilesPage {
        files,
        undecided,
        decisions: LockDecision::ALL
            .iter()
            .copied()
            .filter(|decision| settings.permits(*decision))
            .collect(),
        checklist: checklist(desk, frame.words),
        hold_days: settings.hold_days,
        frame,
    })
}

async fn listed(desk: &Desk, me: &StaffMember) -> Result<Answer<LockedFilesJson>, PageError> {
    let (files, undecided) = desk.store.locked_files(MOST).await?;
    Ok(Answer::Json(LockedFilesJson {
        undecided,
        files: files
            .into_iter()
            .map(|file| LockedFileJson::new(file, me))
            .collect(),
    }))
}

/// `POST …/locked-files/{id}/propose`: proposes a decision.
pub(crate) async fn propose(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<DecisionForm>,
) -> Result<Answer<LockedFilesJson>, PageError> {
    desk.store.propose_lock_decision(&me, id, form.decision).await?;
    respond(&desk, &me, format, Flash::LockDecisionProposed).await
}

/// `POST …/locked-files/{id}/confirm`: confirms the proposed decision, and carries it out.
pub(crate) async fn confirm(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(form): FormOrJson<DecisionForm>,
) -> Result<Answer<LockedFilesJson>, PageError> {
    desk.store.confirm_lock_decision(&me, id, form.decision).await?;
    respond(&desk, &me, format, Flash::LockDecisionConfirmed).await
}

/// `POST …/locked-files/{id}/withdraw`: withdraws the proposal.
pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<LockedFilesJson>, PageError> {
    desk.store.withdraw_lock_decision(&me, id).await?;
    respond(&desk, &me, format, Flash::LockDecisionWithdrawn).await
}

async fn respond(
    desk: &Desk,
    me: &StaffMember,
    format: ResponseFormat,
    flash: Flash,
) -> Result<Answer<LockedFilesJson>, PageError> {
    if format.is_json() {
        return listed(desk, me).await;
    }
    Ok(Answer::Page(flash.redirect(PAGE)))
}

/// `GET …/locked-files/{id}/protocol`: sends the protocol of a decided file as a PDF.
pub(crate) async fn download_protocol(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(IdPath { id }): Path<IdPath>,
) -> Result<LetterFile, PageError> {
    let file = desk.store.locked_file(id).await?.ok_or(PageError::NotFound)?;
    desk.note_read(&me, AuditAction::LockProtocol, &id.to_string())
        .await;
    let letter = protocol_of(&desk, &file).ok_or(PageError::NotFound)?;
    let bytes = letter.to_pdf().map_err(PageError::fault)?;
    let headers = [
        (header::CONTENT_TYPE, PDF),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"locked-file.pdf\"",
        ),
    ];
    Ok(LetterFile((headers, bytes).into_response()))
}

/// Writes the protocol with the letterhead of the centre. Returns `None` if nothing was decided.
fn protocol_of(desk: &Desk, file: &LockedFile) -> Option<Letter> {
    let protocol = file.protocol.as_ref()?;
    let language = Language::SrCyrl;
    let words = desk.locales.of(language);
    let facts = protocol.statement.lines().skip(1).filter_map(|line| {
        let (label, value) = line.split_once(": ")?;
        let key = format!("protocol-{}", label.replace(' ', "-"));
        Some((words.say(&key), value.to_owned()))
    });
    Some(Letter {
        language: language.tag(),
        sender: desk.centre.name.localized(words),
        sender_details: sender_details(desk, words),
        facts: facts.collect(),
        recipient: String::new(),
        subject: words.say("protocol-title"),
        draft: None,
        opening: words.say("protocol-opening"),
        summary: words.with("protocol-signature", "signature", &protocol.signature),
        enclosed_label: String::new(),
        enclosed: Vec::new(),
        signature_label: words.say("protocol-signatures"),
    })
}
