//! Copies of the head of the audit in files outside the database.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    time::Instant,
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

/// A file of heads that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadFileError {
    /// The file could not be read.
    #[error("{0}: {1}")]
    Unreadable(String, io::Error),
    /// A line is not a head. The last line may have been cut off by a crash, so it is not an error.
    #[error("{0}, line {1}: this is not a signed head of the audit")]
    NotAHead(String, usize),
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
    pub async fn verify_audit_with(&self, further: &[&Path]) -> anyhow::Result<AuditReport> {
        // The files are read first: the chain may only grow after that.
        let mut heads = Vec::new();
        for file in [&self.audit_copies.newest, &self.audit_copies.earlier] {
            if file.exists() {
                heads.extend(heads_in(file)?);
            }
        }
        for file in further {
            heads.extend(heads_in(file)?);
        }
        let mut report = self.verify_audit(&heads).await?;
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

fn heads_in(path: &Path) -> Result<Vec<AuditHead>, HeadFileError> {
    let name = path.display().to_string();
    let unreadable = |error| HeadFileError::Unreadable(name.clone(), error);
    let lines: Vec<String> = BufReader::new(File::open(path).map_err(unreadable)?)
        .lines()
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    let mut heads = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(head) => heads.push(head),
            Err(_) if line.trim().is_empty() || index + 1 == lines.len() => {}
            Err(_) => return Err(HeadFileError::NotAHead(name, index + 1)),
        }
    }
    Ok(heads)
}
