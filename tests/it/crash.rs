//! The crash test in its short form. The program `crash` runs the test at any length.

use hotline_tests::crash::{Plan, run};

#[tokio::test]
async fn kill_9_loses_nothing_and_doubles_nothing_on_sqlite() {
    let outcome = run(&Plan {
        kills: 12,
        mails: 120,
        posts: 120,
        postgres: false,
    })
    .await
    .unwrap();
    assert_eq!(outcome.registered, 240);
}

#[tokio::test]
async fn kill_9_loses_nothing_and_doubles_nothing_on_postgresql() {
    let outcome = run(&Plan {
        kills: 5,
        mails: 60,
        posts: 60,
        postgres: true,
    })
    .await
    .unwrap();
    assert_eq!(outcome.registered, 120);
}
