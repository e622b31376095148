//! Runs the crash tests at any length: `cargo run -p hotline-tests --bin crash -- [kills] [mails] [posts] [postgres]`, or `-- chats [kills]
//! [people] [messages of each] [postgres]`.

use hotline_tests::{
    chat_crash,
    crash::{Plan, run},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: usize| {
        arguments
            .get(index)
            .map_or(Ok(usual), |text| text.parse::<usize>())
    };
    let postgres = arguments.iter().any(|word| word == "postgres");
    if arguments.first().is_some_and(|word| word == "chats") {
        let (kills, people, each) = (number(1, 100)?, number(2, 4)?, number(3, 125)?);
        println!("{kills} kills, {people} people on each channel, {each} messages of each");
        chat_crash::run(u64::try_from(kills)?, u16::try_from(people)?, each, postgres).await?;
        println!("Nothing was lost, doubled or out of order; statistics verify and reconcile agree.");
        return Ok(());
    }
    let plan = Plan {
        kills: number(0, 200)?,
        mails: number(1, 1_000)?,
        posts: number(2, 1_000)?,
        postgres,
    };
    println!("{plan:?}");
    let outcome = run(&plan).await?;
    println!("{outcome:?}");
    println!("Nothing was lost, nothing registered twice; statistics verify and reconcile agree.");
    Ok(())
}
