//! Passwords: judging their strength, comparing them with breached ones, hashing them for storage, and checking them (Argon2id).
//!
//! Only one password is hashed at a time, in one reused block of memory. Attackers who guess passwords can therefore occupy at most one
//! core and 19 MiB. Log-ins from unknown devices wait in a queue of their own. A log-in from a known device does not wait in this queue.

use std::sync::{Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use hotline_core::{
    identifiers::{chance, private::Private},
    text::fold::fold,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use zxcvbn::{Score, zxcvbn};

use crate::{
    db::store::Store,
    error::{Conflict, StoreError},
};

/// Minimum length of a password, in characters.
pub const SHORTEST_PASSWORD: usize = 12;
/// Maximum length of a password, in characters.
pub const LONGEST_PASSWORD: usize = 128;

/// Number of characters that a password must contain besides the owner's name and the words in `GUESSED_FIRST`.
const SHORTEST_REST: usize = 8;

/// Permit for hashing a password. There is only one permit, so only one password is hashed at a time.
static GATE: Semaphore = Semaphore::const_new(1);
/// The single permit that lets a log-in from an unknown device wait for [`GATE`]. It is returned after the password check. A log-in from a
/// known device therefore waits for at most one log-in from an unknown device.
static UNKNOWN: Semaphore = Semaphore::const_new(1);
/// Permits that let log-ins from unknown devices wait for [`UNKNOWN`]. A log-in that gets no permit is rejected immediately.
static WAITING: Semaphore = Semaphore::const_new(100);
/// Maximum time that a log-in waits until its password is checked. After this time, the log-in is rejected.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// The memory in which all threads hash. If each thread allocated its own, the allocator would keep the memory of every thread.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// Words that attackers in Serbia would try first, in the form that [`fold`] returns. English words are missing here because the `zxcvbn`
/// library knows them.
const GUESSED_FIRST: [&str; 28] = [
    "lozinka",
    "sifra",
    "hotline",
    "helpline",
    "savetnik",
    "supervizor",
    "administrator",
    "kontakt",
    "centar",
    "pomoc",
    "beograd",
    "srbija",
    "zvezda",
    "crvenazvezda",
    "partizan",
    "delije",
    "grobari",
    "ljubav",
    "volimte",
    "zdravo",
    "dobardan",
    "qwertz",
    "qwertzuiop",
    "nesto",
    "tajna",
    "skola",
    "deca",
    "internet",
];

/// The kind of device from which someone logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A device on which someone has logged in to this account before.
    Known,
    /// Any other device.
    Unknown,
}

/// The permits that a log-in keeps until its password is checked.
struct Turn {
    _places: [Option<SemaphorePermit<'static>>; 3],
}

async fn turn(device: Device) -> Result<Turn, StoreError> {
    const BUSY: StoreError = StoreError::Conflict(Conflict::Busy);
    let wait = async {
        let (waiting, unknown) = match device {
            Device::Known => (None, None),
            Device::Unknown => (
                Some(WAITING.try_acquire().ok()?),
                Some(UNKNOWN.acquire().await.ok()?),
            ),
        };
        Some(Turn {
            _places: [Some(GATE.acquire().await.ok()?), unknown, waiting],
        })
    };
    let turn = tokio::time::timeout(PATIENCE, wait).await;
    turn.ok().flatten().ok_or(BUSY)
}

/// Checks whether this password is acceptable for the member of staff with this log-in name and display name at the centre with this name.
///
/// # Errors
/// Fails if the password is too short, too long or easy to guess.
pub fn judge(password: &Private<String>, login: &str, name: &str, centre: &str) -> Result<(), Conflict> {
    let text = password.expose();
    match text.chars().count() {
        ..SHORTEST_PASSWORD => return Err(Conflict::ShortPassword),
        SHORTEST_PASSWORD..=LONGEST_PASSWORD => {}
        _ => return Err(Conflict::LongPassword),
    }
    let own = format!("{login} {name} {centre}");
    let folded_own = fold(&own);
    let mut words: Vec<&str> = own.split(|c: char| !c.is_alphanumeric()).collect();
    words.extend([login, name, centre, &own]);
    words.extend(folded_own.split(|c: char| !c.is_alphanumeric()));
    words.retain(|word| word.chars().count() > 2);
    words.extend(GUESSED_FIRST);
    let folded = fold(text);
    let weak = |text: &str| zxcvbn(text, &words).score() < Score::Three;
    if weak(text) || weak(&folded) || left_without(&words, &folded) < SHORTEST_REST {
        return Err(Conflict::WeakPassword);
    }
    Ok(())
}

impl Store {
    /// Checks whether this password is acceptable for the account with this log-in name and display name, and whether it is in the list of
    /// breached passwords.
    ///
    /// # Errors
    /// Fails if the password is too short, too long, easy to guess or breached. Fails also if the list cannot be read.
    pub(crate) async fn judge_password(
        &self,
        password: &Private<String>,
        login: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        let centre = &self.centre.settings().name;
        let centre = format!("{} {}", centre.serbian(), centre.english());
        judge(password, login, name, &centre).map_err(StoreError::Conflict)?;
        let Some(list) = self.breached_passwords.clone() else {
            return Ok(());
        };
        let password = password.clone();
        let found = tokio::task::spawn_blocking(move || list.contains(password.expose()));
        match found.await.map_err(std::io::Error::other)?? {
            true => Err(StoreError::Conflict(Conflict::BreachedPassword)),
            false => Ok(()),
        }
    }
}

/// Counts the characters that remain after these words are removed from a text.
fn left_without(words: &[&str], folded: &str) -> usize {
    let mut words: Vec<String> = words.iter().map(|word| fold(word)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = folded.to_owned();
    for word in words {
        rest = rest.replace(&word, " ");
    }
    rest.chars().filter(|c| !c.is_whitespace()).count()
}

/// Returns whether a stored hash was made with other parameters than those of new hashes.
pub(crate) fn has_old_parameters(stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else {
        return false;
    };
    let costs = |params: &Params| [params.m_cost(), params.t_cost(), params.p_cost()];
    let is_present =
        Params::try_from(&stored).is_ok_and(|params| costs(&params) == costs(&Params::default()));
    !is_present
        || stored.algorithm != Algorithm::default().ident()
        || stored.version != Some(Version::default().into())
}

/// Hashes a new password for storage.
pub(crate) async fn hashed(password: &Private<String>) -> Result<String, StoreError> {
    let password = password.clone();
    let _turn = turn(Device::Known).await?;
    let hash = tokio::task::spawn_blocking(move || new_hash(password.expose().as_bytes()));
    let hash = hash.await.ok().flatten();
    hash.ok_or(StoreError::Conflict(Conflict::UnhashablePassword))
}

/// Checks a password against the stored hash. If there is no stored hash, the result is `false` after the same time as for a wrong
/// password.
pub(crate) async fn verified(
    password: &Private<String>,
    stored: Option<String>,
    device: Device,
) -> Result<bool, StoreError> {
    /// A hash that no password matches. For an unknown log-in name, the password is checked against this hash, so that the response takes
    /// as long as for a wrong password.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Zm9yIG5vYm9keSBhdCBhbGwsIG5vdCBldmVuIHVzLi4";
    let password = password.clone();
    let known = stored.is_some();
    let _turn = turn(device).await?;
    let checked = tokio::task::spawn_blocking(move || {
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        is_right(password.expose().as_bytes(), &stored).unwrap_or(false)
    });
    Ok(checked.await.unwrap_or(false) && known)
}

fn new_hash(password: &[u8]) -> Option<String> {
    let (algorithm, version, params) = (Algorithm::default(), Version::default(), Params::default());
    let salt = Salt::new(&chance::bytes::<16>()).ok()?;
    let kept = ParamsString::try_from(&params).ok()?;
    let output = filled(
        &Argon2::new(algorithm, version, params),
        password,
        &salt,
        Params::DEFAULT_OUTPUT_LEN,
    )?;
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: kept,
        salt: Some(salt),
        hash: Some(output),
    };
    Some(hash.to_string())
}

fn is_right(password: &[u8], stored: &str) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = match stored.version {
        Some(version) => Version::try_from(version).ok()?,
        None => Version::default(),
    };
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored).ok()?);
    let expected = stored.hash?;
    // Comparing two `Output` values takes constant time.
    Some(filled(&argon2, password, &stored.salt?, expected.len())? == expected)
}

fn filled(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], length: usize) -> Option<Output> {
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    memory.resize(argon2.params().block_count(), Block::new());
    let mut buffer = [0; Output::MAX_LENGTH];
    let output = buffer.get_mut(..length)?;
    let done = argon2.hash_password_into_with_memory(password, salt, output, memory.as_mut_slice());
    // Overwrites the memory, because it contains values derived from the password.
    memory.fill(Block::new());
    done.ok()?;
    Output::new(output).ok()
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    fn judged(password: &str) -> Result<(), Conflict> {
        judge(
            &password.to_owned().into(),
            "mila.petrovic",
            "Мила Петровић",
            "Плави телефон",
        )
    }

    #[test]
    fn passwords_that_are_guessed_soon_are_refused() {
        for weak in [
            "aaaaaaaaaaaa",
            "123456789012",
            "abcabcabcabc",
            "qwertyuiopas",
            "qwertzuiopšđ",
            "password1234",
            "Password123!",
            "mila.petrovic",
            "petrovicmila",
            "MilaPetrovic1",
            "plavitelefon!",
            "Plavi-Telefon-26",
            "милапетровић",
            "mila.petrovic2026",
            "lozinka12345",
            "лозинка12345",
            "partizan1234",
            "111111111111",
            "iloveyou1234",
            "hotlinehotline",
            "crvenazvezda",
            "            ",
            "adminadminadmin",
        ] {
            assert_eq!(judged(weak), Err(Conflict::WeakPassword), "{weak}");
        }
        assert_eq!(judged("kT9#vLq2!xz"), Err(Conflict::ShortPassword));
        assert_eq!(judged(&"kT9#vLq2!xzR".repeat(11)), Err(Conflict::LongPassword));
        for good in [
            "a long password",
            "everybody's password",
            "kT9#vLq2!xzR",
            "plava vrata tiho klize",
            "плава врата тихо клизе",
            "četiri žute kruške",
        ] {
            assert_eq!(judged(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn hashes_are_the_same_that_the_library_makes_and_reads() {
        let ours = new_hash(b"plava vrata").unwrap();
        let read = PasswordHash::new(&ours).unwrap();
        Argon2::default().verify_password(b"plava vrata", &read).unwrap();
        let theirs = Argon2::default()
            .hash_password(b"plava vrata")
            .unwrap()
            .to_string();
        assert_eq!(is_right(b"plava vrata", &theirs), Some(true));
        assert_eq!(is_right(b"plava vrata!", &theirs), Some(false));
        assert_eq!(is_right(b"", &ours), Some(false));
        let memory = MEMORY.lock().unwrap();
        assert!(
            memory
                .iter()
                .all(|block| block.as_ref().iter().all(|word| *word == 0))
        );
    }

    #[test]
    fn common_passwords_are_refused_without_a_list_of_breached_ones() {
        // These are long enough and in the list of common passwords of `zxcvbn`.
        for common in [
            "123qweasdzxc",
            "1qaz2wsx3edc",
            "q1w2e3r4t5y6",
            "1q2w3e4r5t6y",
            "qazwsxedcrfv",
            "qwerty123456",
            "leavemealone",
            "gfhjkmgfhjkm",
            "sonyericsson",
            "finalfantasy",
            "justinbieber",
            "needforspeed",
            "counterstrike",
            "whosyourdaddy",
            "123456789987654321",
        ] {
            assert!(common.chars().count() >= SHORTEST_PASSWORD, "{common}");
            assert!(zxcvbn(common, &[]).score() < Score::Three, "{common}");
            assert_eq!(judged(common), Err(Conflict::WeakPassword), "{common}");
        }
    }

    #[test]
    fn a_hash_with_other_parameters_is_old() {
        assert!(!has_old_parameters(&new_hash(b"plava vrata").unwrap()));
        let salt_and_hash = "c29tZXNhbHRzb21lc2FsdA$Zm9yIG5vYm9keSBhdCBhbGwsIG5vdCBldmVuIHVzLi4";
        for (start, is_old) in [
            ("$argon2id$v=19$m=19456,t=2,p=1$", false),
            ("$argon2id$v=19$m=8192,t=2,p=1$", true),
            ("$argon2id$v=19$m=19456,t=1,p=1$", true),
            ("$argon2i$v=19$m=19456,t=2,p=1$", true),
            ("$argon2id$v=16$m=19456,t=2,p=1$", true),
        ] {
            let stored = format!("{start}{salt_and_hash}");
            assert_eq!(has_old_parameters(&stored), is_old, "{stored}");
        }
        assert!(!has_old_parameters(""), "no password");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_known_device_passes_everybody_who_guesses_elsewhere() {
        let guess: Private<String> = "a wrong password".to_owned().into();
        let mut guesses = tokio::task::JoinSet::new();
        for _ in 0..80 {
            let guess = guess.clone();
            guesses.spawn(async move { verified(&guess, None, Device::Unknown).await });
        }
        guesses.join_next().await.unwrap().unwrap().unwrap();
        assert!(!verified(&guess, None, Device::Known).await.unwrap());
        let mut left = guesses.len();
        while guesses.try_join_next().is_some() {
            left -= 1;
        }
        assert!(left > 60, "it waited for all but {left}");
    }
}
