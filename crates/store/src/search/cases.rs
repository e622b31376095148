//! Finding cases by their summary, their number and the institutions to which they are referred.

use std::collections::HashMap;

use hotline_core::text::sought::Sought;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    cases::CaseRow,
    db::{
        entity::{cases, referrals},
        store::Store,
    },
    error::StoreError,
    search::excerpt::excerpt_around_hit,
    staff::accounts::StaffMember,
};

/// Maximum number of cases whose summaries are decrypted for a search. The newest cases are searched first. The search index contains no
/// cases, because a centre has few of them.
const SEARCHED: u64 = 2_000;

/// The cases that match a search.
#[derive(Default)]
pub struct FoundCases {
    /// The matching cases, newest first, each with the words around the match.
    pub rows: Vec<(CaseRow, String)>,
    /// Number of matching cases.
    pub count: usize,
}

impl Store {
    /// Finds the cases that match the search `typed` and that `who` may read, and returns at most `size` of them. A search is a query (see
    /// [`Sought::parse`]) or a number such as `12/2026`.
    ///
    /// # Errors
    /// Fails if a database query fails or if an encrypted (sealed) value cannot be decrypted.
    pub async fn find_cases(
        &self,
        who: &StaffMember,
        typed: &str,
        size: usize,
    ) -> Result<FoundCases, StoreError> {
        let sought = Sought::parse(typed);
        let sight = self.sight_of(who).await?;
        let readable = sight.map_or_else(Condition::all, |sight| sight.condition_of_cases());
        let all = cases::Entity::find()
            .filter(readable)
            .order_by_desc(cases::Column::Year)
            .order_by_desc(cases::Column::Number)
            .limit(SEARCHED)
            .all(&self.reading)
            .await?;
        let institutions = self.institutions_of(&all).await?;
        let mut found = Vec::new();
        for case in all {
            if is_number_of(typed, &case) {
                found.push((case, String::new()));
                continue;
            }
            let mut texts = vec![self.summary(&self.case_key(&case)?, &case)?];
            texts.extend(institutions.get(&case.id).into_iter().flatten().cloned());
            // All words have to match in the case, but not all of them in the same text.
            if sought.is_match(&texts) {
                let excerpt = excerpt_around_hit(&texts, &sought).unwrap_or_default();
                found.push((case, excerpt));
            }
        }
        let count = found.len();
        found.truncate(size);
        let (rows, excerpts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        Ok(FoundCases {
            rows: self.case_rows(rows).await?.into_iter().zip(excerpts).collect(),
            count,
        })
    }

    /// Returns the names, in all languages, of the institutions to which each of these cases is referred.
    async fn institutions_of(&self, all: &[cases::Model]) -> Result<HashMap<Uuid, Vec<String>>, StoreError> {
        let found: Vec<(Uuid, String)> = referrals::Entity::find()
            .select_only()
            .columns([referrals::Column::CaseId, referrals::Column::Institution])
            .filter(referrals::Column::CaseId.is_in(all.iter().map(|case| case.id)))
            .into_tuple()
            .all(&self.reading)
            .await?;
        let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
        for (case, id) in found {
            let scheme = self.scheme();
            let known = scheme.institutions.iter().find(|known| known.id == id);
            let of_case = names.entry(case).or_default();
            of_case.extend(
                known
                    .into_iter()
                    .flat_map(|known| [known.sr.clone(), known.en.clone()]),
            );
        }
        Ok(names)
    }
}

/// Returns whether `typed` is the number of the case, with or without its year.
fn is_number_of(typed: &str, case: &cases::Model) -> bool {
    let typed = typed.trim();
    typed == case.number.to_string() || typed == format!("{}/{}", case.number, case.year)
}
