//! Wrap-up questions that supervisors and administrators change on screen.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::{
    contact::classification::{
        Answers, Label, Scheme,
        edit::{AnswerFormat, SchemeEdit},
    },
    identifiers::reference::Reference,
    staff::rights::Role,
    statistics::figures::Measure,
    time::period::Period,
};
use hotline_store::{
    db::store::Store,
    error::{Conflict, StoreError},
    inbox::list::{Filter, View},
    staff::{accounts::StaffMember, canned::CannedContent},
    statistics::counts::StatisticsFilter,
};
use hotline_tests::{
    peers::wait_until,
    service::Service,
    staff::{Staff, text},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    admin::{audited, started},
    schedules::send,
    store::{World, mail, on_both, second_store},
};

const SCHEME: &str = "/api/v1/admin/scheme";

async fn supervisor(world: &World) -> StaffMember {
    let password = "another long password".to_owned().into();
    let store = &world.store;
    store
        .add_staff("vera", "Vera", Role::Supervisor, &password)
        .await
        .unwrap()
}

fn label(en: &str) -> Label {
    Label {
        sr: format!("Ш {en}"),
        en: en.to_owned(),
    }
}

fn add_answer(question: &str, en: &str, counselling: bool) -> SchemeEdit {
    SchemeEdit::AddAnswer {
        question: question.to_owned(),
        label: label(en),
        counselling,
    }
}

fn retire_answer(question: &str, answer: &str) -> SchemeEdit {
    SchemeEdit::RetireAnswer {
        question: question.to_owned(),
        answer: answer.to_owned(),
    }
}

fn answers(of: &[(&str, &str)]) -> Answers {
    let one = |(question, answer): &(&str, &str)| ((*question).to_owned(), vec![(*answer).to_owned()]);
    of.iter().map(one).collect()
}

/// Edits a draft and puts it into force. Returns the number of the version.
async fn put_in_force(store: &Store, who: &StaffMember, edits: &[SchemeEdit]) -> u32 {
    let mut draft = store.begin_scheme_draft(who).await.unwrap();
    for edit in edits {
        let edited = draft.scheme.edited(edit, &store.scheme()).unwrap();
        draft.revision = store
            .save_scheme_draft(who, draft.revision, &edited)
            .await
            .unwrap();
        draft.scheme = edited;
    }
    store
        .put_scheme_in_force(who, draft.revision, "a new question of the ministry")
        .await
        .unwrap()
}

/// Returns the contact that is not in the list.
async fn newest(world: &World, known: &[Reference]) -> Reference {
    let rows = world
        .store
        .inbox(View::All, &Filter::default(), world.mila.id, None, 10)
        .await;
    let rows = rows.unwrap().rows;
    let mut references = rows.iter().map(|row| row.reference);
    references.find(|reference| !known.contains(reference)).unwrap()
}

async fn by_topic(store: &Store) -> BTreeMap<String, i64> {
    let filter = StatisticsFilter::parse(Measure::Contact, Period::default(), "topic").unwrap();
    let rows = store.breakdown(&filter).await.unwrap().rows.into_iter();
    rows.map(|row| (row.values.concat(), row.count)).collect()
}

fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Conflict {
    let error = result.unwrap_err();
    let StoreError::Conflict(why) = error else {
        panic!("{error}");
    };
    why
}

#[tokio::test]
async fn a_version_put_into_force_applies_in_every_process() {
    on_both(async |world| {
        let vera = supervisor(&world).await;
        let store = &world.store;
        let other = second_store(&world).await;
        let following = tokio::spawn(other.clone().follow());
        let new = [
            retire_answer("topic", "gaming"),
            add_answer("topic", "Deepfake", true),
        ];
        assert_eq!(put_in_force(store, &vera, &new).await, 4);
        let knows = |store: &Store| {
            store
                .scheme()
                .question("topic")
                .unwrap()
                .answer("deepfake")
                .is_some()
        };
        assert!(knows(store));
        wait_until(Duration::from_secs(10), || async { knows(&other) })
            .await
            .unwrap();
        following.abort();
        assert!(knows(second_store(&world).await.as_ref()), "after a start");
        let versions = store.scheme_versions().await.unwrap();
        assert_eq!((versions.len(), versions[0].scheme.version), (1, 4));
        assert_eq!(versions[0].note, "a new question of the ministry");
        assert_eq!(
            versions[0].scheme,
            *store.scheme(),
            "the stored text is the whole scheme"
        );
        assert!(store.scheme_draft().await.unwrap().is_none());
        assert_eq!(
            put_in_force(&other, &vera, &[retire_answer("topic", "deepfake")]).await,
            5
        );
    })
    .await;
}

#[tokio::test]
async fn contacts_keep_their_answers_and_figures_after_a_new_version() {
    on_both(async |world| {
        let vera = supervisor(&world).await;
        let store = &world.store;
        let mut references = Vec::new();
        for (id, topic) in [("1", "gaming"), ("2", "gaming"), ("3", "violence")] {
            let from = format!("{topic}{id}@example.org");
            world
                .arrives(id, mail(&from, &format!("{id}@x"), "help", vec![]))
                .await;
            let reference = newest(&world, &references).await;
            references.push(reference);
            let given = answers(&[("kind", "counselling"), ("topic", topic)]);
            store.classify(&vera, reference, given).await.unwrap();
        }
        let before = by_topic(store).await;
        assert_eq!(before.get("gaming"), Some(&2));
        let second = second_store(&world).await;
        let new = [
            retire_answer("topic", "gaming"),
            retire_answer("kind", "press"),
            add_answer("kind", "webinar", false),
            SchemeEdit::RetireQuestion {
                question: "region".to_owned(),
            },
        ];
        put_in_force(store, &vera, &new).await;
        assert_eq!(by_topic(store).await, before);
        let reference = references[0];
        let record = store.contact(reference).await.unwrap().unwrap().record;
        assert_eq!(
            record.answers,
            answers(&[("kind", "counselling"), ("topic", "gaming")])
        );
        // A process that has not read the new version yet counts a contact of a new kind as that version does.
        store
            .classify(&vera, reference, answers(&[("kind", "webinar")]))
            .await
            .unwrap();
        second
            .close(&vera, reference, Some("it was a webinar"))
            .await
            .unwrap();
        let verified = store.verify_figures(10).await.unwrap();
        assert!(verified.differences.is_empty(), "{verified:?}");
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_kept_until_it_is_put_in_force_or_discarded() {
    on_both(async |world| {
        let vera = supervisor(&world).await;
        let store = &world.store;
        assert!(matches!(
            store.begin_scheme_draft(&world.mila).await,
            Err(StoreError::Conflict(Conflict::DoneAlready))
        ));
        let draft = store.begin_scheme_draft(&vera).await.unwrap();
        assert_eq!((&draft.scheme, draft.edited_by), (&*store.scheme(), vera.id));
        let put = |revision, note| store.put_scheme_in_force(&vera, revision, note);
        assert_eq!(conflict(put(draft.revision, "why").await), Conflict::SoAlready);
        assert_eq!(
            conflict(put(draft.revision, " ").await),
            Conflict::InvalidSchemeNote
        );
        let add = SchemeEdit::AddQuestion {
            label: label("School"),
            format: AnswerFormat::Choice { most: 1 },
        };
        let edited = draft.scheme.edited(&add, &store.scheme()).unwrap();
        let revision = store
            .save_scheme_draft(&vera, draft.revision, &edited)
            .await
            .unwrap();
        let stale = store.save_scheme_draft(&vera, draft.revision, &edited).await;
        assert_eq!(conflict(stale), Conflict::SchemeDraftChanged);
        assert_eq!(
            conflict(put(revision, "why").await),
            Conflict::InvalidScheme,
            "no answers yet"
        );
        let mut lost = edited.clone();
        lost.questions.retain(|question| question.id != "region");
        let lost = store.save_scheme_draft(&vera, revision, &lost).await;
        assert_eq!(conflict(lost), Conflict::InvalidScheme);
        // A draft outlives the process, and beginning again gives the same draft.
        let again = second_store(&world)
            .await
            .begin_scheme_draft(&vera)
            .await
            .unwrap();
        assert_eq!((again.scheme, again.revision), (edited, revision));
        store.discard_scheme_draft(&vera, revision).await.unwrap();
        assert!(store.scheme_draft().await.unwrap().is_none());
        assert_eq!(conflict(put(revision, "why").await), Conflict::NoSchemeDraft);
        let new = store.begin_scheme_draft(&vera).await.unwrap();
        assert!(new.revision > revision, "a revision is never used again");
    })
    .await;
}

#[tokio::test]
async fn macros_that_give_a_retired_answer_are_found() {
    on_both(async |world| {
        let vera = supervisor(&world).await;
        let store = &world.store;
        for (name, own, topic) in [
            ("games", false, "gaming"),
            ("mine", true, "gaming"),
            ("other", false, "other"),
        ] {
            let content = CannedContent {
                name: name.to_owned(),
                own,
                answers: answers(&[("topic", topic)]),
                ..CannedContent::default()
            };
            store.write_canned(&vera, None, content).await.unwrap();
        }
        let scheme = store.scheme();
        let after: Scheme = scheme.edited(&retire_answer("topic", "gaming"), &scheme).unwrap();
        let affected = store.macros_affected_by(&after).await.unwrap();
        let names: Vec<_> = affected.shared.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names, affected.personal), (vec!["games"], 1));
    })
    .await;
}

/// Sends an edit of the draft, and returns the status and the response.
async fn edit(service: &Service, who: &Staff, revision: &Value, edit: Value) -> (u16, Value) {
    let body = json!({ "revision": revision, "edit": edit });
    send(service, who, Method::POST, &format!("{SCHEME}/draft/edit"), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_drafts_a_version_and_puts_it_into_force() {
    let (service, vera) = started().await;
    let ana = service.hire("ana", "counsellor").await.unwrap();
    let post = async |who: &Staff, path: &str, body: Value| {
        send(&service, who, Method::POST, &format!("{SCHEME}{path}"), &body).await
    };
    assert_eq!(post(&ana, "/draft", json!({})).await.0, 403);
    assert!(
        vera.get(&format!("{SCHEME}/draft")).await.is_err(),
        "no draft yet"
    );
    let (status, draft) = post(&vera, "/draft", json!({})).await;
    assert_eq!((status, text(&draft, "/edited_by")), (200, "vera"));
    let words = json!({ "sr": "Дипфејк", "en": "Deepfake" });
    let add = json!({ "add_answer": { "question": "topic", "label": words } });
    let (status, edited) = edit(&service, &vera, &draft["revision"], add.clone()).await;
    assert_eq!(status, 200, "{edited}");
    assert_eq!(edited["changes"], json!(["Topic: new answer Deepfake"]));
    let warnings = edited["warnings"].to_string();
    assert!(
        warnings.contains("no row counts the answer Deepfake"),
        "{warnings}"
    );
    assert_eq!(
        edit(&service, &vera, &draft["revision"], add).await.0,
        422,
        "the same words"
    );
    let count = json!({ "count_answer": { "question": "topic", "answer": "deepfake", "insafe": "sexting" } });
    let (stale, _) = edit(&service, &vera, &draft["revision"], count.clone()).await;
    assert_eq!(stale, 409);
    let (_, edited) = edit(&service, &vera, &edited["revision"], count).await;
    let warnings = edited["warnings"].to_string();
    assert!(
        !warnings.contains("Insafe") && warnings.contains("Child Helpline"),
        "{warnings}"
    );
    let retire = json!({ "retire_question": { "question": "kind" } });
    let (status, refused) = edit(&service, &vera, &edited["revision"], retire).await;
    assert_eq!(status, 422);
    assert!(
        text(&refused, "/error").starts_with("the kind decides how a contact is counted"),
        "{refused}"
    );
    let misspelt = json!({ "retire_question": { "question": "age", "mood": "good" } });
    assert_eq!(edit(&service, &vera, &edited["revision"], misspelt).await.0, 422);
    let confirm = json!({ "revision": edited["revision"], "note": "asked for by the ministry" });
    let (status, put) = post(&vera, "/draft/put-in-force", confirm.clone()).await;
    assert_eq!((status, &put["version"]), (200, &json!(4)));
    assert_eq!(post(&vera, "/draft/put-in-force", confirm).await.0, 409);
    let scheme = vera.get(SCHEME).await.unwrap();
    assert_eq!(
        (&scheme["version"], &scheme["settings_version"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(text(&scheme, "/versions/0/note"), "asked for by the ministry");
    let file = Scheme::read(text(&scheme, "/file")).unwrap();
    assert!(file.question("topic").unwrap().answer("deepfake").is_some());
    let counsellors = ana.get("/api/v1/scheme").await.unwrap();
    assert!(counsellors.to_string().contains("deepfake"));
    let entries = audited(&service).await;
    let entry = "put-wrap-up-questions-in-force centre version 4".to_owned();
    assert!(entries.contains(&entry), "{entries:?}");
    let checked = service.must(&["check"]).unwrap();
    assert!(
        checked.contains("wrap-up questions: centre, version 4"),
        "{checked}"
    );
}

/// Returns the value of a hidden field of the first form that has it.
fn revision(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"revision\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_changes_the_questions_on_screen_without_scripts() {
    let (service, _) = started().await;
    let mira = service.hire("mira", "supervisor").await.unwrap();
    let edit = "/desk/admin/scheme/draft/edit";
    let page = mira.page("/desk/admin/scheme").await.unwrap();
    assert!(
        page.contains("Draft a new version") && page.contains("the version of the settings"),
        "{page}"
    );
    let page = mira.submit("/desk/admin/scheme/draft", &[]).await.unwrap();
    assert!(page.contains("Draft, last changed by mira"), "{page}");
    let add = [
        ("revision", &*revision(&page)),
        ("sr", "Врста школе"),
        ("en", "School type"),
        ("format", "several"),
        ("most", "2"),
        ("do", "add_question"),
    ];
    let page = mira.submit(edit, &add).await.unwrap();
    assert!(
        page.contains("q_school_type") && page.contains("Add an answer"),
        "{page}"
    );
    let answer = |page: &str, sr: &'static str, en: &'static str| {
        vec![
            ("revision", revision(page)),
            ("question", "q_school_type".to_owned()),
            ("sr", sr.to_owned()),
            ("en", en.to_owned()),
            ("do", "add_answer".to_owned()),
        ]
    };
    let submit = async |fields: Vec<(&'static str, String)>| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        mira.submit(edit, &fields).await.unwrap()
    };
    let review = mira.page("/desk/admin/scheme/review").await.unwrap();
    assert!(
        review.contains("The question has no answer to choose from"),
        "{review}"
    );
    let page = submit(answer(&page, "основна", "primary")).await;
    let refused = submit(answer(&page, "", "secondary")).await;
    assert!(
        refused.contains("The Serbian words are missing") && refused.contains("value=\"secondary\""),
        "{refused}"
    );
    let page = submit(answer(&page, "средња", "secondary")).await;
    let up = vec![
        ("revision", revision(&page)),
        ("question", "q_school_type".to_owned()),
        ("answer", "secondary".to_owned()),
        ("do", "answer_up".to_owned()),
    ];
    let page = submit(up).await;
    let places = ["answer-secondary", "answer-primary"].map(|id| page.find(id).unwrap());
    assert!(places[0] < places[1]);
    let ask = vec![
        ("revision", revision(&page)),
        ("question", "q_school_type".to_owned()),
        ("required", "true".to_owned()),
        ("audience", "only".to_owned()),
        ("kinds", "counselling".to_owned()),
        ("do", "ask_question".to_owned()),
    ];
    let page = submit(ask).await;
    let retire = vec![
        ("revision", revision(&page)),
        ("question", "gender".to_owned()),
        ("do", "retire_question".to_owned()),
    ];
    let page = submit(retire).await;
    assert!(
        page.contains("No longer asked") && page.contains("Ask again"),
        "{page}"
    );
    let review = mira.page("/desk/admin/scheme/review").await.unwrap();
    for seen in [
        "new question: School type",
        "question no longer asked: Gender of the child",
        "new contacts no longer fill the table",
        "name=\"q_school_type\"",
    ] {
        assert!(review.contains(seen), "{seen}: {review}");
    }
    let confirm = [("revision", &*revision(&review)), ("note", "the ministry asks")];
    let page = mira
        .submit("/desk/admin/scheme/draft/put-in-force", &confirm)
        .await
        .unwrap();
    assert!(
        page.contains("centre, version 4") && page.contains("the ministry asks"),
        "{page}"
    );
    let form = mira.page("/desk/log").await.unwrap();
    assert!(
        form.contains("name=\"q_school_type\"") && !form.contains("name=\"gender\""),
        "{form}"
    );
    let page = mira.submit("/desk/admin/scheme/draft", &[]).await.unwrap();
    let discard = [("revision", &*revision(&page))];
    let page = mira
        .submit("/desk/admin/scheme/draft/discard", &discard)
        .await
        .unwrap();
    assert!(page.contains("There is no draft"), "{page}");
}
