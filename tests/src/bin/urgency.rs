//! Measures the urgency rules on the made-up messages in `tests/urgency`: `cargo run -p hotline-tests --bin urgency [rules.toml]`. Without an
//! argument, it measures the built-in rules. Also prints how long reading the rules and assessing one message take; build with
//! `--release` for these. Exits with 1 if the set `apart` does not reach the goal.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use anyhow::Context as _;
use hotline_core::contact::urgency::{Urgency, UrgencyRules};

/// The messages, one a line: class, expected urgency, script or language, set, text.
const MESSAGES: [&str; 9] = [
    include_str!("../../urgency/tune-danger.tsv"),
    include_str!("../../urgency/tune-other.tsv"),
    include_str!("../../urgency/tune-second-a.tsv"),
    include_str!("../../urgency/tune-second-b.tsv"),
    include_str!("../../urgency/tune-others.tsv"),
    include_str!("../../urgency/tune-harmless.tsv"),
    include_str!("../../urgency/apart.tsv"),
    include_str!("../../urgency/late.tsv"),
    include_str!("../../urgency/others.tsv"),
];
/// The sets, and what they are for.
const SETS: [(&str, &str); 4] = [
    ("tune", "the rules were written with these messages"),
    (
        "apart",
        "written before the rules by their author, who knew it, so its figures are too good; the goal applies to it",
    ),
    (
        "late",
        "written after version 1 of the rules by their author; versions 2 and 3 were written with it in view",
    ),
    (
        "others",
        "by three other authors, kept apart from the rules; new messages will give figures like these",
    ),
];

/// A count out of a number of messages.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    hits: u32,
    all: u32,
}

impl Share {
    fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.all += 1;
    }

    fn percent(self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        f64::from(self.hits) * 100.0 / f64::from(self.all)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}/{} ({:.1} %)", self.hits, self.all, self.percent());
        out.pad(&text)
    }
}

/// The result for one set of messages.
#[derive(Debug, Default)]
struct Outcome {
    danger_found: Share,
    urgent_found: Share,
    raised: BTreeMap<String, Share>,
    raised_to_danger: BTreeMap<String, Share>,
}

impl Outcome {
    fn add(&mut self, class: &str, expected: Urgency, assessed: Urgency) {
        match expected {
            Urgency::Danger => {
                self.danger_found.add(assessed == Urgency::Danger);
                self.urgent_found.add(assessed >= Urgency::Urgent);
            }
            Urgency::Urgent => self.urgent_found.add(assessed >= Urgency::Urgent),
            Urgency::Ordinary => {
                let raised = self.raised.entry(class.to_owned()).or_default();
                raised.add(assessed > Urgency::Ordinary);
            }
        }
        if expected < Urgency::Danger {
            let to_danger = self.raised_to_danger.entry(class.to_owned()).or_default();
            to_danger.add(assessed == Urgency::Danger);
        }
    }

    fn print(&self) {
        println!("  danger found          {}", self.danger_found);
        println!("  urgent or more found  {}", self.urgent_found);
        println!(
            "  {:<12}{:<24}raised wrongly to danger",
            "class", "raised wrongly"
        );
        for (class, to_danger) in &self.raised_to_danger {
            let raised = self.raised.get(class).map_or("–".to_owned(), ToString::to_string);
            println!("  {class:<12}{raised:<24}{to_danger}");
        }
    }

    /// Returns whether at least 95 % of the danger is found and at most 10 % of the ordinary messages are raised to danger.
    fn reaches_goal(&self) -> bool {
        let wrong = self.raised_to_danger.get("ordinary").copied().unwrap_or_default();
        self.danger_found.percent() >= 95.0 && wrong.percent() <= 10.0
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let path = std::env::args_os().nth(1);
    let path =
        path.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../config/urgency/rules-1.toml").into());
    let file = std::fs::read_to_string(path)?;
    let rules = UrgencyRules::parse(&file)?;
    let mut results: BTreeMap<&str, Outcome> = BTreeMap::new();
    for line in MESSAGES.iter().flat_map(|messages| messages.lines()) {
        let columns: Vec<&str> = line.splitn(5, '\t').collect();
        let [class, expected, _, set, text] = columns.as_slice() else {
            anyhow::bail!("not five columns: {line}");
        };
        let expected = Urgency::parse(expected).with_context(|| format!("no urgency: {line}"))?;
        let assessed = rules.assess(rules.findings(text), None, 0).urgency;
        results.entry(set).or_default().add(class, expected, assessed);
    }
    println!("rules {} {}", rules.name, rules.version);
    for (set, purpose) in SETS {
        println!("{set}: {purpose}");
        results
            .get(set)
            .with_context(|| format!("no messages in the set {set}"))?
            .print();
    }
    print_speed(&rules, &file);
    let apart = results.get("apart").is_some_and(Outcome::reaches_goal);
    Ok(if apart {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How often each message is assessed for the speed, and how often the rules are read.
const ROUNDS: usize = 20;
/// The words of a long message.
const LONG: usize = 360;

fn print_speed(rules: &UrgencyRules, file: &str) {
    let texts = || MESSAGES.iter().flat_map(|messages| messages.lines());
    let assess = |text: &str| drop(std::hint::black_box(rules.findings(text)));
    let read = || drop(std::hint::black_box(UrgencyRules::parse(file)));
    println!("| what | count | p50 µs | p99 µs |");
    println!("|---|---|---|---|");
    let all = (0..ROUNDS)
        .flat_map(|_| texts())
        .map(|text| micros(|| assess(text)));
    print_row("assess one message", all.collect());
    let long: Vec<&str> = texts()
        .step_by(80)
        .flat_map(|text| text.split_whitespace().skip(4))
        .collect();
    let long = long.get(..LONG).unwrap_or(&long).join(" ");
    let all = (0..1_000).map(|_| micros(|| assess(&long)));
    print_row(&format!("assess a message of {LONG} words"), all.collect());
    print_row("read the rules", (0..ROUNDS).map(|_| micros(read)).collect());
}

fn micros(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e6
}

fn print_row(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        times
            .get(times.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!("| {what} | {} | {:.1} | {:.1} |", times.len(), at(50), at(99));
}
