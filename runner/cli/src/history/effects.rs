//! From a run's journal to what the run did.

use capstep_host::journal;
use serde::Deserialize;
use serde_json::Value;

use super::view::{Chain, Effect, EffectState, GrantView, JournalView};

/// A record, as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    #[serde(default)]
    time: String,
    #[serde(default)]
    job: String,
    #[serde(default)]
    step: Option<usize>,
    #[serde(default)]
    attempt: u64,
    #[serde(default)]
    call: u64,
    phase: String,
    verb: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    grants: Vec<GrantView>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    denial: Value,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Value,
}

/// Reads a journal. `noted`: the head that the run wrote down at its end; `lives`: the run is under way.
pub(super) fn read(bytes: Option<&[u8]>, noted: Option<&str>, lives: bool) -> JournalView {
    let Some(bytes) = bytes else {
        return JournalView {
            chain: Chain::Missing,
            records: 0,
            head: None,
            effects: Vec::new(),
        };
    };
    // A record is whole once its line end is there: what a killed run, or one at work, was writing is no record yet.
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let whole = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let (chain, head) = match (journal::verify(&whole), noted) {
        (Err(line), _) => (Chain::Broken { line }, None),
        (Ok(head), None) => (Chain::HoldsSoFar, Some(head)),
        (Ok(head), Some(noted)) if head == noted && end == bytes.len() => {
            (Chain::Holds, Some(head))
        }
        (Ok(head), Some(_)) => (Chain::OtherHead, Some(head)),
    };
    let mut effects: Vec<Effect> = Vec::new();
    let mut records = 0;
    for line in whole.lines() {
        records += 1;
        if let Ok(record) = serde_json::from_str::<Record>(line) {
            note(record, lives, &mut effects);
        }
    }
    JournalView {
        chain,
        records,
        head,
        effects,
    }
}

fn note(record: Record, lives: bool, effects: &mut Vec<Effect>) {
    let text = |value: &Value| {
        let message = value.get("message").and_then(Value::as_str);
        message.map(str::to_owned)
    };
    let state = match record.phase.as_str() {
        "intent" if lives => EffectState::UnderWay,
        "intent" => EffectState::InDoubt,
        "read" => EffectState::Read,
        "granted" => EffectState::Granted,
        "denied" => EffectState::Denied,
        "outcome" => {
            let open = effects.iter_mut().rev().find(|effect| {
                (&effect.job, effect.step, effect.attempt, effect.call)
                    == (&record.job, record.step, record.attempt, record.call)
                    && matches!(effect.state, EffectState::InDoubt | EffectState::UnderWay)
            });
            if let Some(effect) = open {
                effect.error = text(&record.error);
                effect.state = match record.error {
                    Value::Null => EffectState::Done,
                    _ => EffectState::Failed,
                };
                effect.result = record.result;
            }
            return;
        }
        _ => return,
    };
    effects.push(Effect {
        state,
        error: text(&record.error).or_else(|| text(&record.denial)),
        job: record.job,
        step: record.step,
        attempt: record.attempt,
        call: record.call,
        verb: record.verb,
        time: record.time,
        grants: record.grants,
        secrets: record.secrets,
        arguments: record.arguments,
        result: record.result,
    });
}

#[cfg(test)]
mod tests {
    use capstep_grants::Place;
    use capstep_host::journal::{Actor, Entry, GrantReference, Journal, Phase};

    use super::*;

    fn entry(call: u64, phase: Phase) -> Entry {
        Entry {
            actor: Actor {
                run: "r".into(),
                job: "j".into(),
                step: Some(1),
                attempt: 1,
            },
            call,
            phase,
            verb: "files/write".to_owned(),
            arguments: Value::Null,
            grants: vec![GrantReference {
                pointer: "/file".into(),
                authority: ".env".into(),
                place: Place {
                    file: "capstep.yml".into(),
                    line: 8,
                    column: 23,
                },
            }],
            secrets: Vec::new(),
            denial: None,
            result: Value::Null,
            error: None,
            duration_ms: None,
        }
    }

    /// What a journal of these records says.
    fn journal(entries: &[Entry]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::create(&path).unwrap();
        for entry in entries {
            journal.append(entry).unwrap();
        }
        (std::fs::read_to_string(&path).unwrap(), journal.head())
    }

    #[test]
    fn an_intent_without_an_outcome_is_in_doubt() {
        let (text, head) = journal(&[
            entry(1, Phase::Intent),
            entry(2, Phase::Intent),
            entry(1, Phase::Outcome),
            entry(3, Phase::Read),
        ]);
        let view = read(Some(text.as_bytes()), Some(&head), false);
        let states: Vec<_> = view.effects.iter().map(|effect| effect.state).collect();
        assert_eq!(
            states,
            [EffectState::Done, EffectState::InDoubt, EffectState::Read]
        );
        assert_eq!(
            view.effects[0].grants[0].place.to_string(),
            "capstep.yml:8:23"
        );
        assert_eq!((view.chain, view.records), (Chain::Holds, 4));
        let view = read(Some(text.as_bytes()), None, true);
        assert_eq!(view.effects[1].state, EffectState::UnderWay);
    }

    #[test]
    fn the_chain_is_checked() {
        let (text, head) = journal(&[
            entry(1, Phase::Read),
            entry(2, Phase::Read),
            entry(3, Phase::Read),
        ]);
        let check = |text: &str, noted: Option<&str>, expected| {
            assert_eq!(read(Some(text.as_bytes()), noted, false).chain, expected);
        };
        check(&text, Some(&head), Chain::Holds);
        check(&text, None, Chain::HoldsSoFar);
        // Killed while it wrote: what is whole holds.
        check(&text[..text.len() - 9], None, Chain::HoldsSoFar);
        let two: String = text
            .lines()
            .take(2)
            .map(|line| format!("{line}\n"))
            .collect();
        check(&two, Some(&head), Chain::OtherHead);
        check(&format!("{text}x"), Some(&head), Chain::OtherHead);
        check(
            &text.replacen("\"call\":1", "\"call\":9", 1),
            Some(&head),
            Chain::Broken { line: 2 },
        );
        assert_eq!(read(None, None, false).chain, Chain::Missing);
    }
}
