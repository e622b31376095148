//! Exports of the evidence in a contact, for the police or a court: one supervisor proposes an export, another one confirms it. The package
//! is put together by the desk. Its password and its signed manifest are encrypted with the key of the contact, so that erasing the contact
//! also erases them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hotline_core::{
    abuse_material::FileHash,
    identifiers::{chance, ids, reference::Reference},
    staff::{audit::AuditAction, rights::Right},
};
use ring::signature::KeyPair;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    contacts::evidence_files::EvidenceList,
    db::{
        entity::{contacts, evidence_exports, staff},
        store::{Store, time},
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    inbox::list::name_of,
    sealing::bodies::{seal, unseal},
    staff::{accounts::StaffMember, factors::Reauthenticated},
};

/// The longest description of a recipient, in characters.
pub const LONGEST_RECIPIENT: usize = 300;
/// The number of random bytes in the password of a package.
const PASSWORD_BYTES: usize = 15;
/// How long a proposal waits for another supervisor.
const LONGEST_PROPOSAL: TimeDelta = TimeDelta::days(30);

/// An export of the evidence in a contact.
pub struct EvidenceExport {
    /// The id of the export.
    pub id: Uuid,
    /// The institution that gets the evidence, and the number of its order.
    pub recipient: String,
    /// Who proposed the export. Only another supervisor can confirm it.
    pub proposed_by: Uuid,
    /// The display name of the supervisor who proposed the export. `None` if the account no longer exists.
    pub proposed_by_name: Option<String>,
    /// When the export was proposed.
    pub proposed_at: DateTime<Utc>,
    /// The password of the package. `None` if the contact was erased or the proposal was withdrawn.
    pub password: Option<String>,
    /// What became of the proposal.
    pub state: ExportState,
}

/// What became of a proposed export.
pub enum ExportState {
    /// The proposal waits for another supervisor.
    Proposed,
    /// The proposal was withdrawn.
    Withdrawn(DateTime<Utc>),
    /// Another supervisor confirmed the proposal, and downloaded the package.
    Confirmed(ConfirmedExport),
}

/// A confirmed export.
pub struct ConfirmedExport {
    /// The display name of the supervisor who confirmed the export. `None` if the account no longer exists.
    pub by: Option<String>,
    /// When the export was confirmed.
    pub at: DateTime<Utc>,
    /// The manifest of the package. `None` if the contact was erased.
    pub manifest: Option<SignedManifest>,
}

/// The list of the files in a package with their hashes, and who exported them for whom.
pub struct SignedManifest {
    /// The text of the manifest.
    pub text: String,
    /// The signature of the text (Ed25519), in hexadecimal digits.
    pub signature: String,
}

/// A file of a package, as the manifest names it.
pub struct ManifestFile {
    /// The path in the package.
    pub path: String,
    /// The size in bytes.
    pub size: usize,
    /// The SHA-256 hash.
    pub sha256: FileHash,
    /// When the file was received. `None` for what the program wrote.
    pub received_at: Option<DateTime<Utc>>,
    /// How the file differs from what arrived. `None`: it does not differ.
    pub remark: Option<&'static str>,
}

impl Store {
    /// Returns the exports of a contact, newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn evidence_exports(&self, reference: Reference) -> Result<Vec<EvidenceExport>, StoreError> {
        let rows = evidence_exports::Entity::find()
            .filter(evidence_exports::Column::Reference.eq(reference.number()))
            .order_by_desc(evidence_exports::Column::ProposedAt)
            .all(&self.reading)
            .await?;
        let contact = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(reference.number()))
            .one(&self.reading)
            .await?;
        let key = contact.and_then(|contact| self.contact_key(&contact).ok());
        let open =
            |place: String, sealed: &[u8]| -> Option<String> { unseal(key.as_ref()?, &place, sealed).ok() };
        let names = self.names().await?;
        let exports = rows.into_iter().map(|row| {
            let password = open(password_place(row.id), &row.password);
            let manifest = row.manifest.as_deref();
            let manifest = manifest.and_then(|sealed| open(manifest_place(row.id), sealed));
            export_of(row, &names, password, manifest)
        });
        Ok(exports.collect())
    }

    /// Proposes to export the evidence in a contact. Returns the id of the export.
    ///
    /// # Errors
    /// Returns [`Conflict::NoText`] or [`Conflict::TooLong`] if the recipient is not named in at most [`LONGEST_RECIPIENT`] characters,
    /// [`Conflict::SoAlready`] if a proposal waits already, and [`Conflict::DoneAlready`] if the contact was erased.
    pub async fn propose_evidence_export(
        &self,
        who: &Reauthenticated,
        reference: Reference,
        recipient: &str,
    ) -> Result<Uuid, StoreError> {
        let recipient = recipient.split_whitespace().collect::<Vec<_>>().join(" ");
        match recipient.chars().count() {
            0 => return Err(StoreError::Conflict(Conflict::NoText)),
            1..=LONGEST_RECIPIENT => {}
            _ => return Err(StoreError::Conflict(Conflict::TooLong)),
        }
        let transaction = self.begin().await?;
        let contact = self.lock_contact(&transaction, reference).await?;
        let key = self.contact_key(&contact).map_err(erased)?;
        if waiting(&transaction, contact.id).await?.is_some() {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let id = ids::new(self.clock.now());
        let export = evidence_exports::ActiveModel {
            id: Set(id),
            contact_id: Set(contact.id),
            reference: Set(contact.reference),
            recipient: Set(recipient),
            proposed_by: Set(who.member().id),
            proposed_at: Set(self.now()),
            confirmed_by: Set(None),
            confirmed_at: Set(None),
            withdrawn_at: Set(None),
            password: Set(seal(&key, &password_place(id), &new_password())?),
            manifest: Set(None),
            signature: Set(None),
        };
        evidence_exports::Entity::insert(export)
            .exec_without_returning(&transaction)
            .await?;
        let object = format!("{reference} {id}");
        let actor = Some(who.member().id);
        self.audit_in(&transaction, actor, AuditAction::ProposeEvidence, &object)
            .await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Withdraws the proposal that waits for another supervisor. Every supervisor may do this.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact has no such export, and [`Conflict::DoneAlready`] if it does not wait.
    pub async fn withdraw_evidence_export(
        &self,
        who: &StaffMember,
        reference: Reference,
        export: Uuid,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let contact = self.lock_contact(&transaction, reference).await?;
        waiting_export(&transaction, contact.id, export).await?;
        evidence_exports::ActiveModel {
            id: Unchanged(export),
            withdrawn_at: Set(Some(self.now())),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let object = format!("{reference} {export}");
        self.audit_in(&transaction, Some(who.id), AuditAction::WithdrawEvidence, &object)
            .await?;
        self.commit(transaction).await
    }

    /// Fails as [`Store::confirm_evidence_export`] would, before the package is put together.
    ///
    /// # Errors
    /// Returns the errors of [`Store::confirm_evidence_export`].
    pub async fn check_evidence_export(
        &self,
        who: &Reauthenticated,
        reference: Reference,
        export: Uuid,
    ) -> Result<(), StoreError> {
        let contact = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(reference.number()))
            .one(&self.reading)
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        self.contact_key(&contact).map_err(erased)?;
        let row = waiting_export(&self.reading, contact.id, export).await?;
        self.check_two_people(&self.reading, &row, who.member()).await
    }

    /// Confirms an export, and writes the signed manifest of the package. `list` is what the package contains.
    ///
    /// # Errors
    /// Returns [`StoreError::NotFound`] if the contact has no such export, [`Conflict::DoneAlready`] if it does not wait or the contact was
    /// erased, and [`Conflict::SecondPerson`] if the same member of staff proposed it. Returns [`Conflict::HasPassed`] if the proposal is too
    /// old or its supervisor may no longer export evidence, and [`Conflict::Changed`] if messages arrived or files were locked since the list
    /// was made.
    pub async fn confirm_evidence_export(
        &self,
        who: &Reauthenticated,
        reference: Reference,
        export: Uuid,
        list: &EvidenceList,
        files: &[ManifestFile],
    ) -> Result<SignedManifest, StoreError> {
        let transaction = self.begin().await?;
        // No message is registered and no file is locked until the export is confirmed.
        self.lock_registration(&transaction).await?;
        let contact = self.lock_contact(&transaction, reference).await?;
        let key = self.contact_key(&contact).map_err(erased)?;
        let mut row = waiting_export(&transaction, contact.id, export).await?;
        self.check_two_people(&transaction, &row, who.member()).await?;
        let line = contact.line.clone();
        if !list.is_same_as(&self.evidence_list_in(&transaction, contact).await?) {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        row.confirmed_by = Some(who.member().id);
        row.confirmed_at = Some(self.now());
        let signer = self.keys.audit_signer()?;
        let people = staff::Entity::find().all(&transaction).await?;
        let public_key = HEXLOWER.encode(signer.public_key().as_ref());
        let text = manifest(&row, &line, &people, &public_key, files, &list.withheld);
        let signature = signer.sign(text.as_bytes()).as_ref().to_vec();
        let signed = SignedManifest {
            signature: HEXLOWER.encode(&signature),
            text,
        };
        row.manifest = Some(seal(&key, &manifest_place(row.id), &signed.text)?);
        row.signature = Some(signature);
        let contact = row.contact_id;
        evidence_exports::ActiveModel::from(row)
            .reset_all()
            .update(&transaction)
            .await?;
        let actor = Some(who.member().id);
        let kind = HistoryKind::EvidenceExported;
        self.add_event(&transaction, contact, actor, kind, "").await?;
        let object = format!("{reference} {export}");
        self.audit_in(&transaction, actor, AuditAction::ExportEvidence, &object)
            .await?;
        self.commit(transaction).await?;
        Ok(signed)
    }

    /// Fails unless two supervisors decide: the proposal is recent, its supervisor may still export evidence, and `who` is another one.
    async fn check_two_people(
        &self,
        connection: &impl ConnectionTrait,
        row: &evidence_exports::Model,
        who: &StaffMember,
    ) -> Result<(), StoreError> {
        if row.proposed_by == who.id {
            return Err(StoreError::Conflict(Conflict::SecondPerson));
        }
        let proposer = staff::Entity::find_by_id(row.proposed_by).one(connection).await?;
        let may = proposer.is_some_and(|one| one.active && one.role.0.may(Right::PlaceHolds));
        if !may || self.clock.now() - time(row.proposed_at) > LONGEST_PROPOSAL {
            return Err(StoreError::Conflict(Conflict::HasPassed));
        }
        Ok(())
    }
}

/// Draws the password of a package: six groups of four characters.
fn new_password() -> String {
    let text = BASE32_NOPAD.encode(&chance::bytes::<PASSWORD_BYTES>());
    let groups: Vec<&str> = text
        .as_bytes()
        .chunks(4)
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("-")
}

fn password_place(export: Uuid) -> String {
    format!("evidence|{export}|password")
}

fn manifest_place(export: Uuid) -> String {
    format!("evidence|{export}|manifest")
}

fn erased(_: StoreError) -> StoreError {
    StoreError::Conflict(Conflict::DoneAlready)
}

async fn waiting(
    connection: &impl ConnectionTrait,
    contact: Uuid,
) -> Result<Option<evidence_exports::Model>, StoreError> {
    Ok(evidence_exports::Entity::find()
        .filter(evidence_exports::Column::ContactId.eq(contact))
        .filter(evidence_exports::Column::ConfirmedAt.is_null())
        .filter(evidence_exports::Column::WithdrawnAt.is_null())
        .one(connection)
        .await?)
}

/// Returns an export of the contact that waits for a second person.
async fn waiting_export(
    connection: &impl ConnectionTrait,
    contact: Uuid,
    export: Uuid,
) -> Result<evidence_exports::Model, StoreError> {
    let row = evidence_exports::Entity::find_by_id(export)
        .filter(evidence_exports::Column::ContactId.eq(contact))
        .one(connection)
        .await?
        .ok_or(StoreError::NotFound("export"))?;
    if row.confirmed_at.is_some() || row.withdrawn_at.is_some() {
        return Err(StoreError::Conflict(Conflict::DoneAlready));
    }
    Ok(row)
}

fn export_of(
    row: evidence_exports::Model,
    names: &[(Uuid, String)],
    password: Option<String>,
    manifest: Option<String>,
) -> EvidenceExport {
    let signature = HEXLOWER.encode(&row.signature.unwrap_or_default());
    let confirmed = row.confirmed_at.map(|at| ConfirmedExport {
        by: row.confirmed_by.and_then(|by| name_of(names, by)),
        at: time(at),
        manifest: manifest.map(|text| SignedManifest { text, signature }),
    });
    EvidenceExport {
        id: row.id,
        recipient: row.recipient,
        proposed_by: row.proposed_by,
        proposed_by_name: name_of(names, row.proposed_by),
        proposed_at: time(row.proposed_at),
        password: password.filter(|_| row.withdrawn_at.is_none()),
        state: match (confirmed, row.withdrawn_at) {
            (Some(confirmed), _) => ExportState::Confirmed(confirmed),
            (None, Some(at)) => ExportState::Withdrawn(time(at)),
            (None, None) => ExportState::Proposed,
        },
    }
}

/// States what is exported, by whom and for whom, a line for each fact and each file. Times are in UTC.
fn manifest(
    row: &evidence_exports::Model,
    line: &str,
    people: &[staff::Model],
    key: &str,
    files: &[ManifestFile],
    withheld: &[String],
) -> String {
    let at = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let stored_at = |micros: Option<i64>| micros.map_or_else(|| "-".to_owned(), |micros| at(time(micros)));
    // Names can be equal and can change, log-in names cannot.
    let name = |id: Option<Uuid>| {
        let found = people.iter().find(|one| Some(one.id) == id);
        found.map_or_else(|| "-".to_owned(), |one| format!("{} ({})", one.name, one.login))
    };
    let reference = Reference::from_number(u64::try_from(row.reference).unwrap_or_default());
    let facts = [
        ("export", row.id.to_string()),
        ("contact", reference.to_string()),
        ("line", line.to_owned()),
        ("recipient", row.recipient.clone()),
        ("proposed", stored_at(Some(row.proposed_at))),
        ("proposed by", name(Some(row.proposed_by))),
        ("confirmed", stored_at(row.confirmed_at)),
        ("confirmed by", name(row.confirmed_by)),
        ("public key", key.to_owned()),
    ];
    let facts = facts
        .into_iter()
        .map(|(label, value)| format!("{label}: {}", value.replace(['\n', '\r'], " ")));
    let remarks = files.iter().filter_map(|file| {
        let remark = file.remark?;
        Some(format!("remark: {}: {remark}", file.path))
    });
    let remarks: Vec<String> = remarks.collect();
    let files = files.iter().map(|file| {
        let received = file.received_at.map_or_else(|| "-".to_owned(), at);
        let sha256 = HEXLOWER.encode(&file.sha256);
        format!("file: {sha256} {} {received} {}", file.size, file.path)
    });
    let withheld = withheld.iter().map(|one| format!("withheld: {one}"));
    let lines: Vec<String> = facts.chain(files).chain(remarks).chain(withheld).collect();
    format!("hotline evidence 1\n{}\n", lines.join("\n"))
}
