//! Teams (`/desk/admin/staff#teams`): administrators choose the team of an account from the teams that exist, and rename a team in one place.

use axum::extract::State;
use hotline_store::routing::teams::Team;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::Who,
        answers::Confirmation,
        errors::PageError,
        extractors::{FormOrJson, ResponseFormat},
        flash::Flash,
        page::{Choice, Frame},
    },
    state::Desk,
};

/// The value of the choice "new team" in forms of the desk. No team can have this name, because names of teams have no spaces at the ends.
const NEW: &str = " new";

/// A team.
#[derive(Serialize, JsonSchema)]
pub(super) struct TeamJson {
    name: String,
    /// The number of accounts in the team. Disabled accounts count too.
    members: usize,
}

impl From<Team> for TeamJson {
    fn from(team: Team) -> Self {
        Self {
            name: team.name,
            members: team.members,
        }
    }
}

/// Returns the choices for the team of an account: none, each team, and a new one.
pub(super) fn choices(frame: &Frame<'_>, teams: &[Team], chosen: &str) -> Vec<Choice> {
    let choice = |value: &str, label: String| Choice {
        chosen: value == chosen,
        value: value.to_owned(),
        label,
    };
    let mut all = vec![choice("", frame.words.say("team-none"))];
    all.extend(
        teams
            .iter()
            .map(|team| choice(&team.name, frame.words.own(&team.name))),
    );
    all.push(choice(NEW, frame.words.say("team-new")));
    all
}

/// Returns the chosen team; empty for none. A new team whose name differs from the name of a team only in upper and lower case is that team.
pub(super) async fn chosen(desk: &Desk, team: &str, new: &str) -> Result<String, PageError> {
    if team != NEW {
        return Ok(team.trim().to_owned());
    }
    let new = new.trim();
    if new.is_empty() {
        return Err(PageError::Conflict(hotline_store::error::Conflict::InvalidTeam));
    }
    let all = desk.store.all_teams().await?;
    let same = all
        .into_iter()
        .find(|one| one.name.to_lowercase() == new.to_lowercase());
    Ok(same.map_or_else(|| new.to_owned(), |same| same.name))
}

/// A new name of a team.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RenameTeamForm {
    /// The present name.
    team: String,
    /// The new name.
    name: String,
}

/// `POST /desk/admin/teams/rename` and `POST /api/v1/admin/teams/rename`: renames a team, with its members, contacts and shifts.
pub(crate) async fn rename(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(form): FormOrJson<RenameTeamForm>,
) -> Result<Confirmation, PageError> {
    desk.store.rename_team(&me, &form.team, &form.name).await?;
    Ok(format.confirm("/desk/admin/staff#teams", Flash::TeamRenamed))
}
