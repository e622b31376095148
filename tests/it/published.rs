//! The centre's published figures appear exactly on the page, in the API, in files, in a spreadsheet and on paper.

use std::{collections::BTreeMap, process::Command};

use hotline_tests::{
    peers::browser::Browser,
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::screens::{broken, for_machines, printed as paper};

/// A mail line for the mails of the fixtures. No mail server runs for this line.
pub(crate) const MAIL: &str = r#"
[lines.mail]
channel = "email"
address = "kontakt@example.org"
acknowledge = false
[lines.mail.imap]
host = "127.0.0.1"
port = 1
security = "plain"
user = "kontakt"
password = "kontakt"
[lines.mail.smtp]
host = "127.0.0.1"
port = 1
security = "plain"
"#;

/// Figures of a table by row label.
type Table = BTreeMap<String, Vec<i64>>;

/// Returns the tables of a page by their names. The page must have numbers in English format.
fn tables_of(page: &str) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for part in page.split("<table class=\"figures\" id=\"t-").skip(1) {
        let (name, rest) = part.split_once('"').unwrap();
        let body = rest.split("</table>").next().unwrap();
        let mut table = Table::new();
        for row in body.split("<tr>").skip(2) {
            let cells: Vec<String> = row
                .split("<t")
                .skip(1)
                .map(|cell| {
                    cell.split_once('>')
                        .map_or("", |(_, text)| text)
                        .split('<')
                        .next()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            let numbers = cells.iter().skip(1).filter_map(|cell| number_in(cell));
            // The page formats intervals for people; `data-label` has the id that files and programs use.
            let named = row
                .split_once("data-label=\"")
                .and_then(|(_, rest)| rest.split('"').next());
            table.insert(unescaped(named.unwrap_or(&cells[0])), numbers.collect());
        }
        tables.insert(name.to_owned(), table);
    }
    tables
}

fn unescaped(text: &str) -> String {
    text.replace("&#39;", "'")
        .replace("&amp;", "&")
        .replace("&#38;", "&")
}

async fn report(manager: &Staff, period: &str) -> Value {
    manager
        .get(&format!("/api/v1/statistics/report?{period}"))
        .await
        .unwrap()
}

fn at(report: &Value, pointer: &str) -> i64 {
    report.pointer(pointer).and_then(Value::as_i64).unwrap()
}

/// The reports whose page, files and paper are compared, each with the query of its period and comparison.
const REPORTS: [&str; 3] = [
    "period=2023&against=before",
    "from=2024-01-01&to=2024-04-30&against=before",
    "period=ever&against=before",
];

/// Opens workbooks in a spreadsheet program and saves each sheet as CSV. Returns the rows of each workbook by sheet name. The program starts
/// only once, because starting takes longer than converting.
fn opened_by_libreoffice(books: &[Vec<u8>]) -> Vec<BTreeMap<String, Table>> {
    let folder = tempfile::tempdir().unwrap();
    let file = |number: usize| folder.path().join(format!("book{number}.xlsx"));
    for (number, bytes) in books.iter().enumerate() {
        std::fs::write(file(number), bytes).unwrap();
    }
    let output = Command::new("timeout")
        .arg("120")
        .arg("soffice")
        .arg(format!(
            "-env:UserInstallation=file://{}/profile",
            folder.path().display()
        ))
        .args(["--headless", "--convert-to"])
        .arg("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1")
        .arg("--outdir")
        .arg(folder.path())
        .args((0..books.len()).map(file))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut opened = vec![BTreeMap::new(); books.len()];
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let sheet = name
            .strip_prefix("book")
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(number, sheet)| Some((number.parse::<usize>().ok()?, sheet)));
        let Some((number, sheet)) = sheet else {
            continue;
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(&path)
            .unwrap();
        let mut table = Table::new();
        for row in reader.records() {
            let row = row.unwrap();
            assert!(
                !row.iter()
                    .any(|cell| cell.starts_with('=') || cell.contains("Err:")),
                "{row:?}"
            );
            table.insert(
                row[0].to_owned(),
                row.iter().skip(1).filter_map(number_in).collect(),
            );
        }
        opened[number].insert(sheet.to_owned(), table);
    }
    opened
}

/// Returns the number that a cell shows. A difference such as `+790 (+40 %)` is the number before the percentage.
fn number_in(cell: &str) -> Option<i64> {
    let number = cell.split(" (").next()?;
    number.replace(',', "").replace('−', "-").parse().ok()
}

/// Returns the total of a row. In a compared table, the earlier total and the difference follow it.
fn total_in(figures: &[i64], is_compared: bool) -> i64 {
    figures[figures.len() - if is_compared { 3 } else { 1 }]
}

/// Returns a period's CSV: figures by table, row and column.
async fn csv_of(manager: &Staff, period: &str) -> BTreeMap<(String, String, String), i64> {
    let path = format!("/api/v1/statistics/report?{period}&format=csv&language=en");
    let bytes = manager.bytes(&path).await.unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let rows = reader.records().map(|row| row.unwrap());
    rows.filter_map(|row| {
        Some((
            (row[0].into(), row[1].into(), row[2].into()),
            row[3].parse().ok()?,
        ))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_figures_stand_on_the_page_in_every_file_and_on_paper() {
    let mut service = Service::with_lines(None, MAIL).unwrap();
    service.must(&["fixtures"]).unwrap();
    service.must(&["statistics", "verify"]).unwrap();
    service.start().await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();

    let of_2023 = report(&manager, "period=2023").await;
    for (pointer, figure) in [
        ("/ever/total", 28_205),
        ("/ever/registered", 4_869),
        ("/ever/opening_balance", 23_336),
        ("/ever/cases/forwarded/total", 555),
        ("/until_end/total", 26_126),
        ("/period/total", 2_790),
        ("/period/cases/total", 605),
        ("/period/cases/advisory/total", 570),
        ("/period/cases/forwarded/total", 35),
        ("/flow/opened", 2_790),
        ("/outreach/events", 120),
        ("/outreach/students", 7_803),
        ("/outreach/parents", 1_097),
        ("/outreach/teachers", 302),
    ] {
        assert_eq!(at(&of_2023, pointer), figure, "{pointer}");
    }
    let said = manager
        .get("/api/v1/statistics/sentences?period=2023&language=en")
        .await
        .unwrap();
    let words = "until 31.12.2023., the centre registered 26,126 communications";
    assert!(said.to_string().contains(words), "{said}");
    let of_2024 = report(&manager, "from=2024-01-01&to=2024-04-30").await;
    assert_eq!(at(&of_2024, "/period/total"), 2_079);
    let channels = json!([
        { "name": "telephone", "total": 1_683, "registered": 1_683, "opening_balance": 0, "corrections": 0 },
        { "name": "email", "total": 396, "registered": 396, "opening_balance": 0, "corrections": 0 },
    ]);
    assert_eq!(of_2024.pointer("/period/channels"), Some(&channels));
    assert_eq!(at(&of_2024, "/period/cases/total"), 361);
    assert_eq!(at(&of_2024, "/period/cases/advisory/total"), 344);
    assert_eq!(at(&of_2024, "/period/cases/forwarded/total"), 17);
    let ever = report(&manager, "period=ever").await;
    assert_eq!(
        ever.get("until_end"),
        Some(&Value::Null),
        "the period is not over"
    );
    let of = |list: &str, key: &str, name: &str| -> Value {
        let all = ever.pointer(list).and_then(Value::as_array).unwrap();
        let found = all.iter().find(|one| one.get(key) == Some(&json!(name)));
        found.unwrap().clone()
    };
    let sent_to = |name| at(&of("/period/cases/institutions", "name", name), "/total");
    let others: i64 = ["social_work", "education", "health"]
        .into_iter()
        .map(sent_to)
        .sum();
    assert_eq!(
        (sent_to("mup"), sent_to("high_tech_crime"), others),
        (289, 137, 129)
    );
    let primary = of("/outreach/schools", "kind", "primary");
    let primary =
        ["/presentations", "/schools", "/students", "/parents"].map(|pointer| at(&primary, pointer));
    assert_eq!(primary, [462, 143, 16_540, 5_374]);
    assert_eq!(at(&of("/outreach/schools", "kind", "secondary"), "/schools"), 19);
    assert_eq!(at(&of("/outreach/kinds", "kind", "webinar"), "/events"), 12);
    let said = manager
        .get("/api/v1/statistics/sentences?period=ever&language=en")
        .await
        .unwrap();
    let said = said.to_string();
    for words in [
        "28,205 communications by telephone",
        "462 presentations in 143 primary schools reached 16,540 students and 5,374 parents",
        "19 secondary schools",
        "12 webinars",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = manager
        .get("/api/v1/statistics/sentences?period=ever&language=sr-Cyrl")
        .await
        .unwrap();
    let words = "Одржано је 462 презентације у 143 основне школе за 16.540 ученика и 5.374 родитеља.";
    assert!(said.to_string().contains(words), "{said}");

    // The spreadsheet program opens the workbooks while the browser prints the pages.
    let mut books = Vec::new();
    for report in REPORTS {
        let path = format!("/api/v1/statistics/report?{report}&format=xlsx&language=en");
        books.push(manager.bytes(&path).await.unwrap());
    }
    let opened = tokio::task::spawn_blocking(move || opened_by_libreoffice(&books));
    printed(&service).await;
    for (report, sheets) in REPORTS.into_iter().zip(opened.await.unwrap()) {
        compare_page_with_files(&manager, report, &sheets).await;
    }
    let public = reqwest::get(format!("{}/api/v1/public/total", service.base()));
    let public: Value = public.await.unwrap().json().await.unwrap();
    assert_eq!(public.get("total"), Some(&json!(28_205)));
    let printed_json = service
        .must(&["statistics", "--period", "2023", "--format", "json"])
        .unwrap();
    assert!(printed_json.contains("\"total\": 2790"), "{printed_json}");
}

/// Checks that the page, the CSV file and the workbook of a report contain the same tables.
async fn compare_page_with_files(manager: &Staff, period: &str, sheets: &BTreeMap<String, Table>) {
    let html = manager.page(&format!("/desk/statistics?{period}")).await.unwrap();
    let page = tables_of(&html);
    let csv = csv_of(manager, period).await;
    let json = report(manager, period).await;
    let is_compared = json.get("compared").is_some_and(Value::is_object);
    let total = at(&json, "/period/total");
    assert!(html.contains(&format!("data-total=\"{total}\"")), "{period}");
    let of_channels = page["channels"].iter().filter(|(row, _)| *row != "Total");
    let sum: i64 = of_channels
        .map(|(_, figures)| total_in(figures, is_compared))
        .sum();
    assert_eq!(sum, total, "{period}");
    let in_sheet = total_in(&sheets["By channel"]["Total"], is_compared);
    assert_eq!(in_sheet, total, "{period}");
    let place = |table: &str, row: &str, column: &str| csv[&(table.into(), row.into(), column.into())];
    assert_eq!(place("By channel", "Total", "Total"), total, "{period}");
    if is_compared {
        let before = at(&json, "/before/total");
        assert_eq!(place("By channel", "Total", "Period before"), before, "{period}");
        assert_eq!(
            place("By channel", "Total", "Difference"),
            total - before,
            "{period}"
        );
    }
    let cases = at(&json, "/period/cases/total");
    assert_eq!(
        total_in(&page["cases"]["All cases"], is_compared),
        cases,
        "{period}"
    );
    assert_eq!(place("Cases", "All cases", "Total"), cases, "{period}");
    assert!(
        sheets["Cover"].contains_key("What counts as one"),
        "{:?}",
        sheets["Cover"]
    );
    for (name, sheet) in [
        ("channels", "By channel"),
        ("cases", "Cases"),
        ("over_time", "Over time, by channel"),
        ("topics", "Topics"),
        ("hours", "Hours of the week"),
        ("counselling", "Counselling"),
        ("outreach", "Outreach"),
        ("schools", "By kind of school"),
    ] {
        let Some(on_page) = page.get(name).filter(|table| !table.is_empty()) else {
            continue;
        };
        let of_one_dimension = ["channels", "cases", "topics", "counselling"].contains(&name);
        for (row, figures) in on_page {
            let in_sheet = &sheets[sheet][row];
            // The page leaves out columns that repeat the total.
            if in_sheet.len() > figures.len() {
                let same = if is_compared && of_one_dimension { 3 } else { 1 };
                let last = |figures: &[i64]| figures[figures.len() - same..].to_vec();
                assert_eq!(last(in_sheet), last(figures), "{period}: {sheet}: {row}");
                continue;
            }
            assert_eq!(in_sheet, figures, "{period}: {sheet}: {row}");
            let of_row = csv
                .iter()
                .filter(|((table, label, _), _)| table == sheet && label == row);
            let in_csv: i64 = of_row.map(|(_, figure)| figure).sum();
            assert_eq!(in_csv, figures.iter().sum::<i64>(), "{period}: {sheet}: {row}");
        }
    }
    // The rows of the sheet add up to its total.
    let sheet = &sheets["Over time, by channel"];
    let pieces = sheet.iter().filter(|(piece, _)| piece.starts_with("20"));
    let sum: i64 = pieces.filter_map(|(_, figures)| figures.last()).sum();
    assert_eq!(sum, at(&json, "/period/registered"), "{period}");
}

/// Checks that the printed page contains the same figures on one sheet of paper.
async fn printed(service: &Service) {
    let browser = Browser::start().await.unwrap();
    let client = browser.client();
    crate::pages::log_in_as(client, service, "marko", "en").await;
    for (query, figures) in [
        (
            "period=2023",
            [
                "28,205", "2,790", "605", "570", "35", "120", "7,803", "1,097", "302",
            ]
            .as_slice(),
        ),
        (
            "from=2024-01-01&to=2024-04-30",
            &["28,205", "2,079", "1,683", "396", "361", "344", "17"],
        ),
        (
            "period=ever",
            &[
                "28,205", "555", "289", "137", "462", "143", "16,540", "5,374", "19", "12",
            ],
        ),
    ] {
        client
            .goto(&format!("{}/desk/statistics?{query}", service.base()))
            .await
            .unwrap();
        assert_eq!(browser.axe().await.unwrap(), json!([]), "{query}");
        browser
            .pictures(&format!("statistics-{}", query.replace(['=', '&'], "-")))
            .await
            .unwrap();
        let (said, pages) = paper(client, &format!("report-{query}")).await;
        for figure in figures {
            assert!(said.contains(figure), "{query}: {figure}: {said}");
        }
        assert_eq!(pages, 1, "{query}: it is more than one page: {said}");
        // The longer Serbian words still fit on one page, and no word is broken.
        let address = format!("{}/desk/statistics?{query}", service.base());
        client
            .execute("document.cookie = 'language=sr-Cyrl; path=/desk'", vec![])
            .await
            .unwrap();
        client.goto(&address).await.unwrap();
        let (said, pages) = paper(client, &format!("report-sr-{query}")).await;
        assert_eq!(pages, 1, "{query}: it is more than one page: {said}");
        assert_eq!(broken(client, &said).await, Vec::<String>::new(), "{query}");
        assert_eq!(for_machines(&said), Vec::<&str>::new(), "{query}");
        client
            .execute("document.cookie = 'language=en; path=/desk'", vec![])
            .await
            .unwrap();
    }
    for path in [
        "/desk/statistics/returns/insafe?period=2024-Q1",
        "/desk/outreach?period=2023",
        "/total",
    ] {
        client.goto(&format!("{}{path}", service.base())).await.unwrap();
        assert_eq!(browser.axe().await.unwrap(), json!([]), "{path}");
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_entered_is_tried_summed_shown_apart_and_withdrawn() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let counsellor = service.hire("mila", "counsellor").await.unwrap();
    let entries = "/api/v1/statistics/entries";
    let before = json!({
        "what": "contact:telephone", "from": "2017-02-27", "to": "2022-12-31", "count": 100, "source": "Izveštaj",
    });
    let refused = counsellor.post(entries, &before).await.unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");
    manager.post(entries, &before).await.unwrap();
    let twice = manager.post(entries, &before).await.unwrap_err();
    assert!(
        twice
            .to_string()
            .contains("figures for some of these days already"),
        "{twice}"
    );
    let correction = json!({
        "what": "contact:telephone", "from": "2020-01-01", "to": "2020-01-31", "count": -7, "source": "Izveštaj", "correction": true,
    });
    let why = manager.post(entries, &correction).await.unwrap_err();
    assert!(why.to_string().contains("says why"), "{why}");
    let mut said_why = correction.clone();
    said_why["reason"] = json!("dva puta izbrojano");
    manager.post(entries, &said_why).await.unwrap();
    let nothing = json!({
        "what": "contact:pigeon", "from": "2017-02-27", "to": "2022-12-31", "count": 1, "source": "x",
    });
    assert!(manager.post(entries, &nothing).await.is_err());
    let totals = manager.get("/api/v1/statistics/totals").await.unwrap();
    let sum =
        ["/total", "/registered", "/opening_balance", "/corrections"].map(|pointer| at(&totals, pointer));
    assert_eq!(sum, [93, 0, 100, -7]);
    let of_2020 = manager
        .get("/api/v1/statistics/totals?period=2020")
        .await
        .unwrap();
    assert_eq!(
        (at(&of_2020, "/total"), at(&of_2020, "/left_out")),
        (-7, 1),
        "said, not hidden"
    );

    let csv = "of,value,from,to,count,source\ncontact,email,2017-02-27,2022-12-31,50,\"Izveštaj, štampan\"\ncase,mup,2017-02-27,2022-12-31,5,x\n";
    let tried = manager
        .post(
            &format!("{entries}/import"),
            &json!({ "csv": csv, "dry_run": true }),
        )
        .await
        .unwrap();
    assert_eq!(tried.get("entered"), Some(&json!(false)));
    assert_eq!(
        at(&manager.get("/api/v1/statistics/totals").await.unwrap(), "/total"),
        93
    );
    let wrong = format!("{csv}contact,email,2020-01-01,2020-12-31,3,x\n");
    let wrong = manager
        .post(&format!("{entries}/import"), &json!({ "csv": wrong }))
        .await
        .unwrap();
    assert_eq!(wrong.get("entered"), Some(&json!(false)), "all or nothing");
    assert!(text(&wrong, "/rows/2/wrong").contains("already"), "{wrong}");
    let file = service.folder().join("register.csv");
    std::fs::write(&file, csv).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let said = service
        .must(&["statistics", "import", &file, "--dry-run"])
        .unwrap();
    assert!(said.contains("These 2 would be entered; nothing was."), "{said}");
    service.must(&["statistics", "import", &file]).unwrap();
    let totals = manager.get("/api/v1/statistics/totals").await.unwrap();
    assert_eq!((at(&totals, "/total"), at(&totals, "/cases/total")), (143, 5));

    let all = manager.get(entries).await.unwrap();
    let all = all.get("entries").and_then(Value::as_array).unwrap();
    let wrong = all
        .iter()
        .find(|one| one.get("correction") == Some(&json!(true)))
        .unwrap();
    let withdraw = format!("{entries}/{}/withdraw", text(wrong, "/id"));
    manager.post(&withdraw, &json!({})).await.unwrap();
    assert!(manager.post(&withdraw, &json!({})).await.is_err(), "once");
    assert_eq!(
        at(&manager.get("/api/v1/statistics/totals").await.unwrap(), "/total"),
        150
    );
    let page = manager.page("/desk/statistics?period=ever").await.unwrap();
    assert!(
        page.contains("withdrawn") && page.contains("dva puta izbrojano"),
        "it stays to be seen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reads_figures_and_nothing_else_until_it_is_ended() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Neko mi preti").await;
    mila.until_contacts(1).await.unwrap();
    let made = manager
        .post("/api/v1/statistics/tokens", &json!({ "name": "sajt" }))
        .await
        .unwrap();
    let token = text(&made, "/token").to_owned();
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(60))
        .build()
        .unwrap();
    let status = async |path: &str| {
        let address = format!("{}{path}", service.base());
        let answer = client.get(address).bearer_auth(&token).send().await.unwrap();
        answer.status().as_u16()
    };
    for path in [
        "totals",
        "figures?by=channel",
        "report",
        "report?format=xlsx",
        "rows",
        "returns",
        "sentences",
    ] {
        assert_eq!(status(&format!("/api/v1/statistics/{path}")).await, 200, "{path}");
    }
    for path in [
        "/api/v1/inbox",
        "/api/v1/me",
        "/api/v1/statistics/tokens",
        "/api/v1/statistics/returns/insafe",
        "/api/v1/outreach/educators",
        "/api/v1/cases",
    ] {
        assert_eq!(status(path).await, 401, "{path}");
    }
    assert_eq!(status("/desk/statistics").await, 200, "sent to the log-in");
    let write = client
        .post(format!("{}/api/v1/statistics/entries", service.base()))
        .bearer_auth(&token)
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(write.status().as_u16(), 401);
    let rows = client.get(format!("{}/api/v1/statistics/rows", service.base()));
    let rows = rows
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    assert!(rows.contains("webform") && !rows.contains("preti"), "{rows}");
    let head = rows.lines().next().unwrap();
    assert_eq!(
        head, "day,answered,channel,counselling,first_reply,hour,weekday",
        "nothing that tells of a person"
    );
    let of_mila = mila.page("/api/v1/statistics/rows").await.unwrap();
    assert!(
        of_mila.contains(",topic,"),
        "who reads what they wrote has it whole"
    );
    for (staff, query) in [(&manager, ""), (&mila, "?publication=yes")] {
        let rows = staff
            .page(&format!("/api/v1/statistics/rows{query}"))
            .await
            .unwrap();
        assert!(!rows.contains(",topic,"), "{query}: {rows}");
    }
    let answers = json!({ "answers": { "topic": ["grooming"], "urgency": ["danger"] } });
    let wrap_up = format!("/api/v1/contacts/{reference}/wrap-up");
    mila.post(&wrap_up, &answers).await.unwrap();
    let by_token = async |path: &str| -> Value {
        let address = format!("{}/api/v1/statistics/{path}", service.base());
        let answer = client.get(address).bearer_auth(&token).send().await.unwrap();
        answer.json().await.unwrap()
    };
    for publication in ["", "&publication=no", "&publication=yes"] {
        let found = by_token(&format!("figures?by=topic{publication}")).await;
        assert_eq!(found.get("rows"), Some(&json!([])), "{publication}: {found}");
        let report = by_token(&format!("report?period=year{publication}")).await;
        let suppressed = report.pointer("/topics/hidden_below");
        assert_eq!(suppressed, Some(&json!(5)), "{publication}: {report}");
        let alarms = report.pointer("/care/alarms");
        assert_eq!(alarms, Some(&Value::Null), "{publication}: {report}");
    }
    let report = manager
        .get("/api/v1/statistics/report?period=year")
        .await
        .unwrap();
    assert_eq!(report.pointer("/topics/hidden_below"), None, "staff read exactly");
    assert_eq!(report.pointer("/topics/rows/0/count"), Some(&json!(1)));
    let all = manager.get("/api/v1/statistics/tokens").await.unwrap();
    assert!(!all.to_string().contains(&token), "the token itself is not kept");
    let end = format!("/api/v1/statistics/tokens/{}/end", text(&all, "/tokens/0/id"));
    manager.post(&end, &json!({})).await.unwrap();
    assert_eq!(status("/api/v1/statistics/totals").await, 401);
    let made = manager
        .post("/api/v1/statistics/tokens", &json!({ "name": "table" }))
        .await
        .unwrap();
    let copied = text(&made, "/token");
    let reads = async || {
        let totals = client.get(format!("{}/api/v1/statistics/totals", service.base()));
        totals.bearer_auth(copied).send().await.unwrap().status().as_u16()
    };
    assert_eq!(reads().await, 200);
    service.must(&["staff", "disable", "marko"]).unwrap();
    assert_eq!(reads().await, 401, "it ends with whoever made it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_says_what_is_missing_and_a_request_for_a_presentation_becomes_a_planned_event() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "Molimo za predavanje").await;
    mila.until_messages(&reference, 1).await.unwrap();
    let filled = mila
        .get("/api/v1/statistics/returns/insafe?period=quarter")
        .await
        .unwrap();
    assert_eq!(filled.get("complete"), Some(&json!(false)));
    assert_eq!(at(&filled, "/return/not_classified"), 1);
    for period in ["", "?period=quarter"] {
        let path = format!("/api/v1/statistics/returns/insafe{period}");
        manager.get(&path).await.unwrap();
    }
    let answers = json!({ "answers": {
        "kind": ["presentation"], "role": ["teacher"], "outcome": ["resources"],
    } });
    mila.post(&format!("/api/v1/contacts/{reference}/wrap-up"), &answers)
        .await
        .unwrap();
    let filled = mila
        .get("/api/v1/statistics/returns/insafe?period=quarter")
        .await
        .unwrap();
    assert_eq!(filled.get("complete"), Some(&json!(true)), "{filled}");
    let not_asked = at(&filled, "/return/tables/0/not_asked");
    assert_eq!(not_asked, 1, "a request for a presentation has no topic");

    let events = mila.get("/api/v1/outreach").await.unwrap();
    assert_eq!(text(&events, "/events/0/state"), "planned");
    assert_eq!(text(&events, "/events/0/asked_by"), reference);
    let contact = mila.contact(&reference).await.unwrap();
    assert_eq!(contact.pointer("/events/0"), events.pointer("/events/0/id"));
    // The event is recorded as held. Two more events name the same school in other spellings.
    let event = |id: &str, school: &str| {
        json!({
            "id": id, "kind": "presentation", "state": "held", "day": "2026-01-15", "school_name": school, "school_kind": "primary",
            "students": 30, "presenter": "Mila",
        })
    };
    let first = text(&events, "/events/0/id").to_owned();
    mila.post("/api/v1/outreach", &event(&first, "ОШ Вук Караџић"))
        .await
        .unwrap();
    mila.post("/api/v1/outreach", &event("", "OŠ Vuk Karadžić"))
        .await
        .unwrap();
    mila.post("/api/v1/outreach", &event("", "Vuk Karadžić"))
        .await
        .unwrap();
    let path = "/api/v1/outreach?period=2026";
    let totals = |events: &Value| {
        ["/totals/events", "/totals/students", "/totals/schools/0/schools"].map(|pointer| at(events, pointer))
    };
    assert_eq!(
        totals(&mila.get(path).await.unwrap()),
        [3, 90, 2],
        "one name in two scripts is one school"
    );
    let schools = mila.get("/api/v1/outreach/schools").await.unwrap();
    let id = |place: usize| schools.pointer(&format!("/schools/{place}/id")).cloned().unwrap();
    mila.post("/api/v1/outreach/merge", &json!({ "one": id(1), "into": id(0) }))
        .await
        .unwrap();
    assert_eq!(totals(&mila.get(path).await.unwrap()), [3, 90, 1]);
    let events = mila.get(path).await.unwrap();
    for event in events.pointer("/events").and_then(Value::as_array).unwrap() {
        let form = mila
            .page(&format!("/desk/outreach?edit={}", text(event, "/id")))
            .await
            .unwrap();
        let chosen = format!("<option value=\"{}\" selected>", id(0).as_str().unwrap());
        assert!(
            form.contains(&chosen),
            "whoever edits it finds the school it was merged into"
        );
    }
    let mut workshop = event("", "Škola druga");
    workshop["kind"] = json!("workshop");
    mila.post("/api/v1/outreach", &workshop).await.unwrap();
    let said = mila
        .get("/api/v1/statistics/sentences?period=2026&language=en")
        .await
        .unwrap();
    assert!(
        said.to_string()
            .contains("3 presentations in 1 primary school reached 90 students"),
        "a workshop is no presentation: {said}"
    );
    let mut wrong = event("", "Škola");
    wrong["day"] = json!("");
    let refused = mila.post("/api/v1/outreach", &wrong).await.unwrap_err();
    assert!(refused.to_string().contains("held on a day"), "{refused}");
    // The events that a peer educator led are counted.
    let ana = mila
        .post("/api/v1/outreach/educators", &json!({ "name": "Ana" }))
        .await
        .unwrap();
    let mut led = event("", "ОШ Вук Караџић");
    led["educators"] = json!([format!("{}:led", text(&ana, "/id"))]);
    mila.post("/api/v1/outreach", &led).await.unwrap();
    let educators = mila.get("/api/v1/outreach/educators").await.unwrap();
    assert_eq!(
        (
            at(&educators, "/educators/0/led"),
            at(&educators, "/educators/0/reached")
        ),
        (1, 30)
    );
    // A manager reads the totals, but not the presenter, the requesting contact or the educators.
    let seen = manager.get(path).await.unwrap().to_string();
    let page = manager.page("/desk/outreach?period=2026").await.unwrap();
    for hidden in ["Mila", "Ana", reference.as_str()] {
        assert!(
            !seen.contains(hidden) && !page.contains(&format!(">{hidden}<")),
            "{hidden}"
        );
    }
    assert!(manager.get("/api/v1/outreach/educators").await.is_err());
}
