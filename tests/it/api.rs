//! The API: its description is complete, and invalid input causes no internal error.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use fantoccini::Locator;
use hotline_desk::routes::routes;
use hotline_tests::{
    peers::{browser::Browser, tools, wait_until},
    service::Service,
    staff::{Staff, text},
};
use serde_json::json;

use crate::writing::{posted, until};

#[test]
fn whatever_a_page_does_a_program_can_do() {
    let all = routes();
    let served = |path: &str| all.iter().any(|one| one.method == "POST" && one.path == path);
    // Programs log in and out at other addresses. Parked jobs are run again from the desk or by a command, not through the API.
    // Only a browser goes to the identity provider, which reports log-outs at an address of its own.
    // Forms change parts of a schedule, a text or a line, and programs put the whole schedule, text or line.
    let elsewhere = [
        "/desk/login",
        "/desk/login/code",
        "/desk/login/enrol",
        "/desk/login/passkey",
        "/desk/login/code/passkey",
        "/desk/login/enrol/passkey",
        "/desk/logout",
        "/desk/login/provider",
        "/desk/login/provider/log-out",
        "/desk/me/identity/connect",
        "/desk/admin/texts/{text}",
        "/desk/admin/lines",
        "/desk/queue/again",
        "/desk/routing/hours",
        "/desk/routing/shifts",
    ];
    for one in all.iter().filter(|one| one.method == "POST") {
        let Some(action) = one.path.strip_prefix("/desk") else {
            continue;
        };
        let known = served(&format!("/api/v1{action}")) || elsewhere.contains(&one.path.as_str());
        assert!(known, "{} is not in the API", one.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_driven_tester_finds_no_fault_and_no_undescribed_answer() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "supervisor").await.unwrap();
    let (reference, _) = posted(&service, "Neko mi preti").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let case = mila
        .post(&format!("/api/v1/contacts/{reference}/case"), &json!({}))
        .await
        .unwrap();
    let path = format!("/api/v1/cases/{}/referrals", text(&case, "/id"));
    let case = mila.post(&path, &json!({ "institution": "mup" })).await.unwrap();
    let vera = service.hire("vera", "administrator").await.unwrap();
    let settings = service.folder().join("schemathesis.toml");
    // With the ids of existing objects, Schemathesis also gets responses other than 404.
    let known = format!(
        "[parameters]\nreference = \"{reference}\"\n\"path.referral\" = \"{}\"\n",
        text(&case, "/referrals/0/id")
    );
    std::fs::write(&settings, known).unwrap();
    let slow = format!("^/api/v1/({})|^/api/v1/session/end$", ASK_FOR_PASSWORD.join("|"));
    let others = ["--exclude-path-regex", slow.as_str(), "--max-examples", "8"];
    try_operations(&service, &settings, &mila, &others);
    // An administrator may call operations that are refused to everybody else.
    let administration = [
        "--include-path-regex",
        "^/api/v1/admin",
        "--exclude-path-regex",
        slow.as_str(),
        "--max-examples",
        "8",
    ];
    try_operations(&service, &settings, &vera, &administration);
    // Typed passwords have a limit for each account, so other accounts try these operations.
    for (number, path) in ASK_FOR_PASSWORD.iter().enumerate() {
        let role = if path.starts_with("admin") {
            "administrator"
        } else {
            "supervisor"
        };
        let who = service.hire(&format!("ana{number}"), role).await.unwrap();
        let path = format!("^/api/v1/({path})");
        let some = ["--include-path-regex", path.as_str(), "--max-examples", "1"];
        try_operations(&service, &settings, &who, &some);
    }
    service.must(&["statistics", "verify"]).unwrap();
    service.must(&["reconcile"]).unwrap();
}

/// The operations that ask for the password again, as parts of a regular expression.
const ASK_FOR_PASSWORD: [&str; 7] = [
    "me/factors/passkeys",
    "me/factors/(totp|remove|recovery)",
    "me/(password|notices|identity)",
    "me/sessions/",
    "contacts/[^/]*/(reveal|evidence)",
    "contacts/[^/]*/(erase|export)-person",
    "admin/staff/[^/]*/reset",
];

/// Runs Schemathesis with the token of a member of staff. `which` selects operations.
fn try_operations(service: &Service, settings: &Path, who: &Staff, which: &[&str]) {
    let output = Command::new("timeout")
        .arg("600")
        .arg(tools().join("schemathesis/bin/st"))
        .arg("--config-file")
        .arg(settings)
        .args(["run", &format!("{}/api/v1/openapi.json", service.base())])
        .args(["--header", &format!("Authorization: Bearer {}", who.token())])
        .args(which)
        .args([
            "--phases",
            "coverage,fuzzing",
            "--request-timeout",
            "60",
            "--no-color",
        ])
        .args(["--seed", "1"])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .current_dir(service.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("generated"), "it has asked something: {said}");
}

/// Returns the addresses of all resources that a page has loaded.
const LOADED: &str = "return performance.getEntriesByType('resource').map((one) => one.name);";

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_a_page_that_loads_nothing_from_other_hosts() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let page = format!("{}/api/v1/docs", service.base());
    let html = reqwest::get(&page).await.unwrap().error_for_status().unwrap();
    let html = html.text().await.unwrap();
    let named = html.split('"').filter(|text| text.starts_with("/assets/"));
    assert_eq!(named.clone().count(), 4, "an icon, a style sheet and two scripts");
    for asset in named {
        let answer = reqwest::get(format!("{}{asset}", service.base())).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{asset}");
    }
    assert!(!html.contains("://"), "no other host");
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    client.goto(&page).await.unwrap();
    until(client, ".opblock").await;
    // Of many operations, the page draws only those in sight, with room for the others.
    wait_until(Duration::from_secs(30), || async {
        let operations = client.find_all(Locator::Css(".opblock")).await.unwrap();
        let height = client
            .execute("return document.documentElement.scrollHeight", vec![])
            .await;
        operations.len() > 5 && height.unwrap().as_i64() > Some(5_000)
    })
    .await
    .unwrap();
    let loaded = client.execute(LOADED, vec![]).await.unwrap();
    for address in loaded.as_array().unwrap() {
        let address = address.as_str().unwrap();
        assert!(
            address.starts_with(&service.base()) || address.starts_with("data:"),
            "{address}"
        );
    }
}
