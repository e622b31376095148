//! Moving from SQLite to PostgreSQL: everything is there afterwards, also after kills, and nothing is overwritten.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::{StreamExt, stream};
use hotline_tests::{
    peers::{dovecot::Dovecot, postgres::Postgres, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines, program},
    staff::{Staff, text},
};
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};

use crate::writing::posted;

const WORD: &str = "kanarinacpeva";
const FILE: &str = "kanarinacfajl";

/// A service on SQLite with contacts of three channels, a reply, a case and a file.
struct World {
    service: Service,
    mila: Staff,
    lines: String,
    /// The contact that came by mail.
    reference: String,
    attachment: String,
    case: String,
    /// The code with which the person of the form reads replies.
    code: String,
    _peers: (Dovecot, Smtp),
}

impl World {
    /// Starts the service, and logs `calls` calls.
    async fn new(calls: usize) -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt"), ("ana", "ana")])
            .await
            .unwrap();
        let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt"), ("ana@example.org", "ana")])
            .await
            .unwrap();
        let lines = mail_lines(&dovecot, &smtp, "acknowledge = false");
        let mut service = Service::with_lines(None, &lines).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "supervisor").await.unwrap();
        let mail = format!(
            "From: <ana@example.org>\r\nTo: <{CENTRE}>\r\nSubject: zdravo\r\nMessage-ID: <1@example.org>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
             {WORD}\r\n--b\r\nContent-Type: text/plain; name=fajl.txt\r\n\
             Content-Disposition: attachment; filename=fajl.txt\r\n\r\n{FILE}\r\n--b--\r\n"
        );
        dovecot.deliver("kontakt", mail.as_bytes()).unwrap();
        let contacts = mila.until_contacts(1).await.unwrap();
        let reference = text(contacts.first().unwrap(), "/reference").to_owned();
        let contact = mila.contact(&reference).await.unwrap();
        let attachment = text(&contact, "/messages/0/attachments/0/id").to_owned();
        mila.reply(&reference, "Odgovor").await.unwrap();
        mila.until_reply_is(&reference, "sent").await.unwrap();
        let path = format!("/api/v1/contacts/{reference}/case");
        let case = mila.post(&path, &json!({})).await.unwrap();
        let case = text(&case, "/id").to_owned();
        let (posted, code) = posted(&service, "Pišem preko obrasca").await;
        mila.until_messages(&posted, 1).await.unwrap();
        stream::iter(0..calls)
            .for_each_concurrent(8, async |number| {
                let call = json!({ "network": "telephone", "text": format!("Poziv {number}"), "caller": "0641234567" });
                mila.post("/api/v1/log", &call).await.unwrap();
            })
            .await;
        Self {
            service,
            mila,
            lines,
            reference,
            attachment,
            case,
            code,
            _peers: (dovecot, smtp),
        }
    }

    /// Returns settings with the same lines and data folder, and the PostgreSQL database.
    fn on_postgresql(&self, url: &str) -> Service {
        let mut moved = Service::with_lines(Some(url), &self.lines).unwrap();
        moved.keep_data_in(&self.service.data()).unwrap();
        moved
    }

    async fn references(&self) -> BTreeSet<String> {
        references(&self.mila).await
    }

    /// Checks that the service on PostgreSQL has everything that the one on SQLite had.
    async fn is_whole(&self, moved: &mut Service, references_before: &BTreeSet<String>, messages: &Value) {
        moved.must(&["statistics", "verify"]).unwrap();
        moved.must(&["audit", "verify"]).unwrap();
        moved.must(&["keys", "verify"]).unwrap();
        moved.start().await.unwrap();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let inbox = client
            .get(format!("{}/api/v1/inbox?view=all", moved.desk_base()))
            .bearer_auth(self.mila.token())
            .send()
            .await
            .unwrap();
        assert!(inbox.status().is_success(), "the session goes on");
        let mila = moved.log_in("mila").await.unwrap();
        assert_eq!(&references(&mila).await, references_before);
        let contact = mila.contact(&self.reference).await.unwrap();
        assert_eq!(contact.pointer("/messages").unwrap(), messages);
        let file = format!(
            "/desk/contacts/{}/attachments/{}",
            self.reference, self.attachment
        );
        let file = mila.bytes(&file).await.unwrap();
        assert!(String::from_utf8_lossy(&file).contains(FILE));
        mila.get(&format!("/api/v1/cases/{}", self.case)).await.unwrap();
        let answers = client
            .post(format!("{}/answer", moved.base()))
            .form(&[("code", self.code.as_str()), ("lang", "en")])
            .send()
            .await
            .unwrap();
        assert!(answers.text().await.unwrap().contains("Pišem preko obrasca"));
        for number in 0..20 {
            let (reference, _) = posted(moved, &format!("Posle selidbe {number}")).await;
            assert!(
                !references_before.contains(&reference),
                "{reference} is given out twice"
            );
            mila.until_messages(&reference, 1).await.unwrap();
        }
        moved.must(&["statistics", "verify"]).unwrap();
        moved.must(&["audit", "verify"]).unwrap();
    }

    async fn messages(&self) -> Value {
        let contact = self.mila.contact(&self.reference).await.unwrap();
        contact.pointer("/messages").unwrap().clone()
    }

    /// Renames a channel in the contacts of the SQLite database.
    async fn rename_channel(&self, from: &str, to: &str) {
        let file = self.service.data().join("hotline.db");
        let connection = Database::connect(format!("sqlite://{}?mode=rw", file.display()))
            .await
            .unwrap();
        let update = "UPDATE contacts SET channel = ? WHERE channel = ?";
        let update = Statement::from_sql_and_values(DbBackend::Sqlite, update, [to.into(), from.into()]);
        connection.execute_raw(update).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Stops the service, and lets a move fail after most tables were copied, at a value that PostgreSQL cannot store.
    async fn interrupt_move(&mut self, url: &str) {
        self.service.stop();
        self.rename_channel("webform", "web\0form").await;
        let (moved, printed) = run(&self.service, &["move", "--to", url]);
        assert!(!moved, "{printed}");
        assert!(
            printed.contains("`contacts`") && printed.contains("`channel`") && printed.contains("NUL"),
            "{printed}"
        );
        self.rename_channel("web\0form", "webform").await;
    }
}

async fn references(staff: &Staff) -> BTreeSet<String> {
    let contacts = staff.contacts().await.unwrap();
    contacts
        .iter()
        .map(|contact| text(contact, "/reference").to_owned())
        .collect()
}

/// Runs a command. Returns whether it succeeded, and what it printed.
fn run(service: &Service, arguments: &[&str]) -> (bool, String) {
    let output = service.run_bounded(arguments).unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&printed).into_owned(),
    )
}

fn spawn_move(service: &Service, url: &str) -> Child {
    Command::new(program().unwrap())
        .arg("--config")
        .arg(service.folder().join("hotline.toml"))
        .args(["move", "--to", url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Counts the rows that an unfinished move has copied. 0: no move has copied any, or it is complete.
async fn count_copied(url: &str) -> i64 {
    let connection = Database::connect(url).await.unwrap();
    let count = "SELECT COALESCE(SUM(copied), 0)::int8 AS value FROM database_move_tables";
    let count = Statement::from_string(DbBackend::Postgres, count);
    // Before the move has made its tables and after it is complete, there is no such table.
    let row = connection.query_one_raw(count).await.ok().flatten();
    connection.close().await.unwrap();
    row.map_or(0, |row| row.try_get("", "value").unwrap())
}

/// Starts a move, and waits until it has copied rows.
async fn spawn_move_until_copying(service: &Service, url: &str) -> Child {
    let child = spawn_move(service, url);
    wait_until(Duration::from_secs(30), || async { count_copied(url).await > 0 })
        .await
        .unwrap();
    child
}

async fn change(url: &str, statement: &str) {
    let connection = Database::connect(url).await.unwrap();
    connection.execute_unprepared(statement).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_service_goes_on_where_it_was() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(5).await;
    let (references, messages) = (world.references().await, world.messages().await);
    let (moved, printed) = run(&world.service, &["move", "--to", database.url()]);
    assert!(!moved && printed.contains("Stop the service"), "{printed}");
    world.service.stop();
    let file = world.service.folder().join("url");
    std::fs::write(&file, format!("{}\n", database.url())).unwrap();
    let arguments = ["move", "--to-file", file.to_str().unwrap()];
    let (moved, printed) = run(&world.service, &arguments);
    assert!(moved && printed.contains("Every table is equal"), "{printed}");
    assert!(!printed.contains("NO:"), "{printed}");
    let (moved, printed) = run(&world.service, &arguments);
    assert!(moved && printed.contains("complete before"), "{printed}");
    let mut moved = world.on_postgresql(database.url());
    world.is_whole(&mut moved, &references, &messages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_again_and_again_ends_complete() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(800).await;
    let (references, messages) = (world.references().await, world.messages().await);
    world.service.stop();
    let mut child = spawn_move_until_copying(&world.service, database.url()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(count_copied(database.url()).await > 0, "the move was interrupted");
    for round in 0..15_u64 {
        let mut child = spawn_move(&world.service, database.url());
        tokio::time::sleep(Duration::from_millis(60 + round * 40)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    world.service.must(&["move", "--to", database.url()]).unwrap();
    let mut moved = world.on_postgresql(database.url());
    world.is_whole(&mut moved, &references, &messages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_signal_stopped_goes_on() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(800).await;
    world.service.stop();
    let child = spawn_move_until_copying(&world.service, database.url()).await;
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        printed.contains("Stopped. Run the same command again"),
        "{printed}"
    );
    assert!(count_copied(database.url()).await > 0);
    let printed = world.service.must(&["move", "--to", database.url()]).unwrap();
    assert!(printed.contains("Every table is equal"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_database_used_after_its_move_is_not_given_up() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.hire("mila", "supervisor").await.unwrap();
    service.stop();
    let arguments = ["move", "--to", database.url()];
    let (moved, printed) = run(&service, &arguments);
    assert!(moved && printed.contains("delete it once"), "{printed}");
    let (moved, printed) = run(&service, &arguments);
    assert!(moved && printed.contains("complete before"), "{printed}");
    assert!(!printed.contains("delete it"), "{printed}");
    service.start().await.unwrap();
    let (reference, _) = posted(&service, "Posle selidbe").await;
    let mila = service.log_in("mila").await.unwrap();
    mila.until_messages(&reference, 1).await.unwrap();
    service.stop();
    let (moved, printed) = run(&service, &arguments);
    assert!(
        !moved && printed.contains("used or upgraded since the move") && printed.contains("do not delete it"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_move_goes_on_and_nothing_else_uses_its_target() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(5).await;
    world.interrupt_move(database.url()).await;
    let moved = world.on_postgresql(database.url());
    for arguments in [
        ["serve"].as_slice(),
        &["staff", "list"],
        &["migrate", "--dry-run"],
        &["doctor"],
    ] {
        let (opened, printed) = run(&moved, arguments);
        assert!(!opened && printed.contains("unfinished move"), "{printed}");
    }
    let mut other = Service::new(None).unwrap();
    other.start().await.unwrap();
    other.stop();
    let (began, printed) = run(&other, &["move", "--to", database.url()]);
    assert!(
        !began && printed.contains("the move of another SQLite database"),
        "{printed}"
    );
    let (ended, printed) = run(&world.service, &["move", "--to", database.url()]);
    assert!(ended && printed.contains("Every table is equal"), "{printed}");
    moved.must(&["statistics", "verify"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_in_the_target_is_found() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(5).await;
    world.interrupt_move(database.url()).await;
    change(database.url(), "UPDATE staff SET name = 'Vera'").await;
    let (ended, printed) = run(&world.service, &["move", "--to", database.url()]);
    assert!(!ended && printed.contains("WRONG"), "{printed}");
    let unequal: Vec<&str> = printed.lines().filter(|line| line.contains("NO:")).collect();
    assert!(
        unequal.len() == 1 && unequal[0].starts_with("staff "),
        "{printed}"
    );
    let (opened, printed) = run(&world.on_postgresql(database.url()), &["staff", "list"]);
    assert!(!opened && printed.contains("unfinished move"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_used_since_the_interruption_is_not_mixed_with_older_rows() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(5).await;
    world.interrupt_move(database.url()).await;
    world.service.start().await.unwrap();
    let (reference, _) = posted(&world.service, "Posle prekida").await;
    let mila = world.service.log_in("mila").await.unwrap();
    mila.until_messages(&reference, 1).await.unwrap();
    world.service.stop();
    let (ended, printed) = run(&world.service, &["move", "--to", database.url()]);
    assert!(
        !ended && printed.contains("was used or upgraded since"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_with_other_tables_is_left_alone() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    change(database.url(), "CREATE TABLE notes (id BIGINT PRIMARY KEY)").await;
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    service.stop();
    let (moved, printed) = run(&service, &["move", "--to", database.url()]);
    assert!(!moved && printed.contains("is not empty"), "{printed}");
    let connection = Database::connect(database.url()).await.unwrap();
    let count = "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = 'public'";
    let count = Statement::from_string(DbBackend::Postgres, count);
    let row = connection.query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "value").unwrap(), 1);
}
