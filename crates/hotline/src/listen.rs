//! Receives messages on one line while the service runs.

use std::sync::Arc;

use hotline_channels::channel::Channel;
use hotline_core::{health::Health, identifiers::line_name::LineName, intake::Intake};
use tokio_util::sync::CancellationToken;

/// Receives messages until `stop` is cancelled. If receiving fails, the line is reported as down. Other lines are not affected.
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
