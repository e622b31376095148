//! Metrics: what Prometheus reads, the alerts and the dashboard that use it, and the guide for each alert.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hotline_tests::{
    peers::{free_port, wait_until},
    service::Service,
    staff::Staff,
};
use regex::Regex;
use sea_orm::{ConnectionTrait, Database};
use serde_json::Value;

use crate::writing::posted;

/// A message that the rules of urgency raise to immediate danger.
const DANGER: &str = "Hoću da se ubijem večeras, popila sam tablete";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn prometheus(name: &str) -> PathBuf {
    root().join("deploy/prometheus").join(name)
}

fn alerts() -> String {
    std::fs::read_to_string(prometheus("alerts.yml")).unwrap()
}

/// A service with a form, a mailbox and a bot whose servers are not there, and metrics on a port of their own.
struct World {
    service: Service,
    port: u16,
}

impl World {
    async fn new() -> Self {
        let (port, nowhere) = (free_port().unwrap(), free_port().unwrap());
        let server = |user: &str| {
            format!(
                "host = \"127.0.0.1\"\nport = {nowhere}\nsecurity = \"plain\"\nuser = \"{user}\"\npassword = \"kanarinka\"\n"
            )
        };
        let lines = format!(
            "[lines.mail]\nchannel = \"email\"\naddress = \"kontakt@example.org\"\n[lines.mail.imap]\n{}[lines.mail.smtp]\n{}\
             [lines.bot]\nchannel = \"telegram\"\ntoken = \"4242:sakriveno\"\napi_url = \"http://127.0.0.1:{nowhere}\"\n",
            server("sanducic"),
            server("sanducic"),
        );
        let mut service = Service::with_lines(None, &lines).unwrap();
        service.give_desk_a_port().unwrap();
        let metrics = format!("metrics = \"127.0.0.1:{port}\"");
        service.set_http_keys(&metrics).unwrap();
        service.start().await.unwrap();
        Self { service, port }
    }

    async fn metrics(&self) -> String {
        let (status, text) = fetch(&format!("http://127.0.0.1:{}/metrics", self.port)).await;
        assert_eq!(status, 200, "{text}");
        text
    }

    /// Waits until each of these samples is in the metrics, and returns all metrics.
    async fn until_metrics_have(&self, samples: &[&str]) -> String {
        let waited = wait_until(Duration::from_secs(30), || async {
            let text = self.metrics().await;
            let has = |sample: &&str| text.lines().any(|line| line == *sample);
            samples.iter().all(has)
        })
        .await;
        let text = self.metrics().await;
        waited.unwrap_or_else(|error| panic!("{error}: {samples:?}: {text}"));
        text
    }
}

async fn fetch(url: &str) -> (u16, String) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Returns the value of a sample without labels.
fn value(text: &str, name: &str) -> f64 {
    let sample = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")))
        .unwrap_or_else(|| panic!("{name}: {text}"));
    sample.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_on_their_own_address_only() {
    let world = World::new().await;
    let text = world.metrics().await;
    assert!(text.contains("hotline_info{version=\""), "{text}");
    for base in [world.service.base(), world.service.desk_base()] {
        let (status, text) = fetch(&format!("{base}/metrics")).await;
        assert!(!text.contains("hotline_info"), "{base}: {status}: {text}");
    }
    for path in ["/", "/desk", "/readyz", "/api/v1/session"] {
        let (status, _) = fetch(&format!("http://127.0.0.1:{}{path}", world.port)).await;
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_right_and_contain_nothing_about_people() {
    let world = World::new().await;
    let service = &world.service;
    let vera = service.hire("sofronije", "supervisor").await.unwrap();
    let wrong = Staff::log_in_with(service.desk_base(), "sofronije", "another password").await;
    assert!(wrong.is_err());
    let (reference, code) = posted(service, &format!("{DANGER} kanarinac")).await;
    vera.until_contacts(1).await.unwrap();
    let database = format!("sqlite://{}", service.data().join("hotline.db").display());
    let database = Database::connect(database).await.unwrap();
    let parked = "INSERT INTO jobs (kind, state, attempt, due_at, made_at, reason) VALUES ('receive', 'parked', 5, 1, 1, 'kanarinac')";
    database.execute_unprepared(parked).await.unwrap();
    let text = world
        .until_metrics_have(&[
            "hotline_messages_accepted_total{channel=\"webform\"} 1",
            "hotline_messages_accepted_total{channel=\"email\"} 0",
            "hotline_line_up{line=\"form\"} 1",
            "hotline_line_up{line=\"mail\"} 0",
            "hotline_line_up{line=\"bot\"} 0",
            "hotline_parked_jobs 1",
            "hotline_queue_depth{state=\"parked\"} 1",
            "hotline_queue_depth{state=\"ready\"} 0",
            "hotline_queue_oldest_age_seconds 0",
            "hotline_urgent_unopened 1",
            "hotline_log_ins_refused_total 1",
            "hotline_search_index_behind 0",
            "hotline_quarantined 0",
            "hotline_accept_seconds_count 1",
        ])
        .await;
    assert!(value(&text, "hotline_danger_oldest_wait_seconds") > 0.0, "{text}");
    assert!(value(&text, "hotline_audit_head_age_seconds") < 10.0, "{text}");
    assert!(value(&text, "hotline_disk_free_bytes") > 0.0, "{text}");
    assert!(value(&text, "hotline_db_commit_seconds_count") > 1.0, "{text}");
    for planted in [
        "kanarin",
        "tablete",
        "sofronije",
        "kontakt@",
        "example.org",
        "sanducic",
        "sakriveno",
        "127.0.0.1",
        &reference,
        &code,
    ] {
        assert!(!text.contains(planted), "{planted}: {text}");
    }
    vera.page(&format!("/desk/contacts/{reference}")).await.unwrap();
    world.until_metrics_have(&["hotline_urgent_unopened 0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_alerts_and_dashboard_exists_and_is_described() {
    let world = World::new().await;
    posted(&world.service, "Zdravo").await;
    let text = world
        .until_metrics_have(&["hotline_search_index_behind 0", "hotline_line_up{line=\"bot\"} 0"])
        .await;
    let names: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect();
    for name in names.iter().copied() {
        let parts = ["_bucket", "_sum", "_count"];
        let family = parts.into_iter().find_map(|part| name.strip_suffix(part));
        let family = family.unwrap_or(name);
        assert!(text.contains(&format!("# HELP {family} ")), "{name}");
    }
    let used = metrics_in(&alerts()).into_iter().chain(metrics_of_dashboard());
    for metric in used {
        assert!(names.contains(metric.as_str()), "{metric} does not exist: {text}");
    }
}

/// Returns the names of metrics in expressions.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let name = Regex::new("hotline_[a-z_]+").unwrap();
    name.find_iter(text)
        .map(|found| found.as_str().to_owned())
        .collect()
}

fn metrics_of_dashboard() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deploy/grafana/hotline.json")).unwrap();
    assert!(!text.contains("://"), "the dashboard has no link to elsewhere");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    let used: BTreeSet<String> = targets
        .flat_map(|target| metrics_in(target["expr"].as_str().unwrap()))
        .collect();
    assert!(used.len() > 15, "{used:?}");
    used
}

#[test]
fn the_guide_has_a_section_for_each_alert() {
    let guide = std::fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let alerts = alerts();
    let rules: Vec<&str> = alerts.split("- alert: ").skip(1).collect();
    assert_eq!(rules.len(), 10);
    for rule in rules {
        let name = rule.lines().next().unwrap();
        let section = guide.split_once(&format!("\n### {name}\n"));
        let (_, section) = section.unwrap_or_else(|| panic!("{name} has no heading"));
        let section = section.split("\n##").next().unwrap();
        for part in ["**Meaning.**", "**Look at.**", "**Do.**"] {
            assert!(section.contains(part), "{name}: {part}");
        }
        let runbook = format!("runbook: docs/operating.md#{}\n", name.to_lowercase());
        assert!(rule.contains(&runbook), "{rule}");
        for field in ["severity: ", "summary: ", "description: "] {
            assert!(rule.contains(field), "{name}: {field}");
        }
    }
}

#[test]
fn promtool_accepts_the_files_and_makes_each_alert_fire() {
    for (check, file) in [
        (["check", "rules"], "alerts.yml"),
        (["check", "config"], "prometheus.yml"),
        (["test", "rules"], "alerts_test.yml"),
    ] {
        let output = Command::new("promtool")
            .args(check)
            .arg(prometheus(file))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    let tests = std::fs::read_to_string(prometheus("alerts_test.yml")).unwrap();
    for rule in alerts().split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        let fires = format!("        alertname: {name}\n        exp_alerts:\n          - exp_labels:\n");
        assert_eq!(tests.matches(&fires).count(), 1, "{name}");
    }
}
