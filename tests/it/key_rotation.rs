//! Replacing the master key: while the service runs, interrupted anywhere, and with nothing left that the old key opens.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use futures::{StreamExt, stream};
use hotline_tests::{
    peers::postgres::Postgres,
    service::{Service, program},
    staff::{Staff, text},
};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;

use crate::{erasure::files_with_bytes, writing::posted};

/// Tables with wrapped data keys.
const TABLES: [&str; 4] = ["journal", "contacts", "cases", "push_keys"];

/// A service with contacts and a case, and what a counsellor reads of them.
struct World {
    service: Service,
    mila: Staff,
    reference: String,
    case: String,
    code: String,
}

impl World {
    async fn new(database: Option<&str>, calls: usize) -> Self {
        let mut service = Service::new(database).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let (reference, code) = posted(&service, "kanarinac peva").await;
        mila.until_messages(&reference, 1).await.unwrap();
        let path = format!("/api/v1/contacts/{reference}/case");
        let case = mila.post(&path, &json!({})).await.unwrap();
        let case = text(&case, "/id").to_owned();
        let path = format!("/api/v1/cases/{case}/additions");
        mila.post(&path, &json!({ "text": "kanarinac leti" }))
            .await
            .unwrap();
        stream::iter(0..calls)
            .for_each_concurrent(8, async |number| {
                let call = json!({ "network": "telephone", "text": format!("Poziv {number}"), "caller": "0641234567" });
                mila.post("/api/v1/log", &call).await.unwrap();
            })
            .await;
        Self {
            service,
            mila,
            reference,
            case,
            code,
        }
    }

    /// Checks that everything can be read.
    async fn is_whole(&self) {
        let contact = self.mila.contact(&self.reference).await.unwrap();
        assert_eq!(text(&contact, "/messages/0/text"), "kanarinac peva");
        let case = self
            .mila
            .get(&format!("/api/v1/cases/{}", self.case))
            .await
            .unwrap();
        assert!(case.to_string().contains("kanarinac leti"), "{case}");
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let page = client.post(format!("{}/answer", self.service.base()));
        let page = page.form(&[("code", self.code.as_str()), ("lang", "en")]).send();
        assert!(
            page.await
                .unwrap()
                .text()
                .await
                .unwrap()
                .contains("kanarinac peva")
        );
        let found = self.mila.search("0641234567").await.unwrap();
        assert!(found.to_string().contains("reference"), "{found}");
    }

    fn data(&self) -> std::path::PathBuf {
        self.service.data()
    }

    /// Makes a new master key, and restarts the service with both.
    async fn begin(&mut self) {
        let new = self.data().join("new.key");
        let made = self
            .service
            .run(&["keys", "new", new.to_str().unwrap()], "")
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        self.service.kill();
        let keys = format!(
            "key_file = \"{}\"\nold_key_file = \"{}\"",
            new.display(),
            self.data().join("master.key").display()
        );
        self.service.set_data_keys(&keys).unwrap();
        self.restart().await;
    }

    async fn restart(&mut self) {
        self.service.start().await.unwrap();
        self.mila = self.service.log_in("mila").await.unwrap();
    }

    fn says(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.service.run(arguments, "").unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Starts with the new key alone, and checks that the old one opens nothing.
    async fn end(&mut self) {
        let (verified, said) = self.says(&["keys", "verify"]);
        assert!(verified && said.contains("Remove `data.old_key_file`"), "{said}");
        self.service.kill();
        let (new, old) = (self.data().join("new.key"), self.data().join("master.key"));
        self.use_key(&old);
        let (fits, said) = self.says(&["keys", "verify"]);
        assert!(!fits && said.contains("not the one"), "{said}");
        self.use_key(&new);
        fs::remove_file(old).unwrap();
        self.restart().await;
        self.is_whole().await;
        let (verified, said) = self.says(&["keys", "verify"]);
        assert!(verified, "{said}");
    }

    fn use_key(&mut self, file: &Path) {
        let keys = format!("key_file = \"{}\"", file.display());
        self.service.set_data_keys(&keys).unwrap();
    }
}

/// Returns the wrapped data keys: the beginning of each, which is random.
async fn wrapped(url: &str) -> Vec<Vec<u8>> {
    let connection = Database::connect(url).await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT data_key AS value FROM {table} WHERE data_key IS NOT NULL LIMIT 20");
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        for row in connection.query_all_raw(statement).await.unwrap() {
            let value: Vec<u8> = row.try_get("", "value").unwrap();
            all.push(value.into_iter().take(24).collect());
        }
    }
    connection.close().await.unwrap();
    assert!(all.len() > 4, "{}", all.len());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_of_the_master_key_survives_50_kills_and_leaves_no_old_key() {
    let mut world = World::new(None, 1_300).await;
    let file = world.data().join("hotline.db");
    let url = format!("sqlite://{}?mode=ro", file.display());
    let before = wrapped(&url).await;
    world.begin().await;
    world.is_whole().await;
    let (verified, said) = world.says(&["keys", "verify"]);
    assert!(!verified && said.contains("still wrapped with the old"), "{said}");
    // The settings the wrong way round would lose the new key.
    let (new, old) = (world.data().join("new.key"), world.data().join("master.key"));
    let keys = |key: &Path, old: &Path| {
        format!(
            "key_file = \"{}\"\nold_key_file = \"{}\"",
            key.display(),
            old.display()
        )
    };
    world.service.set_data_keys(&keys(&old, &new)).unwrap();
    let (verified, said) = world.says(&["keys", "verify"]);
    assert!(!verified && said.contains("not the one"), "{said}");
    world.service.set_data_keys(&keys(&new, &old)).unwrap();
    let settings = world.service.folder().join("hotline.toml");
    for round in 0..50_u64 {
        let mut command = Command::new(program().unwrap());
        command.arg("--config").arg(&settings).args(["keys", "replace"]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(60 + round * 8)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    world.is_whole().await;
    let (replaced, said) = world.says(&["keys", "replace"]);
    assert!(replaced, "{said}");
    world.end().await;
    assert_eq!(files_with_bytes(&world.service, &before), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_replaced_on_postgresql_too() {
    let database = Postgres::url_of_fresh_database().await.unwrap();
    let mut world = World::new(Some(database.url()), 20).await;
    world.begin().await;
    let (replaced, said) = world.says(&["keys", "replace"]);
    assert!(replaced, "{said}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_of_master_keys_change_nothing() {
    let mut world = World::new(None, 1).await;
    let (new, wrong) = (world.data().join("new.key"), world.data().join("wrong.key"));
    for file in [&new, &wrong] {
        assert!(world.says(&["keys", "new", file.to_str().unwrap()]).0);
    }
    let (again, said) = world.says(&["keys", "new", new.to_str().unwrap()]);
    assert!(!again, "{said}");
    let (replaced, said) = world.says(&["keys", "replace"]);
    assert!(!replaced && said.contains("old_key_file"), "{said}");
    world.service.kill();
    let present = world.data().join("master.key");
    for (key, old, why) in [
        (&new, &wrong, "not the one"),
        (&present, &wrong, "not the one"),
        (&present, &new, "not the one"),
        (&new, &new, "the same master key"),
        (&present, &present, "the same master key"),
        (&new, &world.data().join("no.key"), "Remove `data.old_key_file`"),
    ] {
        let keys = format!(
            "key_file = \"{}\"\nold_key_file = \"{}\"",
            key.display(),
            old.display()
        );
        world.service.set_data_keys(&keys).unwrap();
        for command in ["verify", "replace"] {
            let (fits, said) = world.says(&["keys", command]);
            assert!(!fits && said.contains(why), "{keys}: {said}");
        }
    }
    world.service.set_data_keys("").unwrap();
    world.restart().await;
    world.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_comes_from_a_command_or_the_environment_too() {
    let mut world = World::new(None, 1).await;
    world.service.kill();
    let file = world.data().join("master.key");
    let apart = world.service.folder().join("apart");
    fs::rename(&file, &apart).unwrap();
    let key = fs::read_to_string(&apart).unwrap();
    let command = format!("key_command = \"cat '{}'\"", apart.display());
    world.service.set_data_keys(&command).unwrap();
    world.restart().await;
    world.is_whole().await;
    assert!(!file.exists(), "no other key was made");
    let (works, said) = world.says(&["check"]);
    assert!(!said.contains("data folder"), "{works} {said}");
    world.service.kill();
    for (keys, why) in [
        ("key_command = \"exit 3\"", "failed"),
        ("key_command = \"echo no\"", "64 hexadecimal digits"),
        ("key_command = \"true\"\nkey_file = \"x\"", "only one of"),
        (
            &format!("key_command = \"echo {}\"", "ab".repeat(32)),
            "not the one",
        ),
    ] {
        world.service.set_data_keys(keys).unwrap();
        let (fits, said) = world.says(&["keys", "verify"]);
        assert!(!fits && said.contains(why), "{keys}: {said}");
    }
    world.service.set_data_keys("").unwrap();
    world.service.run_under(&["env", "HOTLINE_MASTER_KEY="]);
    assert!(
        world.service.start().await.is_err(),
        "an empty variable makes no key"
    );
    assert!(!file.exists());
    let variable = format!("HOTLINE_MASTER_KEY={}", key.trim());
    world.service.run_under(&["env", &variable]);
    world.restart().await;
    world.is_whole().await;
    assert!(!file.exists());
}
