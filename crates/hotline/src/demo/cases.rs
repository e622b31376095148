//! The cases of the sample centre.

use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{casework::answers::Outcome, identifiers::reference::Reference, time::clock};
use hotline_store::{
    cases::{CaseTarget, Details},
    staff::accounts::StaffMember,
};

use super::{
    centre::{Centre, People, person},
    dice::Dice,
};

/// The institutions to which the sample cases are referred.
const INSTITUTIONS: [&str; 5] = [
    "high_tech_crime",
    "mup",
    "high_tech_crime",
    "social_work",
    "education",
];

/// What came of the older referrals.
const OUTCOMES: [Outcome; 7] = [
    Outcome::Measures,
    Outcome::Answered,
    Outcome::Measures,
    Outcome::Removed,
    Outcome::Answered,
    Outcome::NoAnswer,
    Outcome::Declined,
];

/// A closed contact from which a case is formed.
pub struct CaseContact {
    pub reference: Reference,
    pub closed_at: DateTime<Utc>,
    pub counsellor: Arc<StaffMember>,
    pub topic: String,
}

impl Centre<'_> {
    /// Forms cases from contacts, oldest first: the older ones are closed, the newest ones are at different stages.
    pub async fn form_cases(
        &self,
        people: &People,
        contacts: &[CaseContact],
        dice: &mut Dice,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sara = person(people, "sara")?;
        let texts = &self.data.texts;
        let count = contacts.len();
        for (number, contact) in contacts.iter().enumerate() {
            let CaseContact {
                reference,
                closed_at,
                counsellor,
                topic,
            } = contact;
            let left = count - number;
            self.clock.set(*closed_at);
            let case = self
                .store
                .form_case(
                    counsellor,
                    *reference,
                    CaseTarget::New {
                        summary: "",
                        also: &[],
                    },
                )
                .await?;
            let summaries = self.data.cases.get(topic).map(Vec::as_slice).unwrap_or_default();
            let summary = dice.pick(summaries).map(|summary| summary.of(self.language));
            let summary = summary.unwrap_or_default();
            self.store.describe_case(counsellor, case, &summary).await?;
            // Every fourth case is only advisory. The newest case is not described any further.
            if left == 1 || number % 4 == 3 {
                continue;
            }
            self.clock.set(*closed_at + TimeDelta::minutes(20));
            let institution = INSTITUTIONS
                .get(number % INSTITUTIONS.len())
                .copied()
                .unwrap_or("mup");
            let day = clock::day_of(*closed_at, chrono_tz::Europe::Belgrade);
            let details = Details {
                basis: texts.case_basis.of(self.language),
                sent: texts.case_sent.of(self.language),
                sent_on: (left > 3).then_some(day),
                ..Details::default()
            };
            self.store
                .propose_referral(counsellor, case, institution, &details)
                .await?;
            // The referrals of the newest cases wait for a second member of staff.
            if left <= 3 {
                continue;
            }
            let found = self.store.case(case).await?.context("No such case")?;
            let referral = found.referrals.first().context("No referral")?;
            self.store
                .confirm_referral(&sara, case, referral.id, referral.changed)
                .await?;
            if left > 8 {
                let days = TimeDelta::days(3 + i64::try_from(number % 9)?);
                self.clock.set((*closed_at + days).min(now));
                let outcome = OUTCOMES.get(number % OUTCOMES.len()).copied();
                let answer = texts.case_outcome.of(self.language);
                self.store
                    .record_referral(&sara, case, referral.id, |record| {
                        record.outcome = outcome;
                        if outcome.is_some_and(Outcome::is_answer) {
                            record.details.outcome = answer;
                        }
                    })
                    .await?;
                self.store.close_case(&sara, case, true).await?;
            }
        }
        Ok(())
    }
}
