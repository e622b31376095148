//! What the system grants to this process, and what others see of it.

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

/// Files that may be open, if nothing says how many.
const USUAL: usize = 1_024;
/// More open files than this are of no use to us.
const ENOUGH: u64 = 65_536;

/// Makes whatever this process writes readable to its owner alone, whatever it was started with, and keeps what people wrote
/// out of core dumps.
pub fn keep_private() {
    umask(Mode::from_raw_mode(0o077));
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(error = %error, "Could not switch core dumps off; one would hold what people wrote");
    }
}

/// How many files may be open, after that was raised as far as this process may raise it.
pub fn open_files() -> usize {
    let granted = getrlimit(Resource::Nofile);
    let most = granted.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if granted.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: granted.maximum,
        };
        // What was granted before is enough to go on with.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(USUAL, |current| usize::try_from(current).unwrap_or(USUAL))
}
