//! The names of backups, and which of them are removed.

use chrono::{DateTime, NaiveDateTime, Utc};

/// The form of a name, in UTC. The names sort by time, and contain no character that a file system refuses.
const FORM: &str = "hotline-%Y-%m-%dT%H-%M-%SZ";

/// What the name of an incomplete backup ends with.
pub const PARTIAL: &str = ".partial";

/// Returns the name of a backup that is made at this time.
pub fn name_at(at: DateTime<Utc>) -> String {
    at.format(FORM).to_string()
}

/// Returns the time in the name of a complete backup. `None`: it is another name.
pub fn time_in(name: &str) -> Option<DateTime<Utc>> {
    let at = NaiveDateTime::parse_from_str(name, FORM).ok()?.and_utc();
    (name_at(at) == name).then_some(at)
}

/// Returns the time in the name of an incomplete backup. `None`: it is another name.
pub fn time_in_partial(name: &str) -> Option<DateTime<Utc>> {
    time_in(name.strip_suffix(PARTIAL)?)
}

/// Returns the names of the oldest backups beyond the newest `keep`. With 0, all are kept. The backup that was just made counts as the newest
/// also if the clock was set back and others have later names.
pub fn beyond(mut names: Vec<String>, made: &str, keep: u16) -> Vec<String> {
    if keep == 0 {
        return Vec::new();
    }
    names.retain(|name| name != made);
    names.sort_unstable();
    let others = usize::from(keep).saturating_sub(1);
    let removed = names.len().saturating_sub(others);
    names.truncate(removed);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contains_its_time_in_utc() {
        let at = "2026-11-30T10:20:30Z".parse().unwrap();
        assert_eq!(name_at(at), "hotline-2026-11-30T10-20-30Z");
        assert_eq!(time_in("hotline-2026-11-30T10-20-30Z"), Some(at));
        assert_eq!(time_in_partial("hotline-2026-11-30T10-20-30Z.partial"), Some(at));
        for other in [
            "hotline-2026-11-30T10-20-30Z.partial",
            "hotline-2026-11-30",
            "hotline-2026-13-30T10-20-30Z",
            "hotline-2026-11-30T10-20-30Z-1",
            "other-2026-11-30T10-20-30Z",
        ] {
            assert_eq!(time_in(other), None, "{other}");
        }
        assert_eq!(time_in_partial("hotline-2026-11-30T10-20-30Z"), None);
    }

    #[test]
    fn the_oldest_backups_beyond_the_limit_are_removed() {
        let names = || ["c", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(beyond(names(), "c", 2), ["a"]);
        assert_eq!(beyond(names(), "c", 1), ["a", "b"]);
        assert_eq!(beyond(names(), "c", 3), Vec::<String>::new());
        assert_eq!(beyond(names(), "c", 0), Vec::<String>::new(), "0 keeps all");
    }

    #[test]
    fn the_new_backup_stays_when_the_clock_was_set_back() {
        let names = || ["c", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(beyond(names(), "a", 1), ["b", "c"]);
        assert_eq!(beyond(names(), "a", 2), ["b"]);
    }
}
