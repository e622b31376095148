//! The outreach register of the sample centre: schools, peer educators and events.

use anyhow::Context;
use chrono::{Datelike, Days, NaiveDate};
use hotline_core::statistics::outreach::{EventKind, EventState, Part, Reached, SchoolKind};
use hotline_store::{
    outreach::{NewEvent, NewSchool},
    staff::accounts::StaffMember,
};

use super::{
    centre::{Centre, People, person},
    dice::Dice,
};

impl Centre<'_> {
    /// Adds schools, peer educators and events from the past months and the coming weeks.
    pub async fn reach_out(
        &self,
        people: &People,
        first_day: NaiveDate,
        dice: &mut Dice,
    ) -> anyhow::Result<()> {
        let sara = person(people, "sara")?;
        let mut schools = Vec::new();
        for school in &self.data.schools {
            let kind = SchoolKind::parse(&school.kind).context("No such kind of school")?;
            let new = NewSchool {
                name: school.name.clone(),
                kind,
                place: school.place.clone(),
            };
            schools.push((kind, self.store.add_school(&sara, &new).await?));
        }
        let mut educators = Vec::new();
        for educator in &self.data.educators {
            let name = educator.name.of(self.language);
            educators.push(self.store.write_educator(&sara, None, &name, None, true).await?);
        }
        let today = self.store.today();
        let mut day = first_day + Days::new(10);
        while day < today + Days::new(45) {
            let is_school_time = !matches!(day.month(), 7 | 8);
            let is_weekend = day.weekday().num_days_from_monday() > 4;
            if is_school_time && !is_weekend {
                let (kind, school) = dice.pick(&schools).context("No school")?;
                let kind_of_event = match kind {
                    SchoolKind::Primary | SchoolKind::Secondary => *dice
                        .weigh(
                            &[
                                (EventKind::Presentation, 6),
                                (EventKind::Workshop, 3),
                                (EventKind::Training, 1),
                            ],
                            |(_, weight)| *weight,
                        )
                        .map(|(kind, _)| kind)
                        .context("No kind")?,
                    SchoolKind::Preschool => EventKind::Presentation,
                    SchoolKind::Faculty | SchoolKind::Other => EventKind::Seminar,
                };
                let held = day < today;
                let state = match (held, dice.happens(5)) {
                    (_, true) => EventState::Cancelled,
                    (true, false) => EventState::Held,
                    (false, false) => EventState::Planned,
                };
                self.add_event(&sara, day, kind_of_event, state, *school, &educators, dice)
                    .await?;
            }
            day = day + Days::new(u64::try_from(dice.between(4, 11)).unwrap_or(7));
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one event is all of these")]
    async fn add_event(
        &self,
        who: &StaffMember,
        day: NaiveDate,
        kind: EventKind,
        state: EventState,
        school: uuid::Uuid,
        educators: &[uuid::Uuid],
        dice: &mut Dice,
    ) -> anyhow::Result<()> {
        let held = state == EventState::Held;
        let number = |count: i64| if held { count } else { 0 };
        let led_by = dice
            .pick(educators)
            .filter(|_| held && kind == EventKind::Workshop);
        let presenters = self.data.accounts(self.language);
        let presenter = dice.pick(presenters.get(..5).unwrap_or_default());
        let event = NewEvent {
            kind,
            state,
            day: Some(day),
            school: Some(school),
            reached: Reached {
                students: number(dice.between(22, 96)),
                parents: number(if dice.happens(30) { dice.between(8, 45) } else { 0 }),
                teachers: number(dice.between(1, 9)),
                others: 0,
            },
            presenter: presenter.map(|(_, name, _)| name.clone()).unwrap_or_default(),
            language: "sr-Cyrl".to_owned(),
            remarks: match dice.happens(15) {
                true => self.data.texts.event_remark.of(self.language),
                false => String::new(),
            },
            educators: led_by.map(|id| (*id, Part::Led)).into_iter().collect(),
        };
        self.store.write_event(who, None, &event, None, None).await?;
        Ok(())
    }
}
