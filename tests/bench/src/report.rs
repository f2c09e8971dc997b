//! The table, as Markdown: it is copied into `docs/performance.md`.

/// Its head.
pub(crate) fn head() {
    println!("\n| what | capstep | beside it | ratio or difference | target |");
    println!("| --- | --- | --- | --- | --- |");
}

/// One row; `met` is whether the target was reached, where there is one.
pub(crate) fn row(
    what: &str,
    ours: &str,
    theirs: &str,
    compared: &str,
    target: Option<(&str, bool)>,
) {
    let target = match target {
        Some((target, true)) => format!("{target}: met"),
        Some((target, false)) => format!("{target}: **missed**"),
        None => "–".to_owned(),
    };
    println!("| {what} | {ours} | {theirs} | {compared} | {target} |");
}
