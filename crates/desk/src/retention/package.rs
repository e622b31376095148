//! A package of evidence: an encrypted ZIP archive (AES-256 as in WinZip, which 7-Zip and similar programs open) with the raw messages and
//! files of a contact as they arrived, the contact as the API shows it, and the signed manifest.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
};

use axum::body::Body;
use hotline_core::identifiers::reference::Reference;
use hotline_store::{
    contacts::{
        detail::ContactDetail,
        evidence::{ManifestFile, SignedManifest},
        evidence_files::EvidenceItem,
    },
    staff::factors::Reauthenticated,
};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;
use uuid::Uuid;
use zip::{
    AesMode, CompressionMethod, ZipWriter,
    result::ZipResult,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::{contact::api::ContactJson, http::errors::PageError, state::Desk};

/// An archive that is being written to a temporary file without a name. The only entry of the outer archive is encrypted, and is an archive
/// with the files. So neither their names nor their checksums can be read without the password.
struct Archive(ZipWriter<StreamWriter<ZipWriter<File>>>);

impl Archive {
    fn new(file: File, password: &str) -> ZipResult<Self> {
        let mut outer = ZipWriter::new(file);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true)
            .with_aes_encryption(AesMode::Aes256, password);
        outer.start_file("evidence.zip", options)?;
        Ok(Self(ZipWriter::new_stream(outer)))
    }

    /// Adds a file. Encrypting and writing block, so a thread for blocking work does both.
    async fn add(mut self, path: String, bytes: Vec<u8>) -> Result<Self, PageError> {
        let added = tokio::task::spawn_blocking(move || {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(u32::try_from(bytes.len()).is_err());
            self.0.start_file(path, options).map_err(PageError::fault)?;
            self.0.write_all(&bytes).map_err(PageError::fault)?;
            Ok(self)
        });
        added.await.map_err(PageError::fault)?
    }

    /// Completes both archives, and returns the outer one from its beginning.
    fn finish(self) -> Result<File, PageError> {
        let outer = self.0.finish().map_err(PageError::fault)?.into_inner();
        let mut file = outer.finish().map_err(PageError::fault)?;
        file.seek(SeekFrom::Start(0)).map_err(PageError::fault)?;
        Ok(file)
    }
}

/// Puts the package of a proposed export together and confirms the export. Nothing is confirmed if a file cannot be read, or if the contact
/// changes meanwhile.
pub(super) async fn confirm(
    desk: &Desk,
    who: &Reauthenticated,
    reference: Reference,
    export: Uuid,
) -> Result<Body, PageError> {
    let store = &desk.store;
    store.check_evidence_export(who, reference, export).await?;
    let exports = store.evidence_exports(reference).await?;
    let password = exports.into_iter().find(|one| one.id == export);
    let password = password.and_then(|one| one.password).ok_or(PageError::NotFound)?;
    // The list is made first: what arrives until the confirmation makes it fail.
    let list = store.evidence_list(reference).await?;
    let mut contact = store.contact(reference).await?.ok_or(PageError::NotFound)?;
    keep_only_own(&mut contact);
    let file = store.temporary_file()?;
    let mut archive = Archive::new(file, &password).map_err(PageError::fault)?;
    let mut files = Vec::with_capacity(list.items.len() + 1);
    for (number, item) in (1..).zip(&list.items) {
        let bytes = store.evidence_bytes(&list, item).await?;
        let path = format!("{}/{number:04}.{}", item.folder(), ending(item.folder(), &bytes));
        files.push(ManifestFile {
            path: path.clone(),
            size: bytes.len(),
            sha256: Sha256::digest(&bytes).into(),
            received_at: item.received_at,
            remark: remark(item, &bytes),
        });
        archive = archive.add(path, bytes).await?;
    }
    let shown = serde_json::to_vec_pretty(&ContactJson::new(desk, contact)).map_err(PageError::fault)?;
    files.push(ManifestFile {
        path: "contact.json".to_owned(),
        size: shown.len(),
        sha256: Sha256::digest(&shown).into(),
        received_at: None,
        remark: None,
    });
    archive = archive.add("contact.json".to_owned(), shown).await?;
    let SignedManifest { text, signature } = store
        .confirm_evidence_export(who, reference, export, &list, &files)
        .await?;
    archive = archive.add("manifest.txt".to_owned(), text.into_bytes()).await?;
    archive = archive
        .add("manifest.sig".to_owned(), format!("{signature}\n").into_bytes())
        .await?;
    let file = tokio::fs::File::from_std(archive.finish()?);
    Ok(Body::from_stream(ReaderStream::new(file)))
}

/// Removes what is about other contacts, which the order of a court may not cover.
fn keep_only_own(contact: &mut ContactDetail) {
    contact.others.clear();
    contact.linked.clear();
    contact.cases.clear();
    contact.refers_to = None;
    let own = contact.reference;
    contact.pinned.retain(|note| note.reference == own);
}

/// States how a raw message differs from what arrived.
fn remark(item: &EvidenceItem, bytes: &[u8]) -> Option<&'static str> {
    const REMOVED: &[u8] = b"X-Hotline-Removed:";
    if item.is_cut {
        return Some("only the head was stored, because the message was too large");
    }
    let is_stripped = item.folder() == "raw" && bytes.windows(REMOVED.len()).any(|window| window == REMOVED);
    is_stripped.then_some("files were removed before the message was stored, because the line takes none")
}

/// Returns the ending of a file name, by which the recipient's computer knows how to open the file.
fn ending(folder: &str, bytes: &[u8]) -> &'static str {
    match infer::get(bytes) {
        Some(kind) if folder == "files" => kind.extension(),
        _ if folder == "raw" => "txt",
        _ => "bin",
    }
}
