//! Listening to a line, for as long as the service runs.

use std::sync::Arc;

use hotline_channels::channel::Channel;
use hotline_core::{health::Health, identifiers::line::LineName, intake::Intake};
use tokio_util::sync::CancellationToken;

/// Listens until `stop`. A line that can't work is shown as down and stops no other.
pub async fn listen(
    name: LineName,
    channel: Arc<dyn Channel>,
    intake: Arc<dyn Intake>,
    stop: CancellationToken,
) {
    if let Err(error) = channel.receive(Arc::clone(&intake), stop).await {
        tracing::error!(line.name = %name, error = format!("{error:#}"), "Line {name} cannot work");
        intake.health(&name, Health::Down(format!("{error:#}"))).await;
    }
}
