//! `cargo run --release -p hotline-tests --bin week -- [quarantine] [seed=1] [days=7] [contacts=900] [capacity=12] [relax=5]` simulates a week
//! of a helpline and compares the product's routing with two simpler rules. `capacity` and `relax` replace the product's default capacity
//! and the minutes after which requirements no longer hold.
//!
//! The exit code is 1 if a contact was lost, or if a danger message was assigned too late although somebody was available.

use std::process::ExitCode;

use anyhow::{Context, bail};
use hotline_tests::week::{Plan, report::compare_rules, world::World};

fn main() -> anyhow::Result<ExitCode> {
    let mut plan = Plan::default();
    for argument in std::env::args().skip(1) {
        let value = |value: &str| {
            value
                .parse()
                .with_context(|| format!("{argument} is not a number"))
        };
        match argument.split_once('=') {
            None if argument == "quarantine" => plan.quarantine = true,
            Some(("seed", seed)) => plan.seed = value(seed)?,
            Some(("contacts", contacts)) => plan.contacts = value(contacts)?,
            Some(("capacity", points)) => plan.capacity = Some(u16::try_from(value(points)?)?),
            Some(("relax", minutes)) => plan.relax_minutes = Some(u16::try_from(value(minutes)?)?),
            Some(("days", days)) => plan.days = i64::try_from(value(days)?)?,
            None | Some(_) => bail!("unknown argument {argument}"),
        }
    }
    let table = compare_rules(&World::draw(&plan), &plan);
    println!("{}", table.text);
    for failure in &table.failures {
        println!("FAILED: {failure}");
    }
    if table.failures.is_empty() {
        println!("No contact was lost, and the product assigned every danger message in time.");
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
