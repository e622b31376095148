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
fn the_drop_in_denies_every_address_that_it_does_not_list() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("hotline.service");
    let text = deploy("hotline.service").replace("/usr/local/bin/hotline", "/bin/true");
    std::fs::write(&unit, text).unwrap();
    let drop_ins = folder.path().join("hotline.service.d");
    std::fs::create_dir(&drop_ins).unwrap();
    let drop_in = deploy("outgoing.conf");
    std::fs::write(drop_ins.join("outgoing.conf"), &drop_in).unwrap();
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(
        verified.status.success() && !said.contains("outgoing.conf:"),
        "{said}"
    );
    assert!(drop_in.lines().any(|line| line == "IPAddressDeny=any"));
    assert!(drop_in.lines().any(|line| line == "IPAddressAllow=localhost"));
}

#[test]
fn the_sample_installation_lets_only_a_proxy_reach_the_service() {
    let unit = deploy("hotline.service");
    for line in ["RuntimeDirectory=hotline", "RuntimeDirectoryMode=0750"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    let file = deploy("Containerfile");
    assert!(file.contains("HOTLINE__HTTP__ALLOW_PLAIN=true"));
    assert!(file.contains("-p 127.0.0.1:8080:8080"));
}

#[test]
fn the_sample_installation_keeps_the_master_key_outside_the_data_folder() {
    let unit = deploy("hotline.service");
    for line in [
        "LoadCredential=master.key:/etc/hotline/master.key",
        "Environment=HOTLINE__DATA__KEY_FILE=%d/master.key",
        "StateDirectory=hotline",
    ] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    assert!(deploy("Containerfile").contains("target=/etc/hotline/master.key"));
}

#[test]
fn the_container_runs_as_nobody_in_particular_and_holds_one_program() {
    let file = deploy("Containerfile");
    let last = file.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("\nUSER 10001\n"), "not as root");
    assert_eq!(last.matches("COPY --from=build").count(), 1);
    assert!(file.contains("cargo build --profile dist --locked -p hotline --no-default-features"));
}

#[test]
fn every_ignored_advisory_has_the_day_of_its_review() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("deny.toml")).unwrap();
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let ignored = document["advisories"]["ignore"].as_array().unwrap();
    for advisory in ignored {
        let advisory = advisory.as_inline_table().unwrap();
        let reason = advisory.get("reason").and_then(|reason| reason.as_str()).unwrap();
        let (_, day) = reason.trim_end_matches(')').rsplit_once("(reviewed ").unwrap();
        assert!(
            chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok(),
            "{reason}"
        );
    }
}
