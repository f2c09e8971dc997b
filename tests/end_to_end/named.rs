//! A pipeline that is not called `capstep.yml`: it works as well, and is guarded as well.

use std::fs;

use capstep_tests::hostile;
use capstep_tests::journal::assert_planned;
use serde_json::json;

use capstep_tests::deployment::Deployment;

#[test]
fn a_pipeline_of_another_name_deploys() {
    let deployment = Deployment::fresh();
    let from = deployment.project.path("capstep.yml");
    let folder = deployment.project.path("webapp");
    // In the very folder that is uploaded: a part of the pipeline stays here.
    let text = fs::read_to_string(&from).unwrap();
    let text = text
        .replace(
            "{ from: webapp/, to: . }, { from: .env, to: .env }",
            "{ from: ., to: . }",
        )
        .replace("deploy/known_hosts", "known_hosts");
    fs::write(folder.join("webapp.yml"), text).unwrap();
    fs::rename(
        deployment.project.path("deploy/known_hosts"),
        folder.join("known_hosts"),
    )
    .unwrap();
    fs::remove_file(from).unwrap();
    deployment.run_file("webapp/webapp.yml").expect(0);
    assert_eq!(deployment.service.version().as_deref(), Some("1"));
    let current = deployment.current().unwrap();
    assert!(current.join("static/style.css").exists());
    assert!(
        !current.join("webapp.yml").exists(),
        "the pipeline was uploaded"
    );
}

#[test]
fn a_step_cannot_overwrite_it() {
    let write = |entry: &str| {
        let params =
            json!({ "input": "/folder", "entry": entry, "content": "aGVsbG8=", "options": {} });
        json!([{ "method": "files/write", "params": params }])
    };
    let inputs = "[inputs.folder]\ntype = \"path\"\naccess = [\"read\", \"write\"]\n";
    let with = "          folder: .\n";
    let project = hostile::project(inputs, with, &json!([]));
    fs::create_dir(project.path("ci")).unwrap();
    std::os::unix::fs::symlink(".", project.path("here")).unwrap();
    for (entry, code) in [
        ("deploy.yml", 3),
        ("here/deploy.yml", 3),
        ("deploy.yaml", 0),
    ] {
        let text = hostile::pipeline(with, &write(entry));
        project.write("deploy.yml", &text);
        let plan = project.plan(&["deploy.yml"]);
        let ran = project.capstep(&["run", "deploy.yml"]).expect(code);
        let journal = project.journal();
        assert_planned(&plan, &journal);
        let denied = journal.iter().find(|record| record.phase() == "denied");
        let rule = denied.and_then(|record| record.rule());
        assert_eq!(rule, (code == 3).then_some("reserved-path"), "{entry}");
        if code == 3 {
            ran.says("reserved-path");
        }
        assert_eq!(project.read("deploy.yml"), text, "{entry}");
    }
    assert_eq!(project.read("deploy.yaml"), "hello");
}

#[test]
fn it_cannot_be_handed_over_either() {
    let deployment = Deployment::fresh();
    let pipeline = "version: 1\njobs: { a: { steps: [{ uses: env-setup, with: { file: deploy.yml, vars: { A: b } } }] } }\n";
    deployment.project.write("deploy.yml", pipeline);
    deployment
        .project
        .capstep(&["run", "deploy.yml"])
        .expect(2)
        .says("`deploy.yml` is a part of the pipeline")
        .says("deploy.yml:2:");
    assert_eq!(deployment.project.read("deploy.yml"), pipeline);
}
