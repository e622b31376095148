//! Every page of the desk: accessible in each language and theme, and without sideways scrolling from 320 to 2,560 pixels.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use hotline_tests::{
    peers::tools,
    staff::{Staff, text},
};

use crate::{demo::start_demo, walls::files};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_desk_is_accessible_at_every_width() {
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, base) = start_demo(folder.path(), &["--language", "en"]).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/screens/screens.mjs");
    let mut screens = Command::new("timeout");
    screens
        .args(["600", "node", script, &base])
        .arg(tools().join("node_modules/x"))
        .env(
            "SHOTS",
            std::env::var_os("HOTLINE_SCREENSHOTS").unwrap_or_default(),
        )
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || screens.output())
        .await
        .unwrap()
        .unwrap();
    demo.stop();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{failed}");
    assert!(said.contains(" 0 faults"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_view_of_a_contact_is_at_most_80_kilobytes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, base) = start_demo(folder.path(), &["--language", "en"]).await;
    let mila = Staff::log_in_with(base.clone(), "mila", "four blue paper boats")
        .await
        .unwrap();
    let contacts = mila.contacts().await.unwrap();
    let page = format!("/desk/contacts/{}?view=all", text(&contacts[0], "/reference"));
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/desk/assets");
    let scripts = files(Path::new(assets), &["js"]);
    // The description of the API has a page and a script of its own. The worker is loaded where notifications are switched on.
    let others = ["api_docs.js", "push_worker.js"];
    let scripts = scripts
        .iter()
        .filter(|path| !others.iter().any(|other| path.ends_with(other)));
    let scripts = scripts.map(|path| format!("/assets/{}", path.strip_prefix(assets).unwrap().display()));
    let others = [
        page,
        "/assets/http/desk.css".to_owned(),
        "/assets/http/icons.svg".to_owned(),
    ];
    let mut sum = 0;
    for path in others.into_iter().chain(scripts) {
        sum += mila.compressed_size(&path).await.unwrap();
    }
    demo.stop();
    println!("{sum} bytes");
    assert!((20_000..80_000).contains(&sum), "{sum} bytes");
}
