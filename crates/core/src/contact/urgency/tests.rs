use super::*;

fn messages() -> Vec<(String, Urgency, String, String, String)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/urgency");
    let mut all = Vec::new();
    for file in ["tune-danger", "tune-other", "apart"] {
        let text = std::fs::read_to_string(format!("{dir}/{file}.tsv")).unwrap();
        for line in text.lines() {
            let c: Vec<&str> = line.split('\t').collect();
            all.push((
                c[0].into(),
                Urgency::parse(c[1]).unwrap(),
                c[2].into(),
                c[3].into(),
                c[4].into(),
            ));
        }
    }
    all
}

#[test]
fn scratch() {
    let rules = UrgencyRules::centre().unwrap_or_else(|e| panic!("{e}"));
    let show = std::env::var("SHOW").unwrap_or_default();
    for set in ["tune", "apart"] {
        let mut t: std::collections::BTreeMap<String, [usize; 3]> = Default::default();
        let (mut d, mut dh, mut u, mut uh) = (0, 0, 0, 0);
        for (class, want, _s, which, text) in messages() {
            if which != set {
                continue;
            }
            let got = rules.assess(&text, None, 0);
            let e = t.entry(class.clone()).or_default();
            e[0] += 1;
            if got.urgency > Urgency::Ordinary {
                e[1] += 1
            }
            if got.urgency == Urgency::Danger {
                e[2] += 1
            }
            if want == Urgency::Danger {
                d += 1;
                if got.urgency == want {
                    dh += 1
                }
            }
            if want >= Urgency::Urgent {
                u += 1;
                if got.urgency >= Urgency::Urgent {
                    uh += 1
                }
            }
            if set == show && got.urgency != want {
                let ids: Vec<_> = got
                    .reasons
                    .iter()
                    .map(|r| format!("{}:{}", r.rule, r.urgency.as_str()))
                    .collect();
                println!(
                    "{class} want {} got {} {ids:?} | {text}",
                    want.as_str(),
                    got.urgency.as_str()
                );
            }
        }
        println!("{set} danger {dh}/{d} urgent+ {uh}/{u} (n, raised, danger) {t:?}");
    }
}
