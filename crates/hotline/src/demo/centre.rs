//! The sample centre: staff, teams, opening hours, shifts, canned replies and opening balances.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use hotline_core::{
    centre::Text,
    contact::classification::Answers,
    identifiers::{ids, private::Private},
    routing::skills::{Skills, Spoken},
    staff::{preferences::Preferences, rights::Role},
    statistics::figures::Measure,
    text::locale::Language,
    time::{
        clock::{self, Clock},
        hours::{HoursException, OpeningHours},
        shifts::{ShiftException, ShiftPlan, ShiftSpan, ShiftTime, WeeklyShift, Who},
    },
};
use hotline_store::{
    db::{store::Store, values::MacroEnding},
    routing::schedules::CENTRE,
    staff::{accounts::StaffMember, canned::CannedContent},
    statistics::adjustments::NewAdjustment,
};
use serde::Deserialize;

use super::{clock::DemoClock, samples::Both};

/// The password of every account in the demo.
pub const PASSWORD: &str = "four blue paper boats";

/// The opening hours of the sample centre.
const HOURS: &str = r#"
    [weekly]
    monday = ["08:00-20:00"]
    tuesday = ["08:00-20:00"]
    wednesday = ["08:00-20:00"]
    thursday = ["08:00-20:00"]
    friday = ["08:00-20:00"]
    saturday = ["10:00-16:00"]
    sunday = ["10:00-16:00"]
"#;
/// The channels whose counts until the first day of the past months are opening balances.
const BALANCES: [(&str, i64); 3] = [("telephone", 23_410), ("email", 3_105), ("viber", 1_690)];

#[derive(Deserialize)]
struct Account {
    login: String,
    role: String,
    team: Option<String>,
    name: Both,
}

#[derive(Deserialize)]
struct CannedText {
    name: Both,
    folder: Both,
    text: Both,
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    ending: Option<MacroEnding>,
}

/// A school of the outreach register.
#[derive(Deserialize)]
pub struct School {
    pub name: String,
    pub kind: String,
    pub place: String,
}

/// A peer educator.
#[derive(Deserialize)]
pub struct Educator {
    pub name: Both,
}

/// Single texts.
#[derive(Deserialize)]
pub struct Texts {
    pub source: Both,
    pub event_remark: Both,
    pub case_sent: Both,
    pub case_basis: Both,
    pub case_outcome: Both,
    pub shift_note: Both,
    pub long_day: Both,
}

/// The data file of the sample centre.
#[derive(Deserialize)]
pub struct CentreData {
    staff: Vec<Account>,
    teams: BTreeMap<String, Both>,
    canned: Vec<CannedText>,
    pub schools: Vec<School>,
    pub educators: Vec<Educator>,
    pub cases: BTreeMap<String, Vec<Both>>,
    pub texts: Texts,
}

/// The sample centre in the language of its desk.
pub struct Centre<'a> {
    pub store: &'a Store,
    pub clock: &'a DemoClock,
    pub data: CentreData,
    pub language: Language,
    pub hours: OpeningHours,
}

/// The members of staff by log-in name.
pub type People = BTreeMap<String, Arc<StaffMember>>;

/// Returns the opening hours of the sample centre. If the demo is started while the centre is closed, the centre is open by exception,
/// so that every start shows a working day.
pub fn opening_hours(now: DateTime<Utc>, zone: Tz, reason: &Both) -> anyhow::Result<OpeningHours> {
    let mut hours: OpeningHours = toml::from_str(HOURS).context("The opening hours cannot be read")?;
    let is_open = |at: DateTime<Utc>| hours.is_open(at, zone);
    if !(is_open(now) && is_open(now - TimeDelta::hours(4))) {
        let today = clock::day_of(now, zone);
        for date in [today - Days::new(1), today] {
            hours.exceptions.push(HoursException {
                date,
                times: vec!["00:00-24:00".parse()?],
                reason: Some(Text::Both {
                    sr: reason.sr.clone(),
                    en: reason.en.clone(),
                }),
            });
        }
    }
    Ok(hours)
}

impl CentreData {
    /// Reads the data file.
    pub fn read() -> anyhow::Result<Self> {
        toml::from_str(include_str!("centre.toml")).context("The sample centre cannot be read")
    }

    /// Returns the name of a team.
    pub fn team(&self, key: &str, language: Language) -> anyhow::Result<String> {
        let name = self.teams.get(key).map(|name| name.of(language));
        name.with_context(|| format!("No team {key}"))
    }

    /// Returns the log-in name, the display name and the role of each account.
    pub fn accounts(&self, language: Language) -> Vec<(String, String, Role)> {
        let role = |account: &Account| Role::parse(&account.role);
        let account = |one: &Account| Some((one.login.clone(), one.name.of(language), role(one)?));
        self.staff.iter().filter_map(account).collect()
    }
}

impl Centre<'_> {
    /// Adds the accounts with their teams, preferences and skills.
    pub async fn add_staff(&self) -> anyhow::Result<People> {
        let password: Private<String> = PASSWORD.to_owned().into();
        let accounts = self.data.accounts(self.language);
        // Hashing a password takes long, so the passwords are hashed at the same time.
        let adding = accounts
            .iter()
            .map(|(login, name, role)| self.store.add_staff(login, name, *role, &password));
        for added in futures::future::join_all(adding).await {
            let person = added?;
            let preferences = Preferences {
                language: Some(self.language),
                ..Preferences::default()
            };
            self.store.prefer(&person, &preferences).await?;
        }
        for account in &self.data.staff {
            let team = account.team.as_ref().and_then(|team| self.data.teams.get(team));
            if let Some(team) = team {
                self.store
                    .set_team(None, &account.login, Some(&team.of(self.language)))
                    .await?;
            }
        }
        let staff = self.store.staff().await?;
        let people: People = staff
            .into_iter()
            .map(|one| (one.login.clone(), Arc::new(one)))
            .collect();
        let sara = person(&people, "sara")?;
        for (login, skills) in [
            (
                "vuk",
                Skills {
                    languages: [Spoken::Serbian].into(),
                    ..Skills::default()
                },
            ),
            (
                "jana",
                Skills {
                    capacity: Some(8),
                    ..Skills::default()
                },
            ),
            (
                "nina",
                Skills {
                    takes_danger: false,
                    ..Skills::default()
                },
            ),
            (
                "sara",
                Skills {
                    fallback: true,
                    capacity: Some(6),
                    ..Skills::default()
                },
            ),
        ] {
            self.store
                .set_skills(&sara, person(&people, login)?.id, &skills)
                .await?;
        }
        Ok(people)
    }

    /// Sets the opening hours, the shifts and the canned replies.
    pub async fn plan(&self, people: &People) -> anyhow::Result<()> {
        let sara = person(people, "sara")?;
        self.store
            .set_opening_hours(&sara, CENTRE, 0, &self.hours)
            .await?;
        let mut plan = ShiftPlan::default();
        use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        for (login, weekdays, from, to) in [
            ("mila", [Mon, Tue, Wed, Thu, Fri].as_slice(), "08:00", "14:00"),
            ("jana", &[Mon, Tue, Wed, Thu, Fri], "08:00", "14:00"),
            ("vuk", &[Mon, Tue, Wed, Thu, Fri], "12:00", "20:00"),
            ("luka", &[Mon, Wed, Fri, Sat, Sun], "14:00", "20:00"),
            ("nina", &[Tue, Thu, Sat, Sun], "10:00", "20:00"),
            ("sara", &[Mon, Wed, Thu], "10:00", "18:00"),
        ] {
            for weekday in weekdays {
                plan.weekly.push(WeeklyShift {
                    id: ids::new(self.clock.now()),
                    who: Who::Person(person(people, login)?.id),
                    weekday: *weekday,
                    from: from.parse()?,
                    to: to.parse()?,
                });
            }
        }
        let training = self.store.today() + Days::new(4);
        plan.exceptions.push(ShiftException {
            date: training,
            who: Who::Person(person(people, "jana")?.id),
            spans: Vec::new(),
            note: self.data.texts.shift_note.of(self.language),
        });
        for exception in &self.hours.exceptions {
            for login in ["mila", "jana", "vuk", "sara"] {
                plan.exceptions.push(ShiftException {
                    date: exception.date,
                    who: Who::Person(person(people, login)?.id),
                    spans: vec![ShiftSpan {
                        from: ShiftTime::MIDNIGHT,
                        to: ShiftTime::END_OF_DAY,
                    }],
                    note: self.data.texts.long_day.of(self.language),
                });
            }
        }
        self.store.set_shift_plan(&sara, 0, &plan).await?;
        for canned in &self.data.canned {
            let content = CannedContent {
                name: canned.name.of(self.language),
                folder: canned.folder.of(self.language),
                sr: canned.text.sr.clone(),
                en: canned.text.en.clone(),
                answers: canned.answers.clone(),
                ending: canned.ending,
                ..CannedContent::default()
            };
            self.store.write_canned(&sara, None, content).await?;
        }
        Ok(())
    }

    /// Enters the counts from before the first day of the past months.
    pub async fn enter_balances(&self, people: &People, first_day: NaiveDate) -> anyhow::Result<()> {
        let petra = person(people, "petra")?;
        let from = NaiveDate::from_ymd_opt(2017, 2, 27).context("No such day")?;
        let entries: Vec<NewAdjustment> = BALANCES
            .into_iter()
            .map(|(channel, count)| NewAdjustment {
                of: Measure::Contact,
                value: channel.to_owned(),
                correction: false,
                from,
                to: first_day - Days::new(1),
                count,
                source: self.data.texts.source.of(self.language),
                reason: String::new(),
            })
            .collect();
        Ok(self.store.enter_adjustments(Some(&petra), &entries).await?)
    }
}

/// Returns a member of staff by log-in name.
pub fn person(people: &People, login: &str) -> anyhow::Result<Arc<StaffMember>> {
    people
        .get(login)
        .cloned()
        .with_context(|| format!("No account {login}"))
}
