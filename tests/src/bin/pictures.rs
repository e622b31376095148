//! `tests/pictures` renders the pictures of README from the demo: the inbox, a contact, the form on a phone and the statistics.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use fantoccini::{Locator, key::Key};
use hotline_tests::{
    peers::{Child, browser::Browser, free_port, wait_until},
    service::program,
};

/// A picture: the name of its file, the page, an element that must be there, and the size in CSS pixels.
struct Picture {
    name: &'static str,
    path: String,
    shows: &'static str,
    size: (u32, u32),
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args()
        .nth(1)
        .context("the first argument is the folder")?;
    let data = tempfile::tempdir()?;
    let log = data.path().join("log");
    let port = free_port()?;
    let base = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(program()?);
    command
        .args(["demo", "--language", "en", "--port", &port.to_string()])
        .stdin(Stdio::null());
    let _demo = Child::spawn(&mut command, &log)?;
    wait_until(Duration::from_secs(120), || async {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Ctrl+C"))
    })
    .await?;
    let browser = Browser::start().await?;
    log_in(&browser, &base, "mila").await?;
    let first = browser
        .client()
        .wait()
        .for_element(Locator::Css("#list li a"))
        .await?;
    let contact = first.attr("href").await?.context("the inbox is empty")?;
    let of_counsellor = [
        Picture {
            name: "inbox",
            path: "/desk/inbox?view=waiting".to_owned(),
            shows: "#list li",
            size: (1_440, 900),
        },
        Picture {
            name: "contact",
            path: contact,
            shows: "#thread",
            size: (1_440, 900),
        },
        Picture {
            name: "phone",
            path: "/child?lang=en".to_owned(),
            shows: "#form",
            size: (390, 844),
        },
    ];
    for picture in &of_counsellor {
        take(&browser, &base, picture, Path::new(&folder)).await?;
    }
    log_in(&browser, &base, "petra").await?;
    let statistics = Picture {
        name: "statistics",
        path: "/desk/statistics?period=year".to_owned(),
        shows: "#list",
        size: (1_440, 1_100),
    };
    take(&browser, &base, &statistics, Path::new(&folder)).await?;
    browser.close().await
}

/// Logs in as a member of staff of the demo.
async fn log_in(browser: &Browser, base: &str, login: &str) -> Result<()> {
    let client = browser.client();
    client.delete_all_cookies().await?;
    browser.set_size(1_440, 900).await?;
    client.goto(&format!("{base}/desk/login")).await?;
    for (field, value) in [("login", login), ("password", "four blue paper boats")] {
        let field = client.find(Locator::Css(&format!("input[name={field}]"))).await?;
        field.send_keys(value).await?;
    }
    let password = client.find(Locator::Css("input[name=password]")).await?;
    password.send_keys(&Key::Enter.to_string()).await?;
    client.wait().for_element(Locator::Css("header.top")).await?;
    Ok(())
}

async fn take(browser: &Browser, base: &str, picture: &Picture, folder: &Path) -> Result<()> {
    let (width, height) = picture.size;
    browser.set_size(width, height).await?;
    browser.client().goto(&format!("{base}{}", picture.path)).await?;
    browser
        .client()
        .wait()
        .for_element(Locator::Css(picture.shows))
        .await?;
    let path = folder.join(format!("{}.png", picture.name));
    browser.screenshot(&path).await?;
    println!("{}", path.display());
    Ok(())
}
