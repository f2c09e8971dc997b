//! The project is a right pipeline: it is planned against the built-in plugins' manifests without a remark.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use capstep_demo::{DENIED_FILE, DemoProject, DemoServers, PIPELINE_FILE, SCRIPT, SECRET_NAMES};
use capstep_grants::manifest::Manifest;
use capstep_grants::plan::{Plan, PluginProblem, PluginSource, Variables, plan};
use capstep_pipeline::{Pipeline, Source, parse_pipeline};

struct Plugins;

impl PluginSource for Plugins {
    fn manifest(&self, _: &Pipeline, uses: &str) -> Result<Arc<Manifest>, PluginProblem> {
        let path = format!(
            "{}/../../plugins/{uses}/plugin.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let (_, manifest) = Manifest::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap();
        Ok(Arc::new(manifest))
    }
}

fn planned(file: &Path) -> (Pipeline, Plan) {
    let source = Source::new("capstep.yml", std::fs::read_to_string(file).unwrap());
    let (pipeline, found) = parse_pipeline(&source);
    assert!(found.is_empty(), "{found:#?}");
    let pipeline = pipeline.unwrap();
    let (plan, found) = plan(&source, &pipeline, &Plugins, &Variables::default());
    assert!(found.is_empty(), "{found:#?}");
    (pipeline, plan)
}

#[tokio::test]
async fn both_pipelines_are_planned_without_a_remark() {
    let servers = DemoServers::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    DemoProject::write(folder.path(), &servers).unwrap();
    let (_, deploy) = planned(&folder.path().join(PIPELINE_FILE));
    let text = serde_json::to_string(&deploy).unwrap();
    for part in [
        format!("demo@127.0.0.1:{}", servers.ssh_port()),
        format!("http://127.0.0.1:{}/health", servers.http_port()),
        servers.release(),
    ] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    let (_, denied) = planned(&folder.path().join(DENIED_FILE));
    let text = serde_json::to_string(&denied).unwrap();
    assert!(
        !text.contains("169.254") && !text.contains("exfil"),
        "{text}"
    );
}

#[tokio::test]
async fn the_pipelines_script_is_the_one_that_the_server_runs() {
    let servers = DemoServers::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    DemoProject::write(folder.path(), &servers).unwrap();
    let file = std::fs::read_to_string(folder.path().join(PIPELINE_FILE)).unwrap();
    let (_, after) = file.split_once("          run: |\n").unwrap();
    let script: String = after
        .lines()
        .map_while(|line| line.strip_prefix("            "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(script, SCRIPT);
}

#[tokio::test]
async fn no_secret_is_in_the_project() {
    let servers = DemoServers::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    DemoProject::write(folder.path(), &servers).unwrap();
    let secrets = DemoProject::secrets(&servers).unwrap();
    assert_eq!(secrets.each_ref().map(|(name, _)| *name), SECRET_NAMES);
    assert_eq!(secrets[1].1.len(), 64);
    let other = DemoProject::secrets(&servers).unwrap();
    assert!(secrets[1].1 != other[1].1 && secrets[0].1 == other[0].1);
    let body = secrets[0].1.lines().nth(1).unwrap();
    for name in [
        PIPELINE_FILE,
        DENIED_FILE,
        "deploy/known_hosts",
        "site/index.html",
    ] {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(
            !text.contains(body) && !text.contains(secrets[1].1.as_str()),
            "{name}"
        );
    }
}
