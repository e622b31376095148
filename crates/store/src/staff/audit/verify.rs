//! The verification of the audit. It finds entries that were changed, removed, moved or added without the service, and a cut end.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Months, Utc};
use data_encoding::HEXLOWER;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    db::{
        audit::{Statement, chained},
        entity::audit,
        store::Store,
    },
    error::StoreError,
    staff::audit::{
        chain::stored_chain,
        head::{AuditHead, first_is_genuine},
    },
};

/// The number of entries that are read at once.
const PAGE: u64 = 5_000;
/// How often a verification begins again because entries were removed meanwhile.
const TRIES: usize = 3;
/// The largest number of findings that a report lists.
const MOST: usize = 1_000;
/// An entry normally becomes part of the chain within a second. An entry that has waited longer, in microseconds, is a finding.
const LONGEST_WAIT: i64 = 60_000_000;

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// The number of entries in the chain.
    pub entries: u64,
    /// The position of the last entry; 0 if the chain is empty.
    pub last: i64,
    /// The number of entries that are not yet part of the chain.
    pub waiting: u64,
    /// The number of heads with which the chain was compared.
    pub heads: usize,
    /// What is wrong; at most 1,000 findings.
    pub findings: Vec<AuditFinding>,
}

/// Something that only a change outside the service can have caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFinding {
    /// The entry at this position does not state what it stated when it was written, or was moved.
    Changed(i64),
    /// The entries from the first to the second position are missing.
    Missing(i64, i64),
    /// The entry with this row id was added by something else than the service.
    Foreign(i64),
    /// This number of entries was never made part of the chain.
    NeverChained(u64),
    /// The place where the chain begins is not signed by this installation.
    StartForged,
    /// A head with this position exists, but the chain ends earlier.
    EndMissing(i64),
    /// A head has another hash for the entry at this position.
    HeadDiffers(i64),
    /// The head with this position is not signed by this installation.
    HeadForged(i64),
    /// The line of a file of heads is not a head: the file and the number of the line.
    NotAHead(String, usize),
    /// There is no head, so a cut end would not be noticed.
    NoHead,
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(position) => write!(f, "entry {position} was changed or moved"),
            Self::Missing(from, to) if from == to => write!(f, "entry {from} is missing"),
            Self::Missing(from, to) => write!(f, "entries {from} to {to} are missing"),
            Self::Foreign(id) => write!(f, "the row {id} was not written by this service"),
            Self::NeverChained(count) => write!(f, "{count} entries were never made part of the chain"),
            Self::StartForged => write!(f, "the start of the chain is not signed by this installation"),
            Self::EndMissing(position) => {
                write!(
                    f,
                    "a signed head names entry {position}, but the chain ends earlier"
                )
            }
            Self::HeadDiffers(position) => write!(f, "a signed head has another hash for entry {position}"),
            Self::NotAHead(file, line) => write!(f, "{file}, line {line}: this is not a signed head"),
            Self::NoHead => f.write_str("no signed head was found, so a cut end would not be noticed"),
            Self::HeadForged(position) => {
                write!(
                    f,
                    "the head of entry {position} is not signed by this installation"
                )
            }
        }
    }
}

impl AuditReport {
    fn add(&mut self, finding: AuditFinding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }
}

impl Store {
    /// Reads the whole audit and compares it with its hashes and with the given heads.
    ///
    /// # Errors
    /// Fails if a database query fails. Anything wrong with the audit is not an error but a finding.
    pub async fn verify_audit(&self, heads: &[AuditHead]) -> Result<AuditReport, StoreError> {
        for _ in 0..TRIES {
            let before = stored_chain(&self.reading).await?.map(|chain| chain.first);
            let report = self.verify_once(heads).await?;
            let after = stored_chain(&self.reading).await?.map(|chain| chain.first);
            // The service may have removed old entries meanwhile.
            if before == after {
                return Ok(report);
            }
        }
        self.verify_once(heads).await
    }

    async fn verify_once(&self, heads: &[AuditHead]) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        let mut expected: BTreeMap<i64, Vec<&AuditHead>> = BTreeMap::new();
        for head in heads {
            report.heads += 1;
            match self.is_own_audit_head(head)? {
                true => expected.entry(head.position).or_default().push(head),
                false => report.add(AuditFinding::HeadForged(head.position)),
            }
        }
        let chain = stored_chain(&self.reading).await?;
        let (first, mut previous) = match &chain {
            Some(chain) => {
                if !first_is_genuine(&self.keys, chain.first, &chain.first_hash, &chain.signature)? {
                    report.add(AuditFinding::StartForged);
                }
                (chain.first, Some(chain.first_hash.clone()))
            }
            None => (0, None),
        };
        self.find_rows_before(first, &mut report).await?;
        let mut last = first;
        loop {
            let rows = audit::Entity::find()
                .filter(audit::Column::Position.gt(last))
                .order_by_asc(audit::Column::Position)
                .limit(PAGE)
                .all(&self.reading)
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let position = row.position.unwrap_or_default();
                if position > last + 1 {
                    report.add(AuditFinding::Missing(last + 1, position - 1));
                    previous = None;
                }
                last = position;
                report.entries += 1;
                if !self.is_genuine(&row, position, previous.as_deref()) {
                    report.add(AuditFinding::Changed(position));
                }
                let hash = row.hash.unwrap_or_default();
                for head in expected.remove(&position).unwrap_or_default() {
                    if head.hash != HEXLOWER.encode(&hash) {
                        report.add(AuditFinding::HeadDiffers(position));
                    }
                }
                previous = Some(hash);
            }
        }
        report.last = last;
        let first_hash = chain.as_ref().map(|chain| HEXLOWER.encode(&chain.first_hash));
        for (position, heads) in expected {
            // The service removes entries up to the start only when their time is over, and heads are as old as their entries.
            let is_removed = |head: &&AuditHead| position <= first && self.is_over(head.at);
            if !heads.iter().all(is_removed) && position != first {
                report.add(AuditFinding::EndMissing(position));
            }
            let differs = |head: &&AuditHead| Some(&head.hash) != first_hash.as_ref();
            if position == first && heads.iter().any(differs) {
                report.add(AuditFinding::HeadDiffers(position));
            }
        }
        if let Some(chain) = chain.filter(|chain| chain.last > last) {
            report.add(AuditFinding::Missing(last + 1, chain.last));
        }
        self.check_waiting(&mut report).await?;
        Ok(report)
    }

    /// Returns whether the service removes entries of this time, or will within a month: a head can be younger than the entry that it names.
    fn is_over(&self, at: DateTime<Utc>) -> bool {
        let months = Months::new(u32::from(self.audit_months).saturating_sub(1));
        let oldest = self.clock.now().checked_sub_months(months);
        self.audit_months > 0 && oldest.is_some_and(|oldest| at < oldest)
    }

    /// Finds rows before the start of the chain, where the service keeps none.
    async fn find_rows_before(&self, first: i64, report: &mut AuditReport) -> Result<(), StoreError> {
        let before = audit::Entity::find()
            .filter(audit::Column::Position.lte(first))
            .limit(PAGE)
            .all(&self.reading)
            .await?;
        for row in before {
            report.add(AuditFinding::Foreign(row.id));
        }
        Ok(())
    }

    /// Returns whether an entry states what it stated when it was written, and follows an entry with the hash `previous`.
    pub(super) fn is_genuine(&self, row: &audit::Model, position: i64, previous: Option<&[u8]>) -> bool {
        let (Some(statement), Some(mac), Some(hash)) = (Statement::of(row), &row.mac, &row.hash) else {
            return false;
        };
        let statement = statement.bytes();
        let follows =
            previous.is_none_or(|previous| chained(previous, position, mac, &statement).as_slice() == hash);
        self.keys.audit_mac(&statement) == *mac && follows
    }

    /// Checks the entries that are not part of the chain yet.
    async fn check_waiting(&self, report: &mut AuditReport) -> Result<(), StoreError> {
        let waiting = audit::Entity::find().filter(audit::Column::Position.is_null());
        report.waiting = waiting.clone().count(&self.reading).await?;
        let mut late = 0;
        for row in waiting.limit(PAGE).all(&self.reading).await? {
            let statement = Statement::of(&row).map(|statement| statement.bytes());
            let genuine = match (statement, &row.mac) {
                (Some(statement), Some(mac)) => self.keys.audit_mac(&statement) == *mac,
                _ => false,
            };
            if !genuine {
                report.add(AuditFinding::Foreign(row.id));
            } else if row.at < self.now() - LONGEST_WAIT {
                late += 1;
            }
        }
        if late > 0 {
            report.add(AuditFinding::NeverChained(late));
        }
        Ok(())
    }
}
