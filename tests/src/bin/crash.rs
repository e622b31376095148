//! `cargo run -p hotline-tests --bin crash -- [kills] [mails] [posts] [postgres]`: the crash test at any length.

use hotline_tests::crash::{Plan, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: usize| {
        arguments
            .get(index)
            .map_or(Ok(usual), |text| text.parse::<usize>())
    };
    let plan = Plan {
        kills: number(0, 200)?,
        mails: number(1, 1_000)?,
        posts: number(2, 1_000)?,
        postgres: arguments.iter().any(|word| word == "postgres"),
    };
    println!("{plan:?}");
    let outcome = run(&plan).await?;
    println!("{outcome:?}");
    println!("Nothing was lost, nothing registered twice; statistics verify and reconcile agree.");
    Ok(())
}
