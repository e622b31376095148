//! Opening hours: what people are told while a line is closed, on both databases.

use chrono::TimeDelta;
use hotline_core::{contact::message::Evidence, time::hours::OpeningHours};
use hotline_store::{
    db::values::Direction,
    inbox::list::{Filter, View},
    routing::schedules::CENTRE,
};

use crate::store::{World, mail, on_both};

/// Returns the texts that the service sent automatically, in the order of the contacts' rows.
pub async fn told(world: &World) -> Vec<String> {
    let page = world
        .store
        .inbox(View::All, &Filter::default(), world.mila.id, None, 100)
        .await
        .unwrap();
    let mut texts = Vec::new();
    for row in page.rows {
        let detail = world.store.contact(row.reference).await.unwrap().unwrap();
        let automatic = detail
            .messages
            .iter()
            .filter(|one| one.direction == Direction::Automatic);
        texts.extend(automatic.map(|one| one.body.as_ref().unwrap().text.clone()));
    }
    texts
}

#[tokio::test]
async fn a_person_is_told_once_in_each_closed_period_when_the_message_is_read() {
    on_both(async |world| {
        let writes = async |id: &str| {
            let evidence = vec![Evidence::EarlierMessage("1@x".to_owned())];
            world
                .arrives(id, mail("ana@example.org", &format!("{id}@x"), "help", evidence))
                .await;
        };
        // Without opening hours, a line is always open. It is Tuesday, 11:00 in Belgrade.
        writes("1").await;
        world.clock.advance(TimeDelta::hours(8));
        writes("2").await;
        assert!(told(&world).await.is_empty());
        let hours = OpeningHours::default();
        world
            .store
            .set_opening_hours(&world.mila, CENTRE, 0, &hours)
            .await
            .unwrap();
        writes("3").await;
        assert_eq!(told(&world).await, ["Zatvoreno. Čitamo сутра од 07:30."]);
        world.clock.advance(TimeDelta::hours(2));
        writes("4").await;
        assert_eq!(told(&world).await.len(), 1, "once");
        world
            .arrives("5", mail("eva@example.org", "5@x", "help", vec![]))
            .await;
        assert_eq!(told(&world).await.len(), 2, "another person is told too");
        world.clock.advance(TimeDelta::hours(12));
        writes("6").await;
        assert_eq!(told(&world).await.len(), 2, "Wednesday, 09:00: open");
        world.clock.advance(TimeDelta::hours(8));
        writes("7").await;
        assert_eq!(told(&world).await.len(), 3, "the next closed period");
    })
    .await;
}

#[tokio::test]
async fn somebody_elses_newer_hours_are_not_overwritten() {
    on_both(async |world| {
        let hours = OpeningHours::default();
        let store = &world.store;
        assert_eq!(
            store
                .set_opening_hours(&world.mila, CENTRE, 0, &hours)
                .await
                .unwrap(),
            1
        );
        assert!(
            store
                .set_opening_hours(&world.mila, CENTRE, 0, &hours)
                .await
                .is_err()
        );
        assert_eq!(
            store
                .set_opening_hours(&world.mila, CENTRE, 1, &hours)
                .await
                .unwrap(),
            2
        );
        assert_eq!(store.opening_hours(CENTRE).await.unwrap().version, 2);
    })
    .await;
}
