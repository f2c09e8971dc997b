//! The order of jobs, and jobs that wait for each other.

use std::collections::{BTreeSet, HashMap};

use super::names::shown;
use super::pipeline::Pipeline;
use crate::codes;
use crate::diagnostic::Diagnostic;

/// The places of jobs in `pipeline.jobs`, each after all that it needs and otherwise in the order written. Jobs of a
/// cycle, and those that wait for one, are not in it; a pipeline without errors has none.
pub fn topological(pipeline: &Pipeline) -> Vec<usize> {
    let mut graph = Graph::new(pipeline);
    graph.advance();
    graph.order
}

/// A mistake for each cycle.
pub(super) fn cycles(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut graph = Graph::new(pipeline);
    let mut mistakes = Vec::new();
    graph.advance();
    while let Some(cycle) = graph.cycle() {
        mistakes.push(mistake(pipeline, &cycle));
        for job in cycle {
            graph.finish(job);
        }
        graph.advance();
    }
    mistakes
}

/// Jobs by place, taken away one by one as what they need is done.
struct Graph {
    /// What each job needs; unknown jobs are left out.
    needs: Vec<BTreeSet<usize>>,
    /// Which jobs need each one.
    needed_by: Vec<Vec<usize>>,
    /// How many that are not done each job needs.
    open: Vec<usize>,
    ready: BTreeSet<usize>,
    left: BTreeSet<usize>,
    order: Vec<usize>,
}

impl Graph {
    fn new(pipeline: &Pipeline) -> Self {
        let places: HashMap<&str, usize> = pipeline
            .jobs
            .iter()
            .enumerate()
            .map(|(place, job)| (job.id.value.as_str(), place))
            .collect();
        let needs: Vec<BTreeSet<usize>> = pipeline
            .jobs
            .iter()
            .map(|job| {
                let known = job.needs.iter();
                known
                    .filter_map(|need| places.get(need.value.as_str()).copied())
                    .collect()
            })
            .collect();
        let mut needed_by = vec![Vec::new(); needs.len()];
        for (job, needs) in needs.iter().enumerate() {
            for &need in needs {
                if let Some(list) = needed_by.get_mut(need) {
                    list.push(job);
                }
            }
        }
        let open: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
        let ready = open.iter().enumerate();
        Self {
            ready: ready
                .filter(|(_, open)| **open == 0)
                .map(|(job, _)| job)
                .collect(),
            left: (0..needs.len()).collect(),
            order: Vec::with_capacity(needs.len()),
            needs,
            needed_by,
            open,
        }
    }

    /// Takes away all jobs that can run, first come first.
    fn advance(&mut self) {
        while let Some(job) = self.ready.pop_first() {
            if self.left.contains(&job) {
                self.order.push(job);
                self.finish(job);
            }
        }
    }

    fn finish(&mut self, job: usize) {
        self.left.remove(&job);
        let waiting = self.needed_by.get(job).map(Vec::as_slice);
        for &next in waiting.unwrap_or_default() {
            if let Some(open) = self.open.get_mut(next) {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    self.ready.insert(next);
                }
            }
        }
    }

    /// A cycle among the jobs that are left, each followed by one that it needs.
    fn cycle(&self) -> Option<Vec<usize>> {
        let mut path = Vec::new();
        let mut places = HashMap::new();
        let mut job = *self.left.first()?;
        loop {
            if let Some(&start) = places.get(&job) {
                return path.get(start..).map(<[usize]>::to_vec);
            }
            places.insert(job, path.len());
            path.push(job);
            // A job is left since something that it needs is left, so this goes on until it comes round.
            job = *self
                .needs
                .get(job)?
                .iter()
                .find(|need| self.left.contains(need))?;
        }
    }
}

fn mistake(pipeline: &Pipeline, cycle: &[usize]) -> Diagnostic {
    let jobs: Vec<_> = cycle
        .iter()
        .filter_map(|&place| pipeline.jobs.get(place))
        .collect();
    let ids: Vec<String> = jobs.iter().map(|job| shown(&job.id.value)).collect();
    let path = [ids.as_slice(), ids.get(..1).unwrap_or_default()].concat();
    let path = path.join(" → ");
    let message = if jobs.len() == 1 {
        format!("this job waits for itself: `{path}`")
    } else {
        format!("jobs wait for each other: `{path}`")
    };
    let mut places = jobs
        .iter()
        .zip(jobs.iter().cycle().skip(1))
        .filter_map(|(job, next)| {
            let need = job.needs.iter().find(|need| need.value == next.id.value)?;
            let words = format!("`{}` needs `{}`", shown(&job.id.value), shown(&need.value));
            Some((need.span, words))
        });
    let (span, label) = places.next().unwrap_or_default();
    let diagnostic = Diagnostic::error(codes::DEPENDENCY_CYCLE, span, message)
        .label(label)
        .help("remove one of these from `needs`");
    places.fold(diagnostic, |diagnostic, (span, words)| {
        diagnostic.related(span, words)
    })
}
