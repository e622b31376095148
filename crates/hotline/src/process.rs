//! Resource limits and permissions of this process.

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

/// The assumed limit on open files if the system reports none.
const USUAL: usize = 1_024;
/// The highest limit on open files that this process requests.
const ENOUGH: u64 = 65_536;

/// Sets the umask so that only the owner can read the files that this process creates. Disables core dumps, because they would
/// contain the words of people who wrote in.
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

/// Raises the limit on open files as far as permitted, up to `ENOUGH`, and returns the resulting limit.
pub fn open_files() -> usize {
    let granted = getrlimit(Resource::Nofile);
    let most = granted.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if granted.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: granted.maximum,
        };
        // If the limit cannot be raised, the service works with the current limit.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(USUAL, |current| usize::try_from(current).unwrap_or(USUAL))
}
