//! `hotline fixtures`: fills an empty database with invented communications, cases and events that add up to the centre's published
//! figures, so that pages and exports can be compared with the publications.

use std::sync::Arc;

use anyhow::{Context, ensure};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use hotline_core::{
    contact::{classification::Answers, message::RawMessage},
    identifiers::{ids, line_name::LineName, private::Private, reference::Reference},
    intake::Intake,
    job::JobKind,
    staff::rights::Role,
    statistics::outreach::{EventState, Reached, SchoolKind},
    time::clock::{Clock, FixedClock},
};
use hotline_store::{
    cases::{CaseTarget, Details},
    contacts::reply::NewReply,
    db::store::Store,
    inbox::list::{Filter, View},
    outreach::{NewEvent, NewSchool},
    registration::register::NewCall,
    staff::accounts::StaffMember,
    statistics::adjustments::NewAdjustment,
};

use self::published::{BEFORE, HELD, PRIMARY_SCHOOLS, PUBLISHED, Published, SECONDARY_SCHOOLS};
use crate::{
    lines::{LineOpener, Lines, line_settings, open_lines},
    receive,
    service::{self, Durability},
    settings::Settings,
};

mod published;

/// The source stored with each opening balance ("published data of the centre").
const SOURCE: &str = "Објављени подаци центра";
/// The channel of the invented e-mails. They arrive on the first line of this channel in the settings.
const EMAIL: &str = "email";

/// The topics of the contacts. Each contact gets the next topic of the list in turn.
const TOPICS: [&str; 7] = [
    "cyberbullying",
    "grooming",
    "e_crime",
    "sextortion",
    "privacy",
    "excessive_use",
    "intimate_images",
];
const ROLES: [&str; 3] = ["child", "parent", "teacher"];
const GENDERS: [&str; 3] = ["girl", "boy", "unknown"];

/// Fills an empty database with the invented data.
pub async fn fixtures(settings: Settings) -> anyhow::Result<()> {
    let start: DateTime<Utc> = "2023-01-01T07:00:00Z".parse()?;
    let clock = Arc::new(FixedClock::new(start));
    let locales = Arc::new(hotline_core::text::locale::Locales);
    let lines = open_lines(&settings, &LineOpener::new(&settings, &locales))?;
    let line_settings = line_settings(&lines);
    let lines = Arc::new(Lines::new(lines));
    let email = line_settings.iter().find(|line| line.channel == EMAIL);
    let email = email
        .context("The fixtures need a line with `channel = \"email\"`")?
        .name
        .clone();
    // The data is invented. If the machine crashes, the fixtures can be made again in a new database.
    let durability = Durability::ThrownAway;
    let store = service::open_store_at(&settings, line_settings, clock.clone(), durability).await?;
    ensure!(
        store.contacts_registered().await? == 0 && store.balances().await?.is_empty(),
        "The database is not empty: fixtures are for a new one"
    );
    let staff = Staff::new(&store).await?;
    enter_before(&store).await?;
    let making = Making {
        store: &store,
        lines: &lines,
        clock: &clock,
        staff: &staff,
        email: LineName::parse(&email)?,
    };
    for published in &PUBLISHED {
        making.of(published).await?;
        println!(
            "Communications and cases of {} to {} are there.",
            published.from, published.to
        );
    }
    making.outreach().await?;
    println!("Events are there. `hotline statistics verify` compares every figure with what was registered.");
    Ok(())
}

struct Staff {
    mila: StaffMember,
    vuk: StaffMember,
}

impl Staff {
    async fn new(store: &Store) -> anyhow::Result<Self> {
        // These accounts get random passwords. To log in to an account, set its password with `staff reset`.
        let password = || -> Private<String> {
            let letters =
                hotline_core::identifiers::chance::bytes::<24>().map(|byte| char::from(b'a' + byte % 26));
            String::from_iter(letters).into()
        };
        Ok(Self {
            mila: store
                .add_staff("fixture-1", "Мила", Role::Counsellor, &password())
                .await?,
            vuk: store
                .add_staff("fixture-2", "Вук", Role::Supervisor, &password())
                .await?,
        })
    }
}

async fn enter_before(store: &Store) -> anyhow::Result<()> {
    let (from, to) = ("2017-02-27".parse()?, "2022-12-31".parse()?);
    let new: Vec<NewAdjustment> = BEFORE
        .into_iter()
        .map(|(of, value, count)| NewAdjustment {
            of,
            value: value.to_owned(),
            correction: false,
            from,
            to,
            count,
            source: SOURCE.to_owned(),
            reason: String::new(),
        })
        .collect();
    Ok(store.enter_adjustments(None, &new).await?)
}

struct Making<'a> {
    store: &'a Arc<Store>,
    lines: &'a Arc<Lines>,
    clock: &'a FixedClock,
    staff: &'a Staff,
    email: LineName,
}

impl Making<'_> {
    async fn of(&self, published: &Published) -> anyhow::Result<()> {
        let (from, to) = (published.from.parse()?, published.to.parse()?);
        // Each contact that is logged by hand gets a case, until the published number of cases is reached.
        let mut cases = vec![None; published.advisory];
        cases.extend(
            published
                .forwarded
                .iter()
                .flat_map(|(institution, count)| std::iter::repeat_n(Some(*institution), *count)),
        );
        let spoken = [("telephone", published.telephone), ("social", published.social)];
        let networks = spoken
            .into_iter()
            .flat_map(|(network, count)| std::iter::repeat_n(network, count));
        let networks: Vec<&str> = networks.collect();
        for (number, network) in networks.iter().enumerate() {
            self.at(at(from, to, number, networks.len()));
            let reference = self.call(network, number).await?;
            if let Some(institution) = cases.pop() {
                self.case(reference, institution).await?;
            }
        }
        for number in 0..published.email {
            self.at(at(from, to, number, published.email));
            self.mail(number).await?;
        }
        ensure!(cases.is_empty(), "there are more cases than contacts");
        Ok(())
    }

    /// Sets the simulated clock to `at`, which may be later or earlier than its current time.
    fn at(&self, at: DateTime<Utc>) {
        self.clock.advance(at - self.clock.now());
    }

    async fn call(&self, network: &str, number: usize) -> anyhow::Result<Reference> {
        let call = NewCall {
            talk: None,
            id: ids::new(self.clock.now()),
            network: network.to_owned(),
            at: self.clock.now(),
            for_whom: None,
            caller: String::new(),
            text: "Измишљен разговор.".to_owned(),
            answers: answers(number),
        };
        Ok(self.store.log_call(&self.staff.mila, call).await?)
    }

    async fn mail(&self, number: usize) -> anyhow::Result<()> {
        let now = self.clock.now();
        let raw = format!(
            "From: <osoba-{number}-{day}@example.org>\r\nTo: <kontakt@example.org>\r\nSubject: Pitanje\r\nMessage-ID: <{number}.{day}@example.org>\r\n\
             Date: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIzmišljeno pitanje {number}.\r\n",
            now.to_rfc2822(),
            day = now.format("%Y%m%d%H%M"),
        );
        let raw = RawMessage {
            line: self.email.clone(),
            external_id: format!("fixture {number} {now}"),
            received_at: now,
            bytes: raw.into_bytes(),
            cut_from: None,
        };
        self.store.accept(vec![raw], None).await?;
        receive::round(self.store, self.lines).await?;
        let newest = self
            .store
            .inbox(View::Waiting, &Filter::default(), self.staff.mila.id, None, 1)
            .await?;
        let reference = newest
            .rows
            .first()
            .context("A mail was not registered")?
            .reference;
        self.answered(number, reference).await?;
        Ok(self.store.close(&self.staff.mila, reference, None).await?)
    }

    /// Acts as a counsellor who reads the contact some minutes after it arrived, classifies it, and answers it on the same day. The reply
    /// is only marked as sent; it never leaves this computer.
    async fn answered(&self, number: usize, reference: Reference) -> anyhow::Result<()> {
        let (store, mila) = (self.store, &self.staff.mila);
        let minutes = |most: usize| TimeDelta::minutes((number * 7 % most + 1).try_into().unwrap_or(1));
        self.clock.advance(minutes(40));
        let opened = store
            .contact(reference)
            .await?
            .context("A mail was not registered")?;
        store.note_contact_read(opened.id).await?;
        store.classify(mila, reference, answers(number)).await?;
        let reply = NewReply {
            id: ids::new(self.clock.now()),
            text: "Измишљен одговор.".to_owned(),
            ..NewReply::default()
        };
        store.reply(mila, reference, reply).await?;
        self.clock.advance(minutes(290));
        let minute = std::time::Duration::from_secs(60);
        for job in store.claim(JobKind::Deliver, 10, minute, i32::MAX, &[]).await? {
            store.sent(&job).await?;
        }
        Ok(())
    }

    async fn case(&self, reference: Reference, institution: Option<&str>) -> anyhow::Result<()> {
        let Staff { mila, vuk } = self.staff;
        let case = self
            .store
            .form_case(
                mila,
                reference,
                CaseTarget::New {
                    summary: "",
                    also: &[],
                },
            )
            .await?;
        let Some(institution) = institution else {
            return Ok(());
        };
        let details = Details {
            sent: "Измишљен допис.".to_owned(),
            ..Details::default()
        };
        self.store
            .propose_referral(mila, case, institution, &details)
            .await?;
        let proposed = self.store.case(case).await?.context("A case was not formed")?;
        let referral = proposed
            .referrals
            .first()
            .context("A referral was not proposed")?;
        Ok(self
            .store
            .confirm_referral(vuk, case, referral.id, referral.changed)
            .await?)
    }

    async fn outreach(&self) -> anyhow::Result<()> {
        self.at("2024-05-01T08:00:00Z".parse()?);
        let mila = &self.staff.mila;
        let schools = async |name: &str, kind: SchoolKind, count: usize| {
            let mut schools = Vec::new();
            for number in 1..=count {
                let new = NewSchool {
                    name: format!("{name} {number}"),
                    kind,
                    place: String::new(),
                };
                schools.push(self.store.add_school(mila, &new).await?);
            }
            anyhow::Ok(schools)
        };
        let primary = schools("Основна школа", SchoolKind::Primary, PRIMARY_SCHOOLS).await?;
        let secondary = schools("Гимназија", SchoolKind::Secondary, SECONDARY_SCHOOLS).await?;
        let (mut of_primary, mut of_secondary) = (primary.iter().cycle(), secondary.iter().cycle());
        for held in &HELD {
            let (from, to) = (held.from.parse()?, held.to.parse()?);
            for number in 0..held.events {
                let school = match held.in_schools {
                    Some(SchoolKind::Primary) => of_primary.next(),
                    Some(SchoolKind::Secondary) => of_secondary.next(),
                    Some(SchoolKind::Preschool | SchoolKind::Faculty | SchoolKind::Other) | None => None,
                };
                let part = |total| part_of(total, number, held.events);
                let event = NewEvent {
                    kind: held.kind,
                    state: EventState::Held,
                    day: Some(at(from, to, number, held.events).date_naive()),
                    school: school.copied(),
                    reached: Reached {
                        students: part(held.students),
                        parents: part(held.parents),
                        teachers: part(held.teachers),
                        others: 0,
                    },
                    presenter: "Мила".to_owned(),
                    language: "sr-Cyrl".to_owned(),
                    remarks: String::new(),
                    educators: Vec::new(),
                };
                self.store.write_event(mila, None, &event, None, None).await?;
            }
        }
        Ok(())
    }
}

fn answers(number: usize) -> Answers {
    let of = |all: &[&str]| {
        all.get(number % all.len().max(1))
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    let mut answers: Answers = [
        ("kind", "counselling".to_owned()),
        ("role", of(&ROLES)),
        ("topic", of(&TOPICS)),
        ("gender", of(&GENDERS)),
        ("urgency", "ordinary".to_owned()),
        ("outcome", "advice".to_owned()),
    ]
    .into_iter()
    .map(|(question, answer)| (question.to_owned(), vec![answer]))
    .collect();
    answers.insert("age".to_owned(), vec![(11 + number % 7).to_string()]);
    answers
}

/// Returns a time for the item `number` among `of` invented contacts or events. The items are spread evenly over the period, and each time
/// is within working hours.
fn at(from: NaiveDate, to: NaiveDate, number: usize, of: usize) -> DateTime<Utc> {
    let days = usize::try_from((to - from).num_days()).unwrap_or_default() + 1;
    let day = from + Days::new((number * days / of.max(1)) as u64);
    let minutes = i64::try_from(number * 7 % 480).unwrap_or_default();
    day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::minutes(6 * 60 + 30 + minutes)
}

/// Splits `total` into `of` parts and returns the part `number`. All parts add up exactly to `total`.
fn part_of(total: i64, number: usize, of: usize) -> i64 {
    let (number, of) = (
        i64::try_from(number).unwrap_or_default(),
        i64::try_from(of).unwrap_or(1),
    );
    total * (number + 1) / of - total * number / of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_total_are_the_total() {
        let parts: i64 = (0..7).map(|number| part_of(100, number, 7)).sum();
        assert_eq!(parts, 100);
    }
}
