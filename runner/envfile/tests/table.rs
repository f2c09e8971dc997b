//! Checks that the encoder still writes the text that the committed table's readers have read.
#![allow(clippy::unwrap_used)]

use capstep_envfile::{EncodeOptions, Entry, EnvFormat, encode, parse_dotenv};
use serde_json::Value;

const TABLE: &str = include_str!("readers/table.json");

fn rows() -> Vec<Value> {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    table["rows"].as_array().unwrap().clone()
}

fn written(format: EnvFormat, value: &str) -> Option<String> {
    let entries = [Entry { name: "V", value }];
    encode(format, &entries, &EncodeOptions::default())
        .ok()
        .map(|text| text.to_string())
}

#[test]
fn each_value_is_written_as_in_the_table() {
    for row in rows() {
        let value = row["value"].as_str().unwrap();
        for format in [EnvFormat::Compose, EnvFormat::Shell, EnvFormat::Docker] {
            let expected = row[format.name()]["text"].as_str().map(str::to_owned);
            assert_eq!(written(format, value), expected, "{format}: {value:?}");
        }
    }
}

#[test]
fn all_values_in_one_file_are_written_as_in_the_table() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let named: Vec<(String, String)> = rows()
        .iter()
        .enumerate()
        .map(|(index, row)| {
            (
                format!("V{index}"),
                row["value"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let entries: Vec<Entry<'_>> = named
        .iter()
        .map(|(name, value)| Entry { name, value })
        .collect();
    let text = encode(EnvFormat::Compose, &entries, &EncodeOptions::default()).unwrap();
    assert_eq!(
        text.as_str(),
        table["in one file"]["text"].as_str().unwrap()
    );
    assert_eq!(parse_dotenv(&text).unwrap(), named);
}

#[test]
fn the_table_keeps_the_promises() {
    for row in rows() {
        let value = row["value"].as_str().unwrap();
        assert_eq!(row["compose"]["compose-go"], "same", "{value:?}");
        for shell in ["bash", "dash"] {
            assert_eq!(row["shell"][shell], "same", "{shell}: {value:?}");
        }
        if !row["docker"]["text"].is_null() {
            assert_eq!(row["docker"]["docker"], "same", "{value:?}");
        }
        if row["compose"]["bash"] != "same" {
            assert!(value.contains('`'), "{value:?}");
        }
    }
}
