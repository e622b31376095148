//! The forms: one for each choice on the start page, and two general forms at the addresses of earlier versions.

use hotline_core::contact::{message::Asks, writer::Writer};

/// A form. Each form has its own address, questions and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// A child or young person writes.
    Child,
    /// An adult writes.
    Adult,
    /// Somebody reports links.
    Link,
    /// The general form for a request for advice.
    Advice,
    /// The general form for a report.
    Report,
}

impl FormKind {
    pub const ALL: [Self; 5] = [Self::Child, Self::Adult, Self::Link, Self::Advice, Self::Report];

    /// The forms between which a visitor chooses on the start page.
    pub const CHOICES: [Self; 3] = [Self::Child, Self::Adult, Self::Link];

    pub const fn path(self) -> &'static str {
        match self {
            Self::Child => "/child",
            Self::Adult => "/adult",
            Self::Link => "/link",
            Self::Advice => "/advice",
            Self::Report => "/report",
        }
    }

    /// Returns the name of the form in locale keys.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Adult => "adult",
            Self::Link => "link",
            Self::Advice => "advice",
            Self::Report => "report",
        }
    }

    pub const fn asks(self) -> Asks {
        match self {
            Self::Child | Self::Adult | Self::Advice => Asks::Advice,
            Self::Link | Self::Report => Asks::Report,
        }
    }

    /// Returns who writes with this form. `chosen` is the adult that the visitor chose in the form.
    pub fn writer(self, chosen: Option<Writer>) -> Option<Writer> {
        match self {
            Self::Child => Some(Writer::Child),
            Self::Adult => Some(chosen.filter(|one| one.is_adult()).unwrap_or(Writer::Adult)),
            Self::Link => Some(Writer::Reporter),
            Self::Advice | Self::Report => None,
        }
    }

    pub const fn asks_for_url(self) -> bool {
        matches!(self, Self::Link | Self::Report)
    }

    /// Returns whether the form asks "Are you in danger now?".
    pub const fn asks_for_danger(self) -> bool {
        !matches!(self, Self::Link)
    }

    pub const fn asks_for_name(self) -> bool {
        matches!(self, Self::Child | Self::Adult)
    }

    pub const fn asks_for_age(self) -> bool {
        matches!(self, Self::Child)
    }

    /// Returns whether the texts of the form address the visitor formally.
    pub const fn is_formal(self) -> bool {
        matches!(self, Self::Adult)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_for_adults_lets_the_visitor_choose_about_whom() {
        for kind in FormKind::ALL {
            for chosen in Writer::ALL {
                let writer = kind.writer(Some(*chosen));
                let expected = match kind {
                    FormKind::Child => Some(Writer::Child),
                    FormKind::Adult if chosen.is_adult() => Some(*chosen),
                    FormKind::Adult => Some(Writer::Adult),
                    FormKind::Link => Some(Writer::Reporter),
                    FormKind::Advice | FormKind::Report => None,
                };
                assert_eq!(writer, expected, "{kind:?} {chosen:?}");
            }
        }
    }
}
