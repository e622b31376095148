//! A headless Chromium, driven over WebDriver.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{Child, PATIENCE, free_port, program, tools, wait_until};

/// The rule sets of the accessibility check.
const RULES: [&str; 6] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
];

/// A browser with an empty profile.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Fields are dropped in declaration order, so the programs end before their files are removed.
    _processes: Processes,
    _folder: TempDir,
}

/// The WebDriver program and the browser that it started. Dropping the value ends both.
#[derive(Debug)]
struct Processes {
    driver: Child,
    profile: PathBuf,
}

impl Browser {
    /// Starts a browser with JavaScript enabled.
    pub async fn start() -> Result<Self> {
        Self::start_in_theme(false).await
    }

    /// Starts a browser that prefers the dark theme if `dark` is true, and the light theme otherwise.
    pub async fn start_in_theme(dark: bool) -> Result<Self> {
        let scheme = if dark { 0 } else { 1 };
        let argument = format!("--blink-settings=preferredColorScheme={scheme}");
        Self::start_with(json!({}), &[argument]).await
    }

    /// Starts a browser with JavaScript switched off.
    pub async fn start_without_javascript() -> Result<Self> {
        let preferences = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::start_with(preferences, &[]).await
    }

    async fn start_with(preferences: Value, more: &[String]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("peer-").tempdir()?;
        let profile = folder.path().join("profile");
        let port = free_port()?;
        let mut command = Command::new(program("chromedriver", &["/usr/bin".into()])?);
        command.arg(format!("--port={port}")).current_dir(folder.path());
        command.env("HOME", folder.path()).env("TMPDIR", folder.path());
        let driver = Child::spawn(&mut command, &folder.path().join("chromedriver.log"))?;
        let processes = Processes {
            driver,
            profile: profile.clone(),
        };
        wait_until(PATIENCE, || async {
            TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await
        .with_context(|| format!("no chromedriver: {}", processes.driver.log_text()))?;

        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend_from_slice(more);
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": program("chromium", &["/usr/bin".into()])?,
                "args": arguments,
                "prefs": preferences,
            },
        });
        let Value::Object(capabilities) = capabilities else {
            bail!("capabilities are an object");
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .with_context(|| format!("no Chromium: {}", processes.driver.log_text()))?;
        Ok(Self {
            client,
            _processes: processes,
            _folder: folder,
        })
    }

    /// Returns the WebDriver client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Saves a screenshot of the window as a PNG file.
    pub async fn screenshot(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let image = self.client.screenshot().await?;
        std::fs::write(path, image).with_context(|| format!("writing {}", path.display()))
    }

    /// Saves screenshots of the page at desktop and at phone width for manual review, if the environment variable `HOTLINE_SCREENSHOTS`
    /// names a folder.
    pub async fn pictures(&self, name: &str) -> Result<()> {
        let Some(folder) = std::env::var_os("HOTLINE_SCREENSHOTS") else {
            return Ok(());
        };
        for (width, height) in [(360, 1_600), (1_280, 1_000)] {
            self.set_size(width, height).await?;
            self.screenshot(Path::new(&folder).join(format!("{name}-{width}.png")))
                .await?;
        }
        Ok(())
    }

    /// Sets the size of the viewport, in CSS pixels.
    pub async fn set_size(&self, width: u32, height: u32) -> Result<()> {
        // The window is taller than the viewport. The difference can be measured after the first resize.
        let mut frame = 0;
        for _ in 0..50 {
            self.client.set_window_size(width, height + frame).await?;
            let script = "return [innerWidth, innerHeight];";
            let view = self.client.execute(script, Vec::new()).await?;
            if view == json!([width, height]) {
                return Ok(());
            }
            let missing = i64::from(height) - view.get(1).and_then(Value::as_i64).unwrap_or(0);
            frame = u32::try_from(i64::from(frame) + missing).unwrap_or(0);
        }
        bail!("the view does not become {width} by {height}")
    }

    /// Checks the current page with axe-core and returns the array of violations. The browser must have JavaScript switched on.
    ///
    /// The axe-core script is the file named by the environment variable `HOTLINE_AXE`, or by default the one that `tests/install`
    /// installs.
    pub async fn axe(&self) -> Result<Value> {
        let path = axe_file();
        let source = std::fs::read_to_string(&path)
            .with_context(|| format!("{} (see tests/install)", path.display()))?;
        let script = format!("if (!window.axe) {{ {source} }}");
        self.client.execute(&script, Vec::new()).await?;
        let script = "const [tags, done] = arguments;
            axe.run(document, { runOnly: { type: 'tag', values: tags } }).then(
                (results) => done({ violations: results.violations }),
                (error) => done({ error: String(error) }),
            );";
        let answer = self.client.execute_async(script, vec![json!(RULES)]).await?;
        match answer.get("violations") {
            Some(violations) => Ok(violations.clone()),
            None => bail!("axe-core fails: {answer}"),
        }
    }

    /// Checks with axe-core only what can depend on colours, after [`Browser::axe`] was called on the same page.
    pub async fn axe_colours(&self) -> Result<Value> {
        let script = "const done = arguments[0];
            const rules = ['color-contrast', 'link-in-text-block'];
            axe.run(document, { runOnly: { type: 'rule', values: rules } }).then(
                (results) => done(results.violations),
                (error) => done(String(error)),
            );";
        Ok(self.client.execute_async(script, Vec::new()).await?)
    }

    /// Calls a command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &'static str, parameters: Value) -> Result<Value> {
        let call = DevTools { command, parameters };
        Ok(self.client.issue_cmd(call).await?)
    }

    /// Sets media features of the page, such as `("forced-colors", "active")`. Features that are not named have their usual values.
    pub async fn emulate_media(&self, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<Value> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let parameters = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", parameters).await?;
        Ok(())
    }

    /// Sets the width and height of the page in CSS pixels, without resizing the window.
    pub async fn emulate_size(&self, width: u32, height: u32) -> Result<()> {
        let parameters = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", parameters)
            .await?;
        Ok(())
    }

    /// Closes the browser.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.clone().close().await?)
    }
}

/// A command of the Chrome DevTools Protocol, sent through the WebDriver program.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

fn axe_file() -> PathBuf {
    match std::env::var_os("HOTLINE_AXE").filter(|value| !value.is_empty()) {
        Some(file) => file.into(),
        None => tools().join("node_modules/axe-core/axe.min.js"),
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.driver.stop();
        // Only the processes of this browser have its profile path on their command lines.
        let profile = self.profile.to_string_lossy().into_owned();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry
                .file_name()
                .to_string_lossy()
                .parse()
                .ok()
                .and_then(Pid::from_raw);
            let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if let (Some(pid), true) = (pid, String::from_utf8_lossy(&command).contains(&profile)) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
