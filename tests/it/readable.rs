//! Statistics as managers read them: beside the figures stand targets and earlier figures, notes explain what is hidden, returns lead to their
//! contacts, and each file says what it may be used for.

use hotline_core::{
    contact::classification::{Answers, Scheme},
    statistics::comparison::EarlierPeriod,
    text::locale::{Language, Locales},
    time::period::Period,
};
use hotline_reports::tables::{Cell, Table, compare_report, of_report};
use hotline_store::statistics::report::Report;
use hotline_tests::{
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::{
    histories::call,
    store::{World, on_both},
};

/// Days before the fixed day of [`World`], 24 November 2026, that lie in October and in September.
const OCTOBER: i64 = 40;
const SEPTEMBER: i64 = 82;

async fn log(world: &World, days_ago: i64, age: &str, times: usize) {
    let chosen = [("kind", "counselling"), ("age", age)];
    let answers = chosen.map(|(question, answer)| (question.to_owned(), vec![answer.to_owned()]));
    for _ in 0..times {
        let call = call(world, days_ago, Answers::from(answers.clone()));
        world.store.log_call(&world.mila, call).await.unwrap();
    }
}

async fn ages_of_october(world: &World, least: i64) -> (Report, Table) {
    let october = Period::of("2026-10-01".parse().unwrap(), "2026-10-31".parse().unwrap());
    let against = Some(EarlierPeriod::Before);
    let report = world
        .store
        .report_compared(october, least, against)
        .await
        .unwrap();
    let locales = Locales;
    let words = locales.of(Language::En);
    let tables = of_report(words, &Scheme::centre().unwrap(), &report);
    let tables = compare_report(words, &Scheme::centre().unwrap(), &report, tables);
    let ages = tables.into_iter().find(|table| table.id == "ages").unwrap();
    (report, ages)
}

fn cells(table: &Table) -> Vec<(String, Vec<Cell>)> {
    let row = |line: &hotline_reports::tables::Line| (line.label.clone(), line.cells.clone());
    table.rows.iter().map(row).collect()
}

#[tokio::test]
async fn a_table_for_publication_names_what_it_hides_and_compares_nothing_hidden() {
    on_both(async |world: World| {
        log(&world, OCTOBER, "3", 2).await;
        log(&world, OCTOBER, "8", 7).await;
        log(&world, OCTOBER, "15", 9).await;
        log(&world, SEPTEMBER, "8", 6).await;
        log(&world, SEPTEMBER, "15", 5).await;
        let row = |label: &str, cells: [Cell; 3]| (label.to_owned(), cells.to_vec());
        let change = |by, then| Cell::Difference { by, then };
        let (_, exact) = ages_of_october(&world, 0).await;
        assert_eq!(
            cells(&exact),
            [
                row("0-4", [Cell::Count(2), Cell::Count(0), change(2, 0)]),
                row("5-12", [Cell::Count(7), Cell::Count(6), change(1, 6)]),
                row("13-18", [Cell::Count(9), Cell::Count(5), change(4, 5)]),
            ]
        );
        assert_eq!(exact.notes, Vec::<String>::new());
        let (_, published) = ages_of_october(&world, 5).await;
        assert_eq!(
            cells(&published),
            [
                row("0-4", [Cell::Hidden, Cell::Hidden, Cell::Hidden]),
                row("5-12", [Cell::Hidden, Cell::Count(6), Cell::Hidden]),
                row("13-18", [Cell::Count(9), Cell::Count(5), change(4, 5)]),
                row("19-25", [Cell::Hidden, Cell::Hidden, Cell::Hidden]),
            ]
        );
        let note = published.notes.concat();
        assert!(
            note.contains("0-4, 5-12, 19-25") && note.contains("below 5"),
            "{note}"
        );
    })
    .await;
}

#[tokio::test]
async fn ages_in_other_bands_are_not_compared() {
    on_both(async |world: World| {
        // The bands of Insafe changed on 1 January 2025.
        let days = |from: &str, to: &str| Period::of(from.parse().unwrap(), to.parse().unwrap());
        let compared = async |period| {
            let against = Some(EarlierPeriod::YearBefore);
            let report = world.store.report_compared(period, 0, against).await.unwrap();
            report.compared.unwrap().ages.is_some()
        };
        assert!(!compared(days("2025-03-01", "2025-03-31")).await);
        assert!(compared(days("2026-03-01", "2026-03-31")).await);
        let ever = world
            .store
            .report_compared(Period::default(), 0, Some(EarlierPeriod::Before))
            .await
            .unwrap();
        assert_eq!(ever.compared, None, "a period without a beginning");
    })
    .await;
}

/// Returns the links in the cells of tables, each with the figure that it shows.
fn figures(page: &str) -> Vec<(String, String)> {
    let cells = page.split("<td><a href=\"").skip(1);
    let cell = |cell: &str| {
        let (address, rest) = cell.split_once("\">").unwrap();
        let figure = rest.split("</a>").next().unwrap();
        (unescaped(address), figure.to_owned())
    };
    cells.map(cell).collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}

async fn classified(mila: &Staff, service: &Service, words: &str, answers: Value) -> String {
    let (reference, _) = crate::writing::posted(service, words).await;
    mila.until_messages(&reference, 1).await.unwrap();
    let path = format!("/api/v1/contacts/{reference}/wrap-up");
    mila.post(&path, &json!({ "answers": answers })).await.unwrap();
    reference
}

#[tokio::test(flavor = "multi_thread")]
async fn each_figure_of_a_return_leads_to_the_contacts_it_counts() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let manager = service.hire("marko", "manager").await.unwrap();
    let child = json!({
        "kind": ["counselling"], "role": ["child"], "topic": ["suicide"], "gender": ["girl"], "age": ["12"],
    });
    classified(&mila, &service, "prva", child).await;
    let without_topic = json!({ "kind": ["counselling"], "role": ["child"] });
    let without_topic = classified(&mila, &service, "druga", without_topic).await;
    let presentation = json!({ "kind": ["presentation"], "role": ["teacher"] });
    classified(&mila, &service, "treća", presentation).await;
    let (unclassified, _) = crate::writing::posted(&service, "četvrta").await;
    mila.until_contacts(4).await.unwrap();
    for path in [
        "/desk/statistics/returns/insafe?period=quarter",
        "/desk/statistics/returns/chi?period=year",
    ] {
        let page = mila.page(path).await.unwrap();
        let all = figures(&page);
        assert!(all.len() > 8, "{path}: {page}");
        for (address, figure) in &all {
            let list = mila.page(address).await.unwrap();
            assert!(
                list.contains(&format!("data-count=\"{figure}\"")),
                "{address}: {figure}: {list}"
            );
            assert_eq!(
                list.matches("class=\"reference\"").count().to_string(),
                *figure,
                "{address}"
            );
            assert!(!list.contains("another number"), "{address}: {list}");
        }
        assert_eq!(figures(&manager.page(path).await.unwrap()), Vec::new());
    }
    // The reasons why a return is incomplete lead to the contacts that lack something.
    let page = mila
        .page("/desk/statistics/returns/insafe?period=quarter")
        .await
        .unwrap();
    for (reason, reference) in [
        ("1 contact is not classified", &unclassified),
        ("Topic: 1 contact lacks an answer", &without_topic),
        ("wrote: 1 contact lacks an answer", &without_topic),
    ] {
        let (_, rest) = page
            .split_once(reason)
            .unwrap_or_else(|| panic!("{reason}: {page}"));
        let rest = rest.strip_prefix(": <a href=\"").unwrap();
        let list = mila
            .page(&unescaped(rest.split('"').next().unwrap()))
            .await
            .unwrap();
        assert!(list.contains(reference.as_str()), "{reason}: {list}");
        assert_eq!(list.matches("class=\"reference\"").count(), 1, "{reason}: {list}");
    }
    let page = manager
        .page("/desk/statistics/returns/insafe?period=quarter")
        .await
        .unwrap();
    assert!(
        page.contains("lacks an answer") && !page.contains("open the list"),
        "{page}"
    );
    // Programs of staff get the same lists.
    let path = "/api/v1/statistics/contacts?by=counselling,topic,kind&is=yes,-,!presentation%7Cpress";
    let list = mila.get(path).await.unwrap();
    assert_eq!(
        (list.get("count"), text(&list, "/contacts/0/reference")),
        (Some(&json!(1)), without_topic.as_str())
    );
    for wrong in ["by=topic,kind,role,gender&is=-", "of=closing&by=channel&is=-"] {
        let path = format!("/api/v1/statistics/contacts?{wrong}");
        assert!(mila.get(&path).await.is_err(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_stand_beside_their_targets_on_the_page_and_in_files() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let urgent = json!({ "kind": ["counselling"], "topic": ["suicide"], "urgency": ["danger"] });
    let reference = classified(&mila, &service, "prva", urgent).await;
    let path = format!("/api/v1/contacts/{reference}");
    mila.post(&format!("{path}/claim"), &json!({})).await.unwrap();
    mila.reply(&reference, "odgovor").await.unwrap();
    let page = mila.page("/desk/statistics?period=month").await.unwrap();
    for said in [
        "First-reply target, ordinary",
        "4 hours",
        "First-reply target, in immediate danger",
        "2 min",
        "First replies in time, of all due",
        "100.0 %",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let csv = "/api/v1/statistics/report?period=month&format=csv&language=en";
    let csv = mila.page(csv).await.unwrap();
    for line in [
        "First reply,\"First-reply target, ordinary, minutes\",Total,240",
        "First reply,\"First replies in time, of all due\",Total,1.000",
        "Reply targets,\"In immediate danger, first reply\",\"Target, minutes\",2",
    ] {
        assert!(csv.contains(line), "{line}: {csv}");
    }
    let narrative = "/desk/statistics/narrative?period=month&answering=yes";
    let narrative = mila.page(narrative).await.unwrap();
    let sentence = "The target for a first reply is 4 hours for ordinary contacts, 30 min for urgent contacts, \
                    2 min for people in immediate danger.";
    assert!(narrative.contains(sentence), "{narrative}");
    let targets = mila.get("/api/v1/statistics/report?period=month").await.unwrap();
    assert_eq!(targets.pointer("/reply_targets/2/first_minutes"), Some(&json!(2)));
    // Wherever the highest urgency is named, it has the same name.
    for text in [&page, &csv, &narrative] {
        let named = text.to_lowercase();
        assert!(named.contains("in immediate danger"), "{text}");
        assert_eq!(
            named.matches("immediate danger").count(),
            named.matches("in immediate danger").count(),
            "{text}"
        );
        assert!(!named.contains(" in danger"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_says_first_what_it_may_be_used_for() {
    let mut service = Service::new(None).unwrap();
    service.fix_clock().unwrap();
    // Without a contact in that time, there is nothing to compare with.
    service.set_clock("@2025-10-01 09:00:00").unwrap();
    service.start().await.unwrap();
    let mila = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "pre godinu dana").await;
    mila.until_messages(&reference, 1).await.unwrap();
    service.stop();
    service.fix_clock().unwrap();
    service.start().await.unwrap();
    let mila = service.log_in("mila").await.unwrap();
    let answers = json!({ "kind": ["counselling"], "topic": ["grooming"] });
    classified(&mila, &service, "prva", answers).await;
    let page = mila
        .page("/desk/statistics?period=month&by=topic&against=year_before")
        .await
        .unwrap();
    assert!(page.contains("A year before"), "{page}");
    for (group, purpose) in [
        ("For us (exact)", "publication=no"),
        ("For publication (small figures suppressed)", "publication=yes"),
    ] {
        // A group of files of the whole report, and one of the table by topic.
        assert_eq!(page.matches(&format!("<h3>{group}</h3>")).count(), 2, "{page}");
        assert!(page.contains(purpose), "{page}");
    }
    let links = page.split("href=\"/api/v1/statistics/").skip(1);
    let links: Vec<String> = links
        .map(|link| unescaped(link.split('"').next().unwrap()))
        .collect();
    assert!(links.len() >= 12, "{links:?}");
    for link in links {
        let path = format!("/api/v1/statistics/{link}&language=en");
        let bytes = mila.bytes(&path).await.unwrap();
        let (name, said) = match link.contains("publication=yes") {
            true => ("publication", "Use;for publication"),
            false => ("internal", "exact figures for internal use, not for publication"),
        };
        if link.contains("format=xlsx") {
            assert!(bytes.starts_with(b"PK"), "{link}");
            continue;
        }
        let file = String::from_utf8(bytes).unwrap();
        if link.contains("format=csv") || link.starts_with("rows") {
            let first: Vec<&str> = file.lines().take(4).collect();
            assert!(first.iter().any(|line| line.contains(said)), "{link}: {file}");
            assert!(
                file.contains("Compared with") != link.starts_with("rows"),
                "{link}: {file}"
            );
        } else {
            assert!(
                file.starts_with(&format!("{{\"purpose\":\"{name}\"")),
                "{link}: {file}"
            );
        }
    }
}
