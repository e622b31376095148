//! The narrative report: a word processor opens it, and it contains the cover, the contents and the chosen sections.

use std::process::Command;

use hotline_tests::service::Service;
use serde_json::json;

/// Opens a document in a word processor and returns its text.
fn read(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.docx");
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("timeout")
        .args(["120", "soffice"])
        .arg(format!(
            "-env:UserInstallation=file://{}/profile",
            folder.path().display()
        ))
        .args([
            "--headless",
            "--convert-to",
            "txt:Text (encoded):UTF8",
            "--outdir",
        ])
        .arg(folder.path())
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::read_to_string(file.with_extension("txt")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_a_document_with_a_cover_contents_and_the_chosen_sections() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "prva").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let answers = json!({ "answers": { "topic": ["grooming"], "gender": ["girl"], "age": ["12"] } });
    mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
        .await
        .unwrap();
    let path = "/api/v1/statistics/narrative?language=en&period=year";
    let exact = read(&mila.bytes(path).await.unwrap());
    for said in [
        "Registered communications",
        "19833",
        "not for publication",
        "Made by: mila",
        "Contents",
        "Summary",
        "Age",
        "grooming",
        "girl",
        "Year by year, by channel",
        "Outreach",
    ] {
        assert!(exact.contains(said), "{said}: {exact}");
    }
    let published = read(&mila.bytes(&format!("{path}&publication=yes")).await.unwrap());
    assert!(published.contains("for publication: small"), "{published}");
    assert!(!published.contains("grooming"), "{published}");
    let chosen = read(&mila.bytes(&format!("{path}&topics=yes")).await.unwrap());
    assert!(
        chosen.contains("grooming") && !chosen.contains("Summary"),
        "{chosen}"
    );
    let serbian = "/api/v1/statistics/narrative?language=sr-Cyrl&from=2026-01-01&to=2026-01-31";
    let serbian = read(&mila.bytes(serbian).await.unwrap());
    assert!(serbian.contains("јануар 2026."), "{serbian}");
    let printed = mila
        .page("/desk/statistics/narrative?period=year&topics=yes&answering=yes")
        .await
        .unwrap();
    for said in [
        "Topics",
        "grooming",
        "Talk time",
        "Contents",
        "Made by",
        "What counts",
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
    let wrong = mila.get(&format!("{path}&topics=perhaps")).await.unwrap_err();
    assert!(wrong.to_string().contains("422"), "{wrong}");
}
