//! The entries of the banner about contacts in danger, which is at the top of every page.

use chrono::{DateTime, Utc};
use hotline_core::{contact::urgency::UrgencyRules, identifiers::reference::Reference, text::locale::Words};
use hotline_store::{
    routing::{in_danger::UnattendedDanger, offers::Offer},
    staff::accounts::StaffMember,
};

/// A contact in danger that nobody takes care of.
pub(crate) struct DangerEntry {
    pub(crate) reference: Reference,
    /// Since when the person has waited.
    pub(crate) since: DateTime<Utc>,
    /// Why the contact is in danger.
    pub(crate) reason: String,
    /// Who the assignee is, and why the assignee does not take care of the contact.
    pub(crate) assignee: String,
    /// The offer, if the contact is on offer to the reader.
    pub(crate) offer: Option<Offer>,
}

impl DangerEntry {
    /// Describes a contact in danger. Moves the reader's offer of this contact, if any, from `offers` to the entry, so that the page shows
    /// the contact only once.
    pub(crate) fn new(
        words: &Words,
        rules: &UrgencyRules,
        me: &StaffMember,
        danger: &UnattendedDanger,
        offers: &mut Vec<Offer>,
    ) -> Self {
        let offer = offers
            .iter()
            .position(|offer| offer.reference == danger.reference);
        Self {
            reference: danger.reference,
            since: danger.since,
            reason: danger_reason(words, rules, &danger.raised_by),
            assignee: describe_assignee(words, me, danger),
            offer: offer.map(|place| offers.remove(place)),
        }
    }
}

fn describe_assignee(words: &Words, me: &StaffMember, danger: &UnattendedDanger) -> String {
    match &danger.assignee {
        None => words.say("danger-unassigned"),
        Some(assignee) if assignee.id == me.id => words.say("danger-yours"),
        Some(assignee) => {
            let key = if assignee.has_opened {
                "danger-assignee-away"
            } else {
                "danger-not-opened"
            };
            words.with(key, "name", &words.own(&assignee.name))
        }
    }
}

/// Describes why a contact is in danger: the reasons of the rules with the ids `raised_by`, or that staff decided it.
pub(crate) fn danger_reason(words: &Words, rules: &UrgencyRules, raised_by: &str) -> String {
    // Rules may have raised the contact only to urgent, and staff to danger later.
    let is_by_rule = raised_by.split(' ').any(|rule| rules.raises_to_danger(rule));
    let reasons = describe_rules(words, rules, raised_by);
    if !is_by_rule || reasons.is_empty() {
        words.say("danger-set-by-staff")
    } else {
        reasons
    }
}

/// Describes the rules of urgency with these ids, which are separated by spaces. Leaves out ids that the rules do not contain.
pub(crate) fn describe_rules(words: &Words, rules: &UrgencyRules, ids: &str) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for text in ids.split(' ').filter_map(|rule| rules.reason(rule)) {
        let reason = words.either(&text.sr, &text.en);
        // Several rules can have the same reason.
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.join(" ")
}

#[cfg(test)]
mod tests {
    use hotline_core::{
        contact::urgency::{ANSWERED_YES, WROTE_AGAIN},
        text::locale::{Language, Locales},
    };

    use super::*;

    #[test]
    fn the_reason_is_what_the_person_answered_or_that_staff_decided() {
        let (words, rules) = (Locales.of(Language::En), UrgencyRules::centre());
        let both = format!("{ANSWERED_YES} {WROTE_AGAIN} {ANSWERED_YES}");
        assert_eq!(
            danger_reason(words, rules, &both),
            "The person answered that they are in danger now. \
             The person wrote several times in a short time without a reply."
        );
        let set_by_staff = words.say("danger-set-by-staff");
        assert_eq!(danger_reason(words, rules, ""), set_by_staff);
        assert_eq!(
            danger_reason(words, rules, WROTE_AGAIN),
            set_by_staff,
            "it is only urgent"
        );
        assert_eq!(danger_reason(words, rules, "no_such_rule"), set_by_staff);
    }
}
