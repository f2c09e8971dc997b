//! All lines of a plan that let a step touch a thing.

use schemars::JsonSchema;
use serde::Serialize;

use super::asked::Asked;
use super::release;
use super::touch::{is_below, touches};
use crate::authority::Authority;
use crate::grant::Grant;
use crate::plan::{CachePlan, CachedPath, Plan, SecretFlow, StepPlan, describe};
use crate::workspace_path::WorkspacePath;

/// A line of the pipeline that lets a step touch a thing.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The job's id.
    pub job: &'a str,
    /// The step; none where it is the job itself.
    pub step: Option<&'a StepPlan>,
    /// The line.
    pub reached: Reached<'a>,
    /// How sure it is.
    pub certainty: Certainty,
}

/// What is written there.
#[derive(Debug, Clone, Copy)]
pub enum Reached<'a> {
    /// Authority, and the step that holds it.
    Grant(&'a Grant, &'a StepPlan),
    /// A secret that goes there, or the secret that was asked for.
    Secret(&'a SecretFlow),
    /// What the job keeps between runs.
    Cache(&'a CachePlan, &'a CachedPath),
}

/// How sure it is that the step may touch the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It may.
    Granted,
    /// It may touch something in the folder that was asked for, not all of it.
    Below,
    /// The value is known only when the step starts, and its bound leaves room for the thing.
    Possible,
}

/// The lines that let a step touch what the text means, in the order of the plan. `local`: the path of the workspace that it
/// is, where it was written as an absolute one.
pub fn find<'a>(plan: &'a Plan, asked: &str, local: Option<&WorkspacePath>) -> Vec<Finding<'a>> {
    let asked = Asked::parse(asked, local);
    let mut found = Vec::new();
    for job in &plan.jobs {
        let cached = of_caches(&job.caches, &asked).into_iter();
        found.extend(cached.map(|(reached, certainty)| Finding {
            job: &job.id,
            step: None,
            reached,
            certainty,
        }));
        for step in &job.steps {
            let lines = of_step(step, &asked);
            found.extend(lines.into_iter().map(|(reached, certainty)| Finding {
                job: &job.id,
                step: Some(step),
                reached,
                certainty,
            }));
        }
    }
    found
}

fn of_caches<'a>(caches: &'a [CachePlan], asked: &Asked) -> Vec<(Reached<'a>, Certainty)> {
    let paths = caches
        .iter()
        .flat_map(|cache| cache.paths.iter().map(move |path| (cache, path)));
    paths
        .filter_map(|(cache, cached)| {
            let certainty = is_below(&cached.path, asked.path.as_ref()?)?;
            Some((Reached::Cache(cache, cached), certainty))
        })
        .collect()
}

fn of_step<'a>(step: &'a StepPlan, asked: &Asked) -> Vec<(Reached<'a>, Certainty)> {
    // A pointer may stand for several items of a list; each is judged by itself.
    let mut grants: Vec<Option<Certainty>> = step
        .held()
        .map(|grant| {
            touches(grant, asked)
                .or_else(|| release::touches(step, grant, asked))
                .or_else(|| text_is(grant, asked))
        })
        .collect();
    // What lies or runs on a thing that is reached: paths and scripts on a server.
    loop {
        let more: Vec<(usize, Certainty)> = step
            .held()
            .enumerate()
            .filter(|(at, _)| grants.get(*at).is_some_and(Option::is_none))
            .filter_map(|(at, grant)| {
                let on = targets(grant);
                let reached = sure(step, &grants, on)?;
                Some((at, reached))
            })
            .collect();
        if more.is_empty() {
            break;
        }
        for (at, certainty) in more {
            if let Some(slot) = grants.get_mut(at) {
                *slot = Some(certainty);
            }
        }
    }
    let lines = step
        .held()
        .zip(&grants)
        .filter_map(|(grant, certainty)| Some((Reached::Grant(grant, step), (*certainty)?)));
    let flows = step.secrets.iter().filter_map(|flow| {
        let is_meant = asked
            .secret
            .as_ref()
            .is_some_and(|name| flow.secrets.contains(name));
        let certainty = if is_meant {
            Certainty::Granted
        } else {
            sure(step, &grants, &flow.far_ends)?
        };
        Some((Reached::Secret(flow), certainty))
    });
    lines.chain(flows).collect()
}

/// How sure it is that one of these inputs is reached.
fn sure(step: &StepPlan, grants: &[Option<Certainty>], pointers: &[String]) -> Option<Certainty> {
    step.held()
        .zip(grants)
        .filter(|(grant, _)| pointers.contains(&grant.pointer))
        .filter_map(|(_, certainty)| *certainty)
        .min()
}

/// The inputs that a grant is about.
fn targets(grant: &Grant) -> &[String] {
    match &grant.authority {
        Some(Authority::RemotePath { targets, .. } | Authority::Script { targets, .. }) => targets,
        _ => &[],
    }
}

/// The thing itself, as the plan writes it: that always means what it says.
fn text_is(grant: &Grant, asked: &Asked) -> Option<Certainty> {
    let is_known = grant.authority.is_some();
    (is_known && !asked.text.is_empty() && describe(grant) == asked.text)
        .then_some(Certainty::Granted)
}

/// Every name that a plan knows, for "did you mean": things as it writes them, hosts, secrets.
pub fn known_names(plan: &Plan) -> Vec<String> {
    let mut names = Vec::new();
    for cached in plan.jobs.iter().flat_map(|job| &job.caches) {
        names.extend(cached.paths.iter().map(|cached| cached.path.to_string()));
    }
    for step in plan.jobs.iter().flat_map(|job| &job.steps) {
        for grant in &step.authority {
            match &grant.authority {
                Some(Authority::Url { url, .. }) => {
                    names.push(url.clone());
                    let host = url::Url::parse(url).ok();
                    names.extend(host.and_then(|url| url.host_str().map(str::to_owned)));
                }
                Some(Authority::TcpAddress { host, .. } | Authority::SshTarget { host, .. }) => {
                    names.push(host.clone());
                    names.push(describe(grant));
                }
                Some(Authority::Script { .. }) | None => {}
                Some(authority) => names.push(authority.to_string()),
            }
        }
        for flow in &step.secrets {
            names.extend(flow.secrets.iter().cloned());
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Variables;
    use crate::testing::{Plugins, planned};

    const PIPELINE: &str = r#"version: 1
secrets: [DEPLOY_KEY, SECRET_KEY_BASE]
jobs:
  build:
    cache: { paths: [vendor/bundle, tmp], key: "gems-${{ hashFiles('Gemfile.lock') }}" }
    steps:
      - uses: noop
  deploy:
    needs: [build]
    steps:
      - uses: env-setup
        with: { file: out/.env, vars: { SECRET_KEY_BASE: "${{ secrets.SECRET_KEY_BASE }}" } }
      - uses: ssh-deploy
        with:
          target: root@203.0.113.7
          identity: "${{ secrets.DEPLOY_KEY }}"
          known-hosts: deploy/known_hosts
          upload: [ { from: webapp/, to: /srv/webapp/ }, { from: out/.env, to: /srv/webapp/.env } ]
          working-directory: /srv/webapp
          run: bash deploy.sh
      - uses: health-check
        with: { url: "http://203.0.113.7/health/database/" }
"#;

    fn check(asked: &str, expected: &[&str]) {
        let (_, plan, diagnostics) = planned(PIPELINE, &Plugins::built_in(), &Variables::default());
        assert_eq!(diagnostics, []);
        let found: Vec<String> = find(&plan, asked, None)
            .iter()
            .map(|found| {
                let what = match found.reached {
                    Reached::Grant(grant, _) => format!("{} {}", grant.pointer, describe(grant)),
                    Reached::Secret(flow) => format!("{} → {}", flow.secrets.join("+"), flow.to),
                    Reached::Cache(cache, cached) => {
                        format!("{} {} by {}", cached.pointer, cached.path, cache.key)
                    }
                };
                let step = found.step.map_or(0, |step| step.number);
                format!("{}.{step} {what} {:?}", found.job, found.certainty)
            })
            .collect();
        assert_eq!(found, expected, "{asked}");
    }

    #[test]
    fn hosts_show_everything_that_goes_there() {
        let deploy = [
            "deploy.2 /target/0 root@203.0.113.7 Granted",
            "deploy.2 /upload/0/to /srv/webapp Granted",
            "deploy.2 /upload/1/to /srv/webapp/.env Granted",
            "deploy.2 /run bash deploy.sh Granted",
            "deploy.2 DEPLOY_KEY → SSH login root@203.0.113.7 Granted",
        ];
        let health = "deploy.3 /url/0 http://203.0.113.7/health/database/ Granted";
        let mut both = deploy.to_vec();
        both.push(health);
        check("203.0.113.7", &both);
        check("root@203.0.113.7", &deploy);
        check("203.0.113.7:80", &[health]);
        check("http://203.0.113.7/health/database/", &[health]);
        check("http://203.0.113.7/other", &[]);
        check("admin@203.0.113.7", &[]);
        check("203.0.113.8", &[]);
    }

    #[test]
    fn paths_secrets_and_what_is_nowhere() {
        check(
            "out/.env",
            &[
                "deploy.1 /file out/.env Granted",
                "deploy.1 SECRET_KEY_BASE → file out/.env (compose) Granted",
                "deploy.2 /upload/1/from out/.env Granted",
            ],
        );
        check(
            "webapp/app/main.py",
            &["deploy.2 /upload/0/from webapp Granted"],
        );
        check(
            "out",
            &[
                "deploy.1 /file out/.env Below",
                "deploy.1 SECRET_KEY_BASE → file out/.env (compose) Below",
                "deploy.2 /upload/1/from out/.env Below",
            ],
        );
        check(
            "/srv/webapp/.env",
            &[
                "deploy.2 /upload/0/to /srv/webapp Granted",
                "deploy.2 /upload/1/to /srv/webapp/.env Granted",
            ],
        );
        check(
            "DEPLOY_KEY",
            &["deploy.2 DEPLOY_KEY → SSH login root@203.0.113.7 Granted"],
        );
        let kept = "gems-${{ hashFiles('Gemfile.lock') }}";
        let bundle = |how: &str| format!("build.0 cache/0/paths/0 vendor/bundle by {kept} {how}");
        check("vendor/bundle/ruby/x.rb", &[&bundle("Granted")]);
        check("vendor", &[&bundle("Below")]);
        check(
            "tmp",
            &[&format!("build.0 cache/0/paths/1 tmp by {kept} Granted")],
        );
        check("capstep.yml", &[]);
        check("elsewhere", &[]);
        check("", &[]);
    }

    #[test]
    fn a_bound_leaves_room() {
        let text = r#"version: 1
jobs:
  a:
    steps:
      - { id: made, uses: noop, with: { echo: x } }
      - uses: health-check
        with: { url: { value: "https://${{ steps.made.outputs.echo }}/", within: "https://*.example.com/" } }
"#;
        let (_, plan, diagnostics) = planned(text, &Plugins::built_in(), &Variables::default());
        assert_eq!(diagnostics, []);
        let check = |asked: &str, expected: &[Certainty]| {
            let found: Vec<_> = find(&plan, asked, None)
                .iter()
                .map(|found| found.certainty)
                .collect();
            assert_eq!(found, expected, "{asked}");
        };
        check("web.example.com", &[Certainty::Possible]);
        check("web.example.com:443", &[Certainty::Possible]);
        check("web.example.com:80", &[]);
        check("https://web.example.com/x", &[Certainty::Possible]);
        check("example.org", &[]);
    }
}
