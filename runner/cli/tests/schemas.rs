//! The schemas in `docs/schema/` are what the program prints.

use std::path::Path;
use std::process::Command;

const NAMES: [&str; 13] = [
    "pipeline",
    "included",
    "manifest",
    "plan",
    "plan-diff",
    "why",
    "events",
    "runs",
    "run",
    "environments",
    "doctor",
    "gc",
    "protocol",
];

#[test]
fn committed_schemas_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for name in NAMES {
        let output = Command::new(env!("CARGO_BIN_EXE_capstep"))
            .args(["schema", name])
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let path = folder.join(format!("{name}.json"));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            printed == committed,
            "docs/schema/{name}.json is out of date: `capstep schema {name} > docs/schema/{name}.json`"
        );
    }
}
