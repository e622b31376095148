//! The filters of the inbox and of a search, as query parameters.

use hotline_store::{
    inbox::list::{Filter, InboxOrder},
    search::SearchFilter,
};
use schemars::JsonSchema;
use serde::Deserialize;

use hotline_reports::labels::query_of;

/// The query parameter of the order.
const ORDER: &str = "order";

/// The filters of an inbox view. A filter that is empty or invalid matches every contact.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct InboxFilterForm {
    /// Only contacts on this channel.
    #[serde(default)]
    pub channel: String,
    /// Only contacts with this language tag.
    #[serde(default)]
    pub language: String,
    /// Only contacts of this urgency or higher: `1` urgent, `2` immediate danger.
    #[serde(default)]
    pub urgency: String,
    /// Only contacts with this main topic, given as the id of an answer in the classification scheme.
    #[serde(default)]
    pub topic: String,
    /// Only contacts assigned to the member of staff with this id.
    #[serde(default)]
    #[serde(alias = "holder")]
    pub assignee: String,
    /// Only contacts registered on this day or later, as `YYYY-MM-DD`.
    #[serde(default)]
    pub from: String,
    /// Only contacts registered on this day or earlier, as `YYYY-MM-DD`.
    #[serde(default)]
    pub to: String,
    /// The order of a view of open contacts: `most_urgent` (the default) or `longest_wait`. Has no effect on other views.
    #[serde(default)]
    pub order: String,
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
            order: self.order(),
        }
    }

    /// Returns the order of a view of open contacts.
    pub(crate) fn order(&self) -> InboxOrder {
        InboxOrder::parse(&self.order).unwrap_or_default()
    }

    fn parameters(&self) -> [(&'static str, &String); 8] {
        [
            ("channel", &self.channel),
            ("language", &self.language),
            ("urgency", &self.urgency),
            ("topic", &self.topic),
            ("assignee", &self.assignee),
            ("from", &self.from),
            ("to", &self.to),
            (ORDER, &self.order),
        ]
    }
}

/// The filters of a search: those of the inbox and two more. In the views of the inbox, the line and the status have no effect: most views
/// have one status, and lists of all contacts by line have no index.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct SearchFilterForm {
    #[serde(flatten)]
    pub inbox: InboxFilterForm,
    #[serde(default)]
    pub line: String,
    #[serde(default)]
    pub status: String,
}

impl SearchFilterForm {
    pub(crate) fn read(&self) -> SearchFilter {
        SearchFilter {
            inbox: Filter {
                order: InboxOrder::default(),
                ..self.inbox.read()
            },
            line: Some(self.line.clone()).filter(|line| !line.is_empty()),
            status: self.status.parse().ok(),
        }
    }

    /// Returns whether any filter is chosen. The order is not a filter.
    pub(crate) fn has_filters(&self) -> bool {
        let mut all = self.parameters().into_iter();
        all.any(|(name, value)| name != ORDER && !value.is_empty())
    }

    /// Returns the filters with another order, as query parameters to append to a URL.
    pub(crate) fn with_order(&self, order: &InboxOrder) -> String {
        let mut other = self.clone();
        other.inbox.order = if *order == InboxOrder::default() {
            String::new()
        } else {
            order.as_str().to_owned()
        };
        other.in_address()
    }

    /// Returns the order alone as query parameters to append to a URL.
    pub(crate) fn order_in_address(&self) -> String {
        Self::default().with_order(&self.inbox.order())
    }

    /// Returns the filters and the order as query parameters to append to a URL. The result begins with `&` unless it is empty.
    pub(crate) fn in_address(&self) -> String {
        let query = query_of(self.parameters());
        if query.is_empty() {
            query
        } else {
            format!("&{query}")
        }
    }

    /// Returns the names and values of the filters and of the order. A filter that selects every contact has an empty value.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &String)> {
        let mut all = self.inbox.parameters().to_vec();
        all.extend([("line", &self.line), ("status", &self.status)]);
        all
    }
}
