//! Which jobs end before which others start.

use std::collections::{HashMap, VecDeque};

use crate::plan::JobPlan;

/// For each job, by its place in the plan, a bit for every job that ends before it starts. A pipeline may have thousands of
/// jobs, each after most of the others.
pub(crate) struct Order {
    before: Vec<Vec<u64>>,
    /// Those that never start, since jobs that they wait for wait for each other.
    stuck: Vec<bool>,
}

impl Order {
    pub(crate) fn of(jobs: &[JobPlan]) -> Self {
        let places: HashMap<&str, usize> = jobs
            .iter()
            .enumerate()
            .map(|(place, job)| (job.id.as_str(), place))
            .collect();
        let needs: Vec<Vec<usize>> = jobs
            .iter()
            .map(|job| {
                let needs = job.needs.iter();
                needs
                    .filter_map(|need| places.get(need.as_str()).copied())
                    .collect()
            })
            .collect();
        let mut needed_by = vec![Vec::new(); jobs.len()];
        for (job, needs) in needs.iter().enumerate() {
            for need in needs {
                if let Some(list) = needed_by.get_mut(*need) {
                    list.push(job);
                }
            }
        }
        let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let mut before = vec![vec![0_u64; jobs.len().div_ceil(64)]; jobs.len()];
        let mut ready: VecDeque<usize> = (0..jobs.len())
            .filter(|job| open.get(*job) == Some(&0))
            .collect();
        // Jobs that wait for each other are never ready; that is another mistake, and they are in no order.
        while let Some(job) = ready.pop_front() {
            let Some(row) = before.get_mut(job) else {
                continue;
            };
            let mut row = std::mem::take(row);
            for need in needs.get(job).into_iter().flatten() {
                for (bits, more) in row.iter_mut().zip(before.get(*need).into_iter().flatten()) {
                    *bits |= more;
                }
                if let Some(bits) = row.get_mut(need / 64) {
                    *bits |= 1 << (need % 64);
                }
            }
            if let Some(place) = before.get_mut(job) {
                *place = row;
            }
            for next in needed_by.get(job).into_iter().flatten() {
                if let Some(open) = open.get_mut(*next) {
                    *open -= 1;
                    if *open == 0 {
                        ready.push_back(*next);
                    }
                }
            }
        }
        let stuck = open.iter().map(|open| *open > 0).collect();
        Self { before, stuck }
    }

    /// Whether a job waits for jobs that wait for each other; that is another mistake, and nothing is known of its order.
    pub(crate) fn is_stuck(&self, job: usize) -> bool {
        self.stuck.get(job) == Some(&true)
    }

    /// Whether a job ends before another one starts; both by their places.
    pub(crate) fn is_before(&self, first: usize, second: usize) -> bool {
        let bits = self.before.get(second).and_then(|row| row.get(first / 64));
        bits.is_some_and(|bits| bits >> (first % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_before_what() {
        let job = |id: &str, needs: &[&str]| JobPlan {
            id: id.to_owned(),
            key: id.to_owned(),
            matrix: None,
            environment: None,
            caches: Vec::new(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            steps: Vec::new(),
        };
        let jobs = [
            job("d", &["b", "c"]),
            job("a", &[]),
            job("b", &["a"]),
            job("c", &["a", "nothing"]),
            job("x", &["y"]),
            job("y", &["x"]),
        ];
        let order = Order::of(&jobs);
        let mut found = Vec::new();
        for (first, one) in jobs.iter().enumerate() {
            for (second, other) in jobs.iter().enumerate() {
                if order.is_before(first, second) {
                    found.push(format!("{}{}", one.id, other.id));
                }
            }
        }
        assert_eq!(found, ["ad", "ab", "ac", "bd", "cd"]);
        let stuck = (0..jobs.len()).filter(|job| order.is_stuck(*job));
        assert_eq!(stuck.collect::<Vec<_>>(), [4, 5]);
        // More than a word of bits, in the order that suits worst.
        let ids: Vec<String> = (0..200).map(|number| format!("j{number}")).collect();
        let chain: Vec<JobPlan> = (0..200)
            .map(|place| match ids.get(place + 1) {
                Some(next) => job(&ids[place], &[next]),
                None => job(&ids[place], &[]),
            })
            .collect();
        let order = Order::of(&chain);
        assert!(order.is_before(199, 0) && order.is_before(150, 20) && !order.is_before(20, 150));
    }
}
