//! Races, found before the run: since every step's reads and writes are known, two steps that may run at once must not
//! write what the other reads or writes.

mod order;

use std::collections::HashSet;

use capstep_pipeline::{Diagnostic, Source, Span};

use crate::authority::Authority;
use crate::grant::Place;
use crate::image_reference::ImageReference;
use crate::manifest::Access;
use crate::plan::{JobEnvironment, JobPlan, Plan, StepPlan};
use crate::remote_path;
use crate::workspace_path::WorkspacePath;
pub(crate) use order::Order;

/// A thing that a step touches.
enum Thing {
    Local(WorkspacePath),
    Remote {
        host: String,
        port: u16,
        path: String,
    },
    Image(ImageReference),
    State {
        name: String,
        environment: Option<JobEnvironment>,
    },
}

struct Touch<'a> {
    thing: Thing,
    writes: bool,
    place: &'a Place,
}

/// All pairs of steps that race.
pub(crate) fn find(source: &Source, plan: &Plan) -> Vec<Diagnostic> {
    let order = Order::of(&plan.jobs);
    // What a step touches is worked out once, and a job that touches nothing races with none: every job is held against
    // every other one, and a pipeline may have thousands.
    let jobs: Vec<(usize, &JobPlan, Vec<Toucher<'_>>)> = plan
        .jobs
        .iter()
        .enumerate()
        .map(|(place, job)| {
            let steps = job.steps.iter().map(|step| Toucher {
                job,
                name: format!("`{}` in job `{}`", step.name, job.id),
                touches: touches(job, step),
            });
            let all = steps.chain([Toucher {
                job,
                name: format!("the cache of job `{}`", job.id),
                touches: cached(job),
            }]);
            let all: Vec<_> = all.filter(|toucher| !toucher.touches.is_empty()).collect();
            (place, job, all)
        })
        .filter(|(place, _, steps)| !steps.is_empty() && !order.is_stuck(*place))
        .collect();
    let mut found = Vec::new();
    // Two jobs of a matrix race in the same lines as any other two of it: that is told once.
    let mut told = HashSet::new();
    for (index, (here, left, firsts)) in jobs.iter().enumerate() {
        for (there, right, seconds) in jobs.iter().skip(index + 1) {
            if order.is_before(*here, *there) || order.is_before(*there, *here) {
                continue;
            }
            for first in firsts {
                for second in seconds {
                    if let Some(diagnostic) = race(source, first, second) {
                        let matrix = left.matrix.is_some() || right.matrix.is_some();
                        let about = (left.key.as_str(), right.key.as_str(), diagnostic.span);
                        if !matrix || told.insert(about) {
                            found.push(diagnostic);
                        }
                    }
                }
            }
        }
    }
    found
}

/// A step, or the cache of a job, that touches something.
struct Toucher<'a> {
    job: &'a JobPlan,
    /// What it is called.
    name: String,
    touches: Vec<Touch<'a>>,
}

fn race(source: &Source, left: &Toucher<'_>, right: &Toucher<'_>) -> Option<Diagnostic> {
    for touch in &left.touches {
        for other in &right.touches {
            if !(touch.writes || other.writes) || !meet(&touch.thing, &other.thing) {
                continue;
            }
            let (code, message) = if touch.writes && other.writes {
                (
                    "overlapping-writes",
                    format!(
                        "{} and {} may run at once and both write `{}`",
                        left.name,
                        right.name,
                        shown(&other.thing)
                    ),
                )
            } else {
                let (writer, reader) = if touch.writes {
                    (left, right)
                } else {
                    (right, left)
                };
                (
                    "read-while-written",
                    format!(
                        "{} may read `{}` while {} writes it",
                        reader.name,
                        shown(&other.thing),
                        writer.name
                    ),
                )
            };
            let (first, second) = (span_of(source, touch.place), span_of(source, other.place));
            return Some(
                Diagnostic::error(code, second, message)
                    .label("here")
                    .related(first, "and here")
                    .help(if left.job.key == right.job.key {
                        "both are of one matrix: put what tells them apart into the path, such as `${{ matrix.AXIS }}`".to_owned()
                    } else {
                        format!(
                            "say which comes first: `needs: [{}]` in job `{}`",
                            left.job.key, right.job.key
                        )
                    }),
            );
        }
    }
    None
}

/// What is brought back before the first step is written then.
fn cached(job: &JobPlan) -> Vec<Touch<'_>> {
    let paths = job.caches.iter().flat_map(|cache| &cache.paths);
    paths
        .map(|cached| Touch {
            thing: Thing::Local(cached.path.clone()),
            writes: true,
            place: &cached.place,
        })
        .collect()
}

fn touches<'a>(job: &JobPlan, step: &'a StepPlan) -> Vec<Touch<'a>> {
    let mut touches = Vec::new();
    for grant in &step.authority {
        let place = &grant.place;
        // Nothing is done with it: every access is off, and the host doesn't read it either.
        if grant.access.is_empty() && grant.role.is_none() {
            continue;
        }
        match &grant.authority {
            Some(Authority::Path { path }) => {
                let writes = grant
                    .access
                    .iter()
                    .any(|access| matches!(access, Access::Write));
                touches.push(Touch {
                    thing: Thing::Local(path.clone()),
                    writes,
                    place,
                });
            }
            Some(Authority::RemotePath {
                path,
                targets,
                release,
            }) => {
                let writes = grant.access.iter().any(|access| {
                    matches!(access, Access::Upload | Access::Write | Access::Release)
                });
                let base = release
                    .as_ref()
                    .and_then(|pointer| remote_root(step, pointer));
                let path = match base {
                    Some(base) => remote_path::join(&base, path),
                    None => path.clone(),
                };
                for target in targets {
                    let host = step.authority.iter().find(|grant| grant.pointer == *target);
                    if let Some(Authority::SshTarget { host, port, .. }) =
                        host.and_then(|grant| grant.authority.as_ref())
                    {
                        let thing = Thing::Remote {
                            host: host.clone(),
                            port: *port,
                            path: path.clone(),
                        };
                        touches.push(Touch {
                            thing,
                            writes,
                            place,
                        });
                    }
                }
            }
            Some(Authority::Image { image }) => {
                let writes = grant
                    .access
                    .iter()
                    .any(|access| matches!(access, Access::Build | Access::Push));
                touches.push(Touch {
                    thing: Thing::Image(image.clone()),
                    writes,
                    place,
                });
            }
            Some(Authority::State { name }) => touches.push(Touch {
                thing: Thing::State {
                    name: name.clone(),
                    environment: job.environment.clone(),
                },
                writes: grant.access.contains(&Access::Write),
                place,
            }),
            // Nothing of these is written by a step as far as anybody can tell; a run-time value isn't judged.
            Some(
                Authority::Url { .. }
                | Authority::TcpAddress { .. }
                | Authority::SshTarget { .. }
                | Authority::Registry { .. }
                | Authority::Script { .. },
            )
            | None => {}
        }
    }
    touches
}

fn remote_root(step: &StepPlan, pointer: &str) -> Option<String> {
    let grant = step
        .authority
        .iter()
        .find(|grant| grant.pointer == pointer)?;
    match &grant.authority {
        Some(Authority::RemotePath { path, .. }) => Some(path.clone()),
        _ => None,
    }
}

fn meet(left: &Thing, right: &Thing) -> bool {
    match (left, right) {
        (Thing::Local(left), Thing::Local(right)) => left.overlaps(right),
        (
            Thing::Remote { host, port, path },
            Thing::Remote {
                host: other_host,
                port: other_port,
                path: other_path,
            },
        ) => host == other_host && port == other_port && remote_path::overlap(path, other_path),
        (Thing::Image(left), Thing::Image(right)) => left.is_same_tag(right),
        (
            Thing::State { name, environment },
            Thing::State {
                name: other_name,
                environment: other,
            },
        ) => {
            // Each environment has values of its own, and so have jobs without one.
            name == other_name && may_be_same(environment.as_ref(), other.as_ref())
        }
        (Thing::Local(_) | Thing::Remote { .. } | Thing::Image(_) | Thing::State { .. }, _) => {
            false
        }
    }
}

/// Whether two jobs may deploy to the same place; a name that is known only at run time may be any.
fn may_be_same(left: Option<&JobEnvironment>, right: Option<&JobEnvironment>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => {
            left.name.is_none() || right.name.is_none() || left.name == right.name
        }
        (left, right) => left.is_none() && right.is_none(),
    }
}

fn shown(thing: &Thing) -> String {
    match thing {
        Thing::Local(path) => path.to_string(),
        Thing::Image(image) => image.to_string(),
        Thing::State { name, .. } => format!("the state {name}"),
        Thing::Remote { host, path, .. } => format!("{path} on {host}"),
    }
}

/// A place back as a span: its line's text from the column on.
fn span_of(source: &Source, place: &Place) -> Span {
    let file = source.file_named(&place.file);
    let Some((line, text)) = file.and_then(|file| file.line(place.line)) else {
        return Span::default();
    };
    let column = text
        .char_indices()
        .nth(place.column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at);
    let start = line + column;
    let length = text.get(column..).map_or(0, |rest| rest.trim_end().len());
    Span::new(start, start + length)
}

#[cfg(test)]
mod tests;
