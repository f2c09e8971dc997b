//! Measures what a step costs, beside what the shell's way of running it costs.
//!
//! ```text
//! cargo run --release -p capstep-bench [-- NAME… [--context=MEGABYTES]]
//! ```
//!
//! Both sides of a comparison take turns in one run, so that whatever else the machine does hits both. Times and ratios
//! are printed with their spread; nothing is asserted, since a busy machine proves nothing. `docs/performance.md` has a
//! measured table.
//!
//! - `warm`: a step in a running engine, and `step_run`: the same at the host's level, against `bash -c true`;
//! - `cold`: the whole program for one step, against `bash`, and `just`: against that, which is fetched from crates.io;
//!   `hundred`: for a hundred, against a hundred processes;
//! - `scale`: a thousand steps and ten thousand, their time and memory;
//! - `sleepers`: a thousand operations that wait at once, and the threads that this takes;
//! - `masking`: how fast what steps say is masked; `upload`: copies to a server, against `scp`;
//! - `live`: what the live view costs a step that says a lot;
//! - `docker`: a build with a large context, against `docker build`; needs root and the packages of the tests;
//! - `samples`, `report`: numbers and how they are printed; `program`, `project`, `bash`, `watch`: what is measured.

mod bash;
mod cold;
mod docker;
mod hundred;
mod just;
mod live;
mod machine;
mod masking;
mod program;
mod project;
mod report;
mod samples;
mod scale;
mod sleepers;
mod step_run;
mod upload;
mod warm;
mod watch;

/// Each measurement with its name, in the order of the table.
const MEASUREMENTS: [(&str, fn()); 11] = [
    ("warm", warm::measure),
    ("step-run", step_run::measure),
    ("cold", cold::measure),
    ("just", just::measure),
    ("hundred", hundred::measure),
    ("scale", scale::measure),
    ("sleepers", sleepers::measure),
    ("masking", masking::measure),
    ("upload", upload::measure),
    ("live", live::measure),
    ("docker", docker::measure),
];

/// Before a size for the measurement `docker`, in megabytes.
const CONTEXT: &str = "--context=";

fn main() {
    let (sizes, wanted): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with(CONTEXT));
    let context = sizes.last().map(|size| {
        let number = size.trim_start_matches(CONTEXT);
        number.parse::<usize>().unwrap_or_else(|_| {
            eprintln!("`{size}`: write a number of megabytes, `{CONTEXT}50`");
            std::process::exit(2);
        })
    });
    let names: Vec<&str> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        eprintln!(
            "there is no measurement `{unknown}`; there are: {}",
            names.join(", ")
        );
        std::process::exit(2);
    }
    program::build();
    machine::describe();
    report::head();
    for (name, measure) in MEASUREMENTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            match context {
                Some(megabytes) if name == "docker" => docker::measure_with(megabytes),
                _ => measure(),
            }
        }
    }
    machine::load("after");
}
