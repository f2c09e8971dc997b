//! Makes each job with a matrix into its jobs.

use std::collections::HashMap;

use super::matrix::{self, Matrix};
use super::pipeline::{Job, Pipeline};
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Spanned;

/// The most jobs that all matrices of a pipeline make. A file of a megabyte could ask for millions.
const MAX_JOBS: usize = 2_000;

/// The most steps of these jobs, all together: each is planned by itself.
const MAX_STEPS: usize = 50_000;

/// The most that jobs wait for others where there are matrices, all together: each is kept by its name.
const MAX_NEEDS: usize = 500_000;

impl Reader<'_> {
    /// Makes each job with a matrix into its jobs, and lets what needs it need them all. Where that is too much they
    /// stay as they are, which is told.
    pub(super) fn expand(&mut self, pipeline: &mut Pipeline) {
        if self.matrices.is_empty() {
            return;
        }
        let matrices = std::mem::take(&mut self.matrices);
        let mut made = HashMap::new();
        let jobs = self.variants(&pipeline.jobs, &matrices, &mut made);
        if let Some(jobs) = jobs
            && let Some(jobs) = self.needing_all(jobs, &made)
        {
            pipeline.jobs = jobs;
        }
    }

    /// The jobs, those with a matrix as often as it says; `made` gets the ids of these.
    fn variants(
        &mut self,
        jobs: &[Job],
        matrices: &HashMap<String, Matrix>,
        made: &mut HashMap<String, Vec<String>>,
    ) -> Option<Vec<Job>> {
        let mut all = Vec::new();
        let (mut count, mut steps, mut needs) = (0, 0, 0);
        for job in jobs {
            let Some(matrix) = matrices.get(&job.key) else {
                all.push(job.clone());
                continue;
            };
            let ids = match matrix::ids(&job.id, matrix) {
                Ok(ids) => ids,
                Err(mistake) => {
                    self.report(mistake);
                    continue;
                }
            };
            count += ids.len();
            steps += ids.len().saturating_mul(job.steps.len());
            needs += ids.len().saturating_mul(job.needs.len());
            let limits = [
                (count, MAX_JOBS, "jobs"),
                (steps, MAX_STEPS, "steps"),
                (needs, MAX_NEEDS, "jobs to wait for"),
            ];
            if let Some((_, most, what)) = limits.iter().find(|(count, most, _)| count > most) {
                let message = format!("with this matrix, matrices make more than {most} {what}");
                self.report(
                    Diagnostic::error(codes::BAD_MATRIX, job.id.span, message)
                        .help("take values away, or split the pipeline"),
                );
                return None;
            }
            for (id, variant) in ids.iter().zip(&matrix.variants) {
                let mut one = job.clone();
                one.id.value.clone_from(id);
                one.matrix = Some(variant.clone());
                all.push(one);
            }
            made.insert(job.key.clone(), ids);
        }
        Some(all)
    }

    /// The jobs, each that needs a matrix needing all of its jobs.
    fn needing_all(
        &mut self,
        mut jobs: Vec<Job>,
        made: &HashMap<String, Vec<String>>,
    ) -> Option<Vec<Job>> {
        let mut added = 0;
        for job in &mut jobs {
            for need in std::mem::take(&mut job.needs) {
                let Some(ids) = made.get(&need.value) else {
                    job.needs.push(need);
                    continue;
                };
                added += ids.len();
                if added > MAX_NEEDS {
                    let message = "too many jobs wait for the jobs of matrices";
                    self.report(
                        Diagnostic::error(codes::BAD_MATRIX, need.span, message)
                            .help("let one job wait for the matrix, and the others for that one"),
                    );
                    return None;
                }
                let all = ids.iter().map(|id| Spanned::new(id.clone(), need.span));
                job.needs.extend(all);
            }
        }
        Some(jobs)
    }
}
