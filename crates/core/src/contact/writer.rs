//! Who writes to the centre, as the person chose in the web form.

/// The description of themselves that a person chose in the web form.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Writer {
    /// A child or young person.
    Child,
    /// An adult who writes about their own child.
    Parent,
    /// An adult who writes about a pupil.
    Teacher,
    /// An adult who writes about somebody else, or who did not choose about whom.
    Adult,
    /// A person who reports a link. The form does not ask this person whether they are a child.
    Reporter,
}

crate::named!(Writer);

impl Writer {
    /// The adults, in the order in which the form offers them.
    pub const ADULTS: [Self; 3] = [Self::Parent, Self::Teacher, Self::Adult];

    /// Returns whether the person chose to write as an adult.
    #[must_use]
    pub fn is_adult(self) -> bool {
        Self::ADULTS.contains(&self)
    }

    /// Returns the answer to the question `role` of the wrap-up that follows from the description. `None`: no answer follows.
    #[must_use]
    pub const fn role(self) -> Option<&'static str> {
        match self {
            Self::Child => Some("child"),
            Self::Parent => Some("parent"),
            Self::Teacher => Some("teacher"),
            Self::Adult | Self::Reporter => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::classification::Scheme;

    #[test]
    fn the_role_of_a_writer_is_in_the_classification() {
        let scheme = Scheme::centre().unwrap();
        let roles = scheme.question("role").unwrap();
        for role in Writer::ALL.iter().filter_map(|writer| writer.role()) {
            assert!(roles.answer(role).is_some_and(|answer| !answer.retired), "{role}");
        }
    }
}
