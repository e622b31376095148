//! Copies of the head of the audit in files outside the database.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    db::store::Store,
    error::StoreError,
    staff::audit::{
        chain::ChainEnd,
        head::AuditHead,
        verify::{AuditFinding, AuditReport},
    },
};

/// What was copied last.
#[derive(Debug, Default)]
pub struct Copied {
    newest: Option<ChainEnd>,
    earlier: Option<(ChainEnd, Instant)>,
}

impl Store {
    /// Adds all entries to the chain and copies its signed end: the newest head always, and a line to the file of earlier heads if the
    /// interval of the settings has passed, or if `at_once` is `true`. Returns the head that was added as a line.
    ///
    /// # Errors
    /// Fails if a database query fails or a file cannot be written.
    pub async fn copy_audit_head(
        &self,
        copied: &mut Copied,
        at_once: bool,
    ) -> Result<Option<AuditHead>, StoreError> {
        let added = self.copy_changed_head(copied, at_once).await?;
        self.audit_copies.note_current();
        Ok(added)
    }

    /// Returns how long ago the audit was last chained and its head was copied. While the audit worker runs, this is about a second.
    #[must_use]
    pub fn audit_head_age(&self) -> Duration {
        self.audit_copies.age()
    }

    async fn copy_changed_head(
        &self,
        copied: &mut Copied,
        at_once: bool,
    ) -> Result<Option<AuditHead>, StoreError> {
        let end = self.chain_audit().await?;
        if end.position == 0 {
            return Ok(None);
        }
        if copied.newest.as_ref() != Some(&end) {
            let head = self.sign_audit_head(&end)?;
            replace(&self.audit_copies.newest, &as_line(&head)?)?;
            copied.newest = Some(end.clone());
        }
        let is_due = copied.earlier.as_ref().is_none_or(|(earlier, at)| {
            *earlier != end && (at_once || at.elapsed() >= self.audit_copies.interval)
        });
        if !is_due {
            return Ok(None);
        }
        let head = self.sign_audit_head(&end)?;
        append(&self.audit_copies.earlier, &as_line(&head)?)?;
        copied.earlier = Some((end, Instant::now()));
        Ok(Some(head))
    }

    /// Verifies the audit against the heads in the files of the settings and in further files.
    ///
    /// # Errors
    /// Fails if a database query fails, or if a file cannot be read.
    pub async fn verify_audit_with(&self, further: &[&Path]) -> Result<AuditReport, StoreError> {
        let own = [&self.audit_copies.newest, &self.audit_copies.earlier];
        let own = own
            .into_iter()
            .map(AsRef::as_ref)
            .filter(|file: &&Path| file.exists());
        // The files are read first: the chain may only grow after that.
        let (mut heads, mut unreadable) = (Vec::new(), Vec::new());
        for file in own.chain(further.iter().copied()) {
            read_heads(file, &mut heads, &mut unreadable)?;
        }
        let mut report = self.verify_audit(&heads).await?;
        report.findings.extend(unreadable);
        if heads.is_empty() && report.last > 0 {
            report.findings.push(AuditFinding::NoHead);
        }
        Ok(report)
    }
}

fn as_line(head: &AuditHead) -> Result<String, StoreError> {
    let line = serde_json::to_string(head).map_err(|error| StoreError::File(error.into()))?;
    Ok(format!("{line}\n"))
}

/// Replaces a file in one step, so that a crash leaves the old or the new content.
fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&beside, path)?;
    Ok(())
}

fn append(path: &Path, text: &str) -> Result<(), StoreError> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    Ok(())
}

/// Reads the heads in a file. A line that is no head is a finding, except the last one, which a crash may have cut off.
fn read_heads(
    path: &Path,
    heads: &mut Vec<AuditHead>,
    unreadable: &mut Vec<AuditFinding>,
) -> Result<(), StoreError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(head) => heads.push(head),
            Err(_) if line.trim().is_empty() || index + 1 == lines.len() => {}
            Err(_) => unreadable.push(AuditFinding::NotAHead(path.display().to_string(), index + 1)),
        }
    }
    Ok(())
}
