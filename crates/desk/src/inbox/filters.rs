//! The filters of the inbox, as query parameters.

use hotline_store::inbox::list::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

use hotline_reports::labels::query_of;

/// The filters of a view. Empty or invalid ones match every contact.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct InboxFilterForm {
    #[serde(default)]
    pub channel: String,
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub urgency: String,
    #[serde(default)]
    pub topic: String,
    #[serde(default)]
    #[serde(alias = "holder")]
    pub assignee: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
}

impl InboxFilterForm {
    pub(crate) fn read(&self) -> Filter {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Filter {
            channel: some(&self.channel),
            language: some(&self.language),
            urgency: self.urgency.parse().ok().filter(|least| *least > 0),
            topic: some(&self.topic),
            assignee: self.assignee.parse().ok(),
            from: self.from.parse().ok(),
            to: self.to.parse().ok(),
        }
    }

    /// Returns the filters as query parameters to append, with a leading `&` unless empty.
    pub(crate) fn in_address(&self) -> String {
        let query = query_of([
            ("channel", &self.channel),
            ("language", &self.language),
            ("urgency", &self.urgency),
            ("topic", &self.topic),
            ("assignee", &self.assignee),
            ("from", &self.from),
            ("to", &self.to),
        ]);
        if query.is_empty() {
            query
        } else {
            format!("&{query}")
        }
    }
}
