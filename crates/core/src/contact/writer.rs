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

    /// Returns the answers of the wrap-up that follow from the description, as ids of the centre's classification: the question and the
    /// answer.
    #[must_use]
    pub const fn suggests(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Child => &[("who", "self"), ("role", "child")],
            Self::Parent => &[("who", "about_child"), ("role", "parent")],
            Self::Teacher => &[("who", "professional"), ("role", "teacher")],
            Self::Adult | Self::Reporter => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::classification::{Answers, Scheme};

    #[test]
    fn what_a_writer_suggests_is_in_the_classification() {
        let scheme = Scheme::centre().unwrap();
        for writer in Writer::ALL {
            let answers: Answers = writer
                .suggests()
                .iter()
                .map(|(question, answer)| ((*question).to_owned(), vec![(*answer).to_owned()]))
                .collect();
            assert_eq!(scheme.validate(answers.clone()).unwrap(), answers, "{writer:?}");
        }
    }
}
