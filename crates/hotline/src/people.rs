//! The commands `hotline staff`, `hotline queue` and `hotline erase`.

use std::io::{BufRead, IsTerminal, Read};

use anyhow::{Context, ensure};
use hotline_core::{
    identifiers::{private::Private, reference::Reference},
    time::clock::{Clock, SystemClock},
};
use hotline_store::{db::values::JobState, staff::invitations::NewInvitation};

use crate::{
    arguments::{Queue, Staff},
    service::open_store,
    settings::Settings,
};

/// Runs a `hotline staff` command.
pub async fn staff(settings: Settings, command: Staff) -> anyhow::Result<()> {
    let store = open_store(&settings, Vec::new()).await?;
    match command {
        Staff::Add {
            login,
            name,
            role,
            team,
        } => {
            let password = password()?;
            let person = store
                .add_staff(&login, name.as_deref().unwrap_or(&login), role, &password)
                .await?;
            if team.is_some() {
                store.set_team(None, &person.login, team.as_deref()).await?;
            }
            println!("{} may log in as {}.", person.login, role.as_str());
        }
        Staff::Invite {
            login,
            name,
            role,
            team,
        } => {
            let name = name.as_deref().unwrap_or(&login);
            let new = store
                .invite_staff(None, &login, name, role, team.as_deref())
                .await?;
            print_link(&settings, &new);
        }
        Staff::Team { login, team } => {
            store.set_team(None, &login, team.as_deref()).await?;
            match team {
                Some(team) => println!("{login} is in the team {}.", team.trim()),
                None => println!("{login} is in no team."),
            }
        }
        Staff::Disable { login } => {
            store.disable_staff(None, &login).await?;
            println!("{login} is logged out and cannot log in; what {login} held is unassigned.");
        }
        Staff::Enable { login } => {
            store.enable_staff(None, &login).await?;
            println!("{login} may log in again.");
        }
        Staff::Reset {
            login,
            link: true,
            proof,
        } => {
            let new = store.reset_by_link(None, &login, proof).await?;
            print_link(&settings, &new);
        }
        Staff::Reset {
            login,
            link: false,
            proof,
        } => {
            if store.reset_staff(&login, &password()?, proof).await? {
                println!("{login} has a new password.");
            } else {
                println!(
                    "{login} has a new password. The account stays disabled: `hotline staff enable {login}` ends that."
                );
            }
        }
        Staff::ResetFactors { login, proof } => {
            store.reset_factors(None, &login, proof).await?;
            println!(
                "{login} is logged out and has no second factor. If the role needs one, {login} sets it up at the next log-in."
            );
        }
        Staff::List => {
            for person in store.staff().await? {
                let active = if person.active { "" } else { "  (disabled)" };
                let team = person.team.map(|team| format!("  [{team}]")).unwrap_or_default();
                println!(
                    "{:<20} {:<14} {}{team}{active}",
                    person.login,
                    person.role.as_str(),
                    person.name
                );
            }
        }
    }
    Ok(())
}

fn print_link(settings: &Settings, new: &NewInvitation) {
    let site = settings.http.desk_address();
    println!(
        "Give this link to {} yourself. It works once, until {}:",
        new.login,
        new.expires_at.format("%Y-%m-%d %H:%MZ")
    );
    println!(
        "{}/desk/invitation#{}",
        site.trim_end_matches('/'),
        new.secret.expose()
    );
}

/// Lists jobs, or runs parked jobs again.
pub async fn queue(settings: Settings, command: Queue) -> anyhow::Result<()> {
    let store = open_store(&settings, Vec::new()).await?;
    match command {
        Queue::List => {
            let jobs = store.listed(false).await?;
            if jobs.is_empty() {
                println!("Nothing waits.");
            }
            for job in jobs {
                let due = job.due_at.format("%Y-%m-%d %H:%M:%SZ");
                let late = if job.due_at < SystemClock.now() && job.state == JobState::Ready {
                    " overdue"
                } else {
                    ""
                };
                println!(
                    "{:>8}  {:<8} {:<8} attempt {:<3} due {due}{late}  {}",
                    job.id,
                    job.kind.as_str(),
                    job.state,
                    job.attempt,
                    job.reason
                );
            }
        }
        Queue::Retry { job } => {
            let count = store.run_again(job).await?;
            println!("{count} run again.");
        }
    }
    Ok(())
}

/// Reads a password from the terminal, without echo. Reads the first line of standard input if there is no terminal.
fn password() -> anyhow::Result<Private<String>> {
    const MISSING: &str = "No password was given";
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let typed = rpassword::prompt_password("Password (12 to 128 characters; it is not shown): ");
        return Ok(typed.context(MISSING)?.into());
    }
    let mut line = String::new();
    // At most 4,096 bytes of the line are read. A password of this length is still too long and is rejected later.
    stdin.lock().take(4_096).read_line(&mut line).context(MISSING)?;
    ensure!(!line.is_empty(), MISSING);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// Erases the personal data in one contact.
pub async fn erase(settings: Settings, reference: &str) -> anyhow::Result<()> {
    let reference = Reference::parse(reference)?;
    let store = open_store(&settings, Vec::new()).await?;
    let emptied = store.erase(&account(), reference).await?;
    println!("Erased. No figure has changed.");
    if !emptied {
        println!(
            "The service was reading all the time, so the database's write-ahead log still holds the old pages. \
             They are overwritten when the service is next stopped."
        );
    }
    Ok(())
}

/// Returns the operating-system account that runs the command. Under sudo, this is the account that called sudo.
pub fn account() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let uid = rustix::process::getuid().as_raw();
    named.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
}
