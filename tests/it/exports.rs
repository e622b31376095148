//! Exported files: spreadsheets read every cell as plain text, a file states what it contains, and the same figures give identical bytes.

use std::{path::Path, process::Command, time::Duration};

use hotline_core::text::locale::{Language, Locales};
use hotline_reports::{
    cover::Cover,
    exports::{CsvForm, csv_of_table, csv_of_tables, workbook},
    tables::{Cell, Line, Table},
};
use hotline_tests::{service::Service, staff::text};
use serde_json::json;

/// Returns texts that a spreadsheet could run or misread.
fn hostile() -> Vec<String> {
    let long = "ш".repeat(32_767);
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1;1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\0=1+1",
        " =1+1",
        "＝1+1",
        "=HYPERLINK(\"http://example.org\";\"x\")",
        "a;b",
        "a,b",
        "he said \"so\"",
        "two\nlines",
        "two\r\nlines",
        "🙂👨‍👩‍👧‍👦",
        "Ђоко љуби њушку",
        long.as_str(),
    ]
    .map(str::to_owned)
    .into()
}

fn table() -> Table {
    let line = |(label, count): (String, i64)| Line {
        label,
        cells: vec![Cell::Count(count)],
        opens: Vec::new(),
    };
    Table {
        id: "hostile".to_owned(),
        title: "=1+1".to_owned(),
        side: "=1+1".to_owned(),
        columns: vec!["+1+1".to_owned()],
        rows: hostile().into_iter().zip(1..).map(line).collect(),
        ..Table::default()
    }
}

fn cover() -> Cover {
    Cover {
        title: "=1+1".to_owned(),
        lines: vec![("=1+1".to_owned(), "@SUM(1)".to_owned())],
        as_of: "2026-11-26T10:00:30Z".parse().unwrap(),
        days: (None, None),
    }
}

/// Opens a file in a spreadsheet program and returns it as XML. The program evaluates formulas in CSV, a setting that users may choose.
fn opened(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    let mut soffice = Command::new("timeout");
    soffice
        .args(["120", "soffice"])
        .arg(format!(
            "-env:UserInstallation=file://{}/profile",
            folder.display()
        ))
        .arg("--headless");
    let separator = if name.contains("semicolon") { 59 } else { 44 };
    if name.ends_with("csv") {
        soffice.arg(format!(
            "--infilter=CSV:{separator},34,76,1,,0,false,true,false,false,false,0,true"
        ));
    }
    let output = soffice
        .args(["--convert-to", "fods", "--outdir"])
        .arg(folder)
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::read_to_string(file.with_extension("fods")).unwrap()
}

#[test]
fn no_cell_of_a_file_is_a_formula_in_a_spreadsheet() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let locales = Locales;
    let words = locales.of(Language::En);
    let raw = opened(folder, "raw.csv", b"=1+1,2\r\n");
    assert!(raw.contains("table:formula"), "a raw cell would be one");
    let for_spreadsheets = CsvForm {
        separator: b';',
        bom: true,
        cover: true,
    };
    let one = |form| csv_of_table(words, &cover(), &table(), form).unwrap();
    let many = csv_of_tables(words, &cover(), &[table(), table()], for_spreadsheets).unwrap();
    let book = workbook(words, &cover(), &[table()]).unwrap();
    for (name, bytes) in [
        ("plain.csv", one(CsvForm::default())),
        ("semicolon.csv", one(for_spreadsheets)),
        ("many-semicolon.csv", many),
        ("book.xlsx", book),
    ] {
        let read = opened(folder, name, &bytes);
        assert!(!read.contains("table:formula"), "{name}");
        for text in ["a;b", "a,b", "he said &quot;so&quot;", "🙂", "Ђоко љуби њушку"] {
            assert!(read.contains(text), "{name}: {text}");
        }
        assert!(
            read.contains(&"ш".repeat(32_767)),
            "{name}: a cell is filled to its end"
        );
        for count in 1..=hostile().len() {
            let number = format!("office:value-type=\"float\" office:value=\"{count}\"");
            assert!(read.contains(&number), "{name}: {count} is a number");
        }
    }
}

#[test]
fn every_record_of_csv_is_read_back_as_it_was_and_has_as_many_fields_as_the_head() {
    let locales = Locales;
    let words = locales.of(Language::SrCyrl);
    for (separator, bom, cover_lines) in [(b',', false, false), (b';', true, true)] {
        let form = CsvForm {
            separator,
            bom,
            cover: cover_lines,
        };
        let written = csv_of_table(words, &cover(), &table(), form).unwrap();
        assert_eq!(written.starts_with("\u{feff}".as_bytes()), bom);
        let text = String::from_utf8(written).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(separator)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(|record| record.unwrap()).collect();
        let first = records.iter().position(|record| &record[1] == "'+1+1").unwrap();
        let lines = &records[first + 1..];
        assert_eq!(lines.len(), hostile().len());
        for (line, text) in lines.iter().zip(hostile()) {
            assert!(line[0] == text || line[0] == format!("'{text}"), "{line:?}");
        }
        if cover_lines {
            let said: Vec<&str> = records[..first].iter().map(|record| &record[0]).collect();
            assert_eq!(said, ["'=1+1", "'=1+1", "Редова", ""]);
            assert_eq!(records[2][1], hostile().len().to_string());
        } else {
            assert_eq!(first, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_says_what_it_is_of_and_the_same_figures_are_the_same_bytes() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "prva").await;
    mila.until_messages(&reference, 1).await.unwrap();
    for path in [
        "/api/v1/statistics/report?format=csv&period=year",
        "/api/v1/statistics/figures?format=csv&by=channel,month&period=year",
        "/api/v1/statistics/rows?period=year",
    ] {
        let twice = [
            manager.bytes(path).await.unwrap(),
            manager.bytes(path).await.unwrap(),
        ];
        assert_eq!(twice[0], twice[1], "{path}");
    }
    let book = "/api/v1/statistics/figures?format=xlsx&by=channel,month";
    let locales = Locales;
    let one = workbook(locales.of(Language::En), &cover(), &[table()]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let same = workbook(locales.of(Language::En), &cover(), &[table()]).unwrap();
    assert!(one == same, "as of the same time, whenever it is written");
    assert!(manager.bytes(book).await.unwrap().starts_with(b"PK"));

    let covered = "format=csv&cover=yes&separator=%3B&bom=yes&language=en&from=2026-01-01&to=2026-12-31";
    for (path, title) in [
        ("figures?by=channel&", "Figures: Channel"),
        ("report?", "Registered communications"),
        ("returns/insafe?", "Insafe"),
    ] {
        let who = if path.starts_with("returns") {
            &mila
        } else {
            &manager
        };
        let file = who
            .page(&format!("/api/v1/statistics/{path}{covered}"))
            .await
            .unwrap();
        assert!(file.starts_with('\u{feff}'), "{path}");
        assert!(file.contains(title), "{path}: {file}");
        for said in [
            "Period;",
            "Time zone;Europe/Belgrade",
            "as of;",
            "Made by;",
            "Lines;",
        ] {
            assert!(file.contains(said), "{path}: {said}: {file}");
        }
    }
    // A file tells in its name and on its cover whether it may be published.
    for (publication, name, said) in [
        ("", "internal", "not for publication"),
        ("&publication=yes", "publication", "Use;for publication"),
    ] {
        for path in ["report?", "figures?by=topic&"] {
            let path = format!("/api/v1/statistics/{path}{covered}{publication}");
            let file = manager.page(&path).await.unwrap();
            assert!(file.contains(said), "{path}: {file}");
            let client = reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap();
            let request = client.get(format!("{}{path}", service.base()));
            let answer = request.bearer_auth(manager.token()).send().await.unwrap();
            let attached = answer.headers()["content-disposition"].to_str().unwrap();
            assert!(attached.contains(&format!("-{name}-2026-01-01-")), "{attached}");
        }
    }
    let wrong = manager
        .get("/api/v1/statistics/report?format=csv&separator=x")
        .await;
    assert!(wrong.unwrap_err().to_string().contains("422"));

    // With two dimensions and an interval, each combination of interval and values has a line.
    let answers = json!({ "answers": { "topic": ["grooming"], "gender": ["girl"] } });
    mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
        .await
        .unwrap();
    let three = "/api/v1/statistics/figures?by=topic,gender,year&language=en";
    let json = mila.get(three).await.unwrap();
    let csv = mila.page(&format!("{three}&format=csv")).await.unwrap();
    let year = text(&json, "/rows/0/piece");
    assert!(csv.contains(&format!("{year} · grooming,1,1")), "{csv}");
    let rows = mila.page("/api/v1/statistics/rows").await.unwrap();
    assert_eq!(
        rows.lines().count(),
        2,
        "as many lines as were registered, and a head"
    );
}
