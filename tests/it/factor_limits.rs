//! Second factors in the store: codes that many requests use at the same time, and the limits of half log-ins, on both databases.

use std::sync::Arc;

use hotline_core::time::clock::Clock;
use hotline_store::staff::{factors::FullAuthentication, passwords::Device, sessions::BegunSession};
use totp_rs::Totp;

use crate::store::{World, on_both};

/// Sets up an app for Mila in a store, and returns it with ten recovery codes.
async fn set_up(world: &World) -> (Totp, Vec<String>) {
    let password = "a long password".to_owned().into();
    let (store, mila) = (&world.store, &world.mila);
    let begun = store
        .log_in("mila", &password, Device::Known)
        .await
        .unwrap()
        .unwrap();
    let (_, token) = begun.complete().unwrap();
    let no_code = String::new().into();
    let again = store.authenticate_fully(mila, token.expose(), &password, &no_code);
    let FullAuthentication::Right(again) = again.await.unwrap() else {
        panic!("the password was right, and there is no second factor");
    };
    let offer = store.offer_totp(&again, token.expose()).unwrap();
    let totp = Totp::from_url(offer.secret.address("Centar", "mila")).unwrap();
    let code = code_at(world, &totp);
    let codes = store.enrol_totp(mila, token.expose(), &offer.sealed, &code).await;
    let codes = codes.unwrap().unwrap();
    (totp, codes.iter().map(|code| code.grouped()).collect())
}

fn code_at(world: &World, totp: &Totp) -> String {
    let now = world.clock.now().timestamp();
    totp.generate(now.try_into().unwrap()).to_string()
}

/// Types a code in twenty half sessions at the same time. Returns how many of them became complete.
async fn completed_by(world: &World, code: &str) -> usize {
    let password = "a long password".to_owned().into();
    let mut tries = Vec::new();
    for _ in 0..20 {
        let begun = world
            .store
            .log_in("mila", &password, Device::Known)
            .await
            .unwrap();
        let Some(BegunSession::Half(half, _)) = begun else {
            panic!("the log-in was complete without a code");
        };
        let (store, code) = (Arc::clone(&world.store), code.to_owned());
        tries.push(tokio::spawn(async move {
            store.complete_with_code(&half, &code).await.unwrap().is_some()
        }));
    }
    let mut completed = 0;
    for one in tries {
        completed += usize::from(one.await.unwrap());
    }
    completed
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_parallel_uses_of_one_code_give_one_session() {
    on_both(async |world| {
        let (totp, codes) = set_up(&world).await;
        world.clock.advance(chrono::Duration::seconds(30));
        let code = code_at(&world, &totp);
        assert_eq!(completed_by(&world, &code).await, 1, "a code of the app");
        assert_eq!(completed_by(&world, &codes[3]).await, 1, "a recovery code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_log_in_makes_nobody_present_and_ends_soon() {
    on_both(async |world| {
        set_up(&world).await;
        let store = &world.store;
        store.end_sessions(None, "mila").await.unwrap();
        let password = "a long password".to_owned().into();
        let begun = store
            .log_in("mila", &password, Device::Known)
            .await
            .unwrap()
            .unwrap();
        let BegunSession::Half(_, token) = begun else {
            panic!("the log-in was complete without a code");
        };
        let asker = hotline_store::staff::sessions::Asker::Person;
        assert!(store.logged_in(token.expose(), asker).await.unwrap().is_none());
        assert!(!store.availabilities().await.unwrap()[0].present);
        assert!(
            store
                .session_state(token.expose(), asker)
                .await
                .unwrap()
                .is_some()
        );
        world.clock.advance(chrono::Duration::minutes(16));
        assert!(
            store
                .session_state(token.expose(), asker)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_wrong_codes_stop_the_app_until_a_recovery_code() {
    on_both(async |world| {
        let (totp, codes) = set_up(&world).await;
        let password = "a long password".to_owned().into();
        let begun = world
            .store
            .log_in("mila", &password, Device::Known)
            .await
            .unwrap();
        let Some(BegunSession::Half(half, _)) = begun else {
            panic!("the log-in was complete without a code");
        };
        for _ in 0..100 {
            let refused = world.store.complete_with_code(&half, "000000").await;
            assert!(refused.unwrap().is_none());
        }
        world.clock.advance(chrono::Duration::seconds(60));
        let code = code_at(&world, &totp);
        let stopped = world.store.complete_with_code(&half, &code).await;
        assert!(stopped.is_err());
        let completed = world.store.complete_with_code(&half, &codes[0]).await;
        assert!(completed.unwrap().is_some());
        assert_eq!(completed_by(&world, &code).await, 1, "the app works again");
    })
    .await;
}
