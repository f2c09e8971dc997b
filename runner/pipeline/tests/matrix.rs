//! The jobs that a matrix makes, against those of nektos/act (`matrix/table.json`, made by `matrix/make_table`).
#![allow(clippy::unwrap_used, clippy::panic)]

use capstep_pipeline::{Source, parse_pipeline};
use serde_json::{Map, Value};

const TABLE: &str = include_str!("matrix/table.json");

/// Where we decide otherwise on purpose.
const OTHERWISE: &[(&str, &str)] = &[];

/// The combinations of the only job's matrix, or the codes of the mistakes.
fn ours(matrix: &str) -> Result<Vec<Map<String, Value>>, Vec<&'static str>> {
    let text =
        format!("version: 1\njobs:\n  j:\n    matrix: {matrix}\n    steps: [{{ uses: noop }}]\n");
    let (pipeline, mistakes) = parse_pipeline(&Source::new("capstep.yml", text));
    if !mistakes.is_empty() {
        return Err(mistakes.iter().map(|mistake| mistake.code).collect());
    }
    let jobs = pipeline.unwrap().jobs;
    Ok(jobs
        .into_iter()
        .map(|job| job.matrix.unwrap().values)
        .collect())
}

/// The same without the order of names, which JSON objects don't have, and without that of the jobs: act goes through axes
/// as a map of Go gives them, which is another way each time. And without how a number is written: Go's JSON has `1` for 1.0.
fn sorted(combinations: &[Map<String, Value>]) -> Vec<Value> {
    let mut sorted: Vec<Value> = combinations
        .iter()
        .map(|combination| {
            let mut entries: Vec<(String, Value)> = combination
                .iter()
                .map(|(name, value)| {
                    (
                        name.clone(),
                        value.as_f64().map_or(value.clone(), Value::from),
                    )
                })
                .collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            entries.into_iter().collect::<Map<_, _>>().into()
        })
        .collect();
    sorted.sort_by_cached_key(Value::to_string);
    sorted
}

#[test]
fn jobs_are_those_of_the_reference_tool() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    assert_eq!(table["act"], "v0.2.89");
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() >= 30);
    let mut otherwise = Vec::new();
    for case in cases {
        let name = case["case"].as_str().unwrap();
        let theirs: Vec<Map<String, Value>> =
            serde_json::from_value(case["act"].clone()).unwrap_or_default();
        let same = match ours(case["matrix"].as_str().unwrap()) {
            Ok(made) => sorted(&made) == sorted(&theirs),
            Err(_) => false,
        };
        if !same {
            let why = OTHERWISE.iter().find(|(known, _)| *known == name);
            assert!(
                why.is_some(),
                "{name}: {:?}, theirs {theirs:?}",
                ours(case["matrix"].as_str().unwrap())
            );
            otherwise.push(name);
        }
    }
    let known: Vec<&str> = OTHERWISE.iter().map(|(name, _)| *name).collect();
    assert_eq!(otherwise, known, "no difference any more");
}
