//! The files shipped to operators.

use std::{path::Path, process::Command};

fn deploy(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("deploy")
        .join(name);
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn the_unit_is_lawful_and_lets_the_program_do_little() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("hotline.service");
    // With `/bin/true` in its place, the program need not be installed.
    let text = deploy("hotline.service").replace("/usr/local/bin/hotline", "/bin/true");
    std::fs::write(&unit, text).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&unit)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (lawful, said) = analyze(&["verify"]);
    assert!(lawful && !said.contains("hotline.service:"), "{said}");
    // The threshold is in tenths: the requirement allows an exposure of 2.0.
    let (safe, said) = analyze(&["security", "--offline=yes", "--threshold=20"]);
    assert!(safe, "{said}");
    let unit = deploy("hotline.service");
    for line in ["LimitCORE=0", "UMask=0077", "LimitNOFILE=65536"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
}

#[test]
fn the_container_runs_as_nobody_in_particular_and_holds_one_program() {
    let file = deploy("Containerfile");
    let last = file.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("\nUSER 10001\n"), "not as root");
    assert_eq!(last.matches("COPY --from=build").count(), 1);
    assert!(file.contains("cargo build --profile dist --locked -p hotline"));
}
