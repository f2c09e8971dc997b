//! This program itself.

use capstep_registry::Registry;

use super::Check;
use crate::context::Context;

const PART: &str = "program";

pub(super) fn checks(_: &Context) -> Vec<Check> {
    let target = format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH);
    let plugins: Vec<&str> = Registry::built_in_names().collect();
    vec![
        Check::good(PART, "version", env!("CARGO_PKG_VERSION")),
        match std::env::consts::OS {
            "linux" => Check::good(PART, "system", target),
            _ => Check::note(PART, "system", target)
                .hint("everything works here but the sandbox for processes of the host"),
        },
        Check::good(PART, "plugins", plugins.join(", ")),
    ]
}
