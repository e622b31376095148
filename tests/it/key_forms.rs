//! The master key on paper: the recovery form and the shares, typed in again.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use hotline_tests::{
    service::Service,
    staff::{Staff, text},
};

use crate::writing::posted;

/// A service with a contact.
struct World {
    service: Service,
    mila: Staff,
    reference: String,
}

impl World {
    async fn new() -> Self {
        let mut service = Service::new(None).unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        let (reference, _) = posted(&service, "kanarinac peva").await;
        mila.until_messages(&reference, 1).await.unwrap();
        Self {
            service,
            mila,
            reference,
        }
    }

    /// Runs `hotline keys`, and returns whether it succeeded and what it said.
    fn keys(&self, arguments: &[&str], typed: &str) -> (bool, String) {
        let arguments = [&["keys"][..], arguments].concat();
        let output = self.service.run(&arguments, typed).unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Starts the service with the key in this file, and checks that the contact can be read.
    async fn opens_with(&mut self, file: &Path) {
        self.service.kill();
        let keys = format!("key_file = \"{}\"", file.display());
        self.service.set_data_keys(&keys).unwrap();
        self.service.start().await.unwrap();
        self.mila = self.service.log_in("mila").await.unwrap();
        let contact = self.mila.contact(&self.reference).await.unwrap();
        assert_eq!(text(&contact, "/messages/0/text"), "kanarinac peva");
    }
}

/// Returns the rows of digits that a printed form shows. Only its owner sees the form, and the page loads no other resource.
fn rows(form: &Path) -> Vec<String> {
    assert_eq!(mode(form), 0o600, "{}", form.display());
    let page = fs::read_to_string(form).unwrap();
    for foreign in ["<script", "http:", "https:", "src="] {
        assert!(!page.contains(foreign), "{foreign} in {}", form.display());
    }
    let document = scraper::Html::parse_document(&page);
    let digits = scraper::Selector::parse(".digits").unwrap();
    document
        .select(&digits)
        .map(|row| row.text().collect::<String>())
        .collect()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_five_shares_typed_from_paper_restore_the_master_key() {
    let mut world = World::new().await;
    let folder = world.service.folder().to_owned();
    let (forms, restored) = (folder.join("forms"), folder.join("restored.key"));
    let split = [
        "split",
        "--shares",
        "5",
        "--needed",
        "3",
        "--to",
        forms.to_str().unwrap(),
    ];
    let (done, said) = world.keys(&split, "");
    assert!(done && said.contains("5 forms"), "{said}");
    let form = |number: u8| rows(&forms.join(format!("share-{number}-of-5.html"))).join(" ");
    let (fifth, first, third) = (
        form(5).to_lowercase(),
        form(1).replace(' ', "   ").to_lowercase(),
        format!("  {} ", form(3).to_uppercase().replace(' ', "-")),
    );
    let to = ["combine", "--to", restored.to_str().unwrap()];
    // A wrong share is named, and no key is written.
    let mut wrong = first.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    let (done, said) = world.keys(&to, &format!("{fifth}\n{wrong}\n{third}\n"));
    assert!(
        !done && said.contains("Line 2") && said.contains("share 1"),
        "{said}"
    );
    let (done, said) = world.keys(&to, &format!("{fifth}\n{third}\n"));
    assert!(!done && said.contains("3 shares are needed"), "{said}");
    assert!(!restored.exists());
    let (done, said) = world.keys(&to, &format!("{fifth}\n\n{first}\n{third}\n"));
    assert!(done, "{said}");
    assert_eq!(mode(&restored), 0o600);
    fs::remove_file(world.service.data().join("master.key")).unwrap();
    world.opens_with(&restored).await;
    let (_, verified) = world.keys(&["verify"], "");
    let fingerprint = verified.split("fingerprint ").nth(1).unwrap();
    assert!(
        said.contains(fingerprint.split('.').next().unwrap()),
        "{said}{verified}"
    );
    // Nothing that exists is overwritten.
    let key = fs::read(&restored).unwrap();
    let (done, said) = world.keys(&to, &format!("{fifth}\n{first}\n{third}\n"));
    assert!(!done && said.contains("not overwritten"), "{said}");
    assert_eq!(fs::read(&restored).unwrap(), key);
    let page = fs::read(forms.join("share-1-of-5.html")).unwrap();
    let (done, said) = world.keys(&split, "");
    assert!(!done && said.contains("not overwritten"), "{said}");
    assert_eq!(fs::read(forms.join("share-1-of-5.html")).unwrap(), page);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_form_restores_the_master_key() {
    let mut world = World::new().await;
    let folder = world.service.folder().to_owned();
    let (form, restored) = (folder.join("form.html"), folder.join("restored.key"));
    let write = ["form", "--to", form.to_str().unwrap()];
    let (done, said) = world.keys(&write, "");
    assert!(done, "{said}");
    let (again, said) = world.keys(&write, "");
    assert!(!again && said.contains("exists"), "{said}");
    let rows = rows(&form);
    let file = world.service.data().join("master.key");
    let key = fs::read_to_string(&file).unwrap();
    assert_eq!(rows[..4].concat().replace(' ', ""), key.trim());
    let to = ["combine", "--to", restored.to_str().unwrap()];
    let (done, said) = world.keys(&to, &rows[..4].join(" "));
    assert!(!done && said.contains("64 digits"), "{said}");
    let (done, said) = world.keys(&to, &rows.join(" "));
    assert!(done, "{said}");
    fs::remove_file(file).unwrap();
    world.opens_with(&restored).await;
}
