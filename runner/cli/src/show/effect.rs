//! What a step did, for people.

use crate::history::{Effect, EffectState};
use crate::printer::{Look, Style};

/// A line for each effect, those alike in one. Denied acts are told elsewhere.
pub(super) fn lines(effects: &[&Effect], look: Look) -> String {
    let mut rows: Vec<(Row, usize)> = Vec::new();
    for effect in effects {
        if effect.state == EffectState::Denied {
            continue;
        }
        let row = Row::of(effect);
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, times)) => *times += 1,
            None => rows.push((row, 1)),
        }
    }
    rows.iter()
        .map(|(row, times)| row.text(*times, look))
        .collect()
}

/// What a line says; effects with the same row share it.
#[derive(PartialEq, Eq)]
struct Row {
    state: EffectState,
    verb: String,
    things: Vec<String>,
    places: Vec<String>,
    secrets: Vec<String>,
    error: Option<String>,
}

impl Row {
    fn of(effect: &Effect) -> Self {
        let mut things: Vec<String> = Vec::new();
        let mut places: Vec<String> = Vec::new();
        for grant in &effect.grants {
            things.push(grant.authority.clone());
            places.push(grant.place.to_string());
        }
        Self {
            state: effect.state,
            verb: effect.verb.clone(),
            things,
            places,
            secrets: effect.secrets.clone(),
            error: effect.error.clone(),
        }
    }

    fn text(&self, times: usize, look: Look) -> String {
        let (label, style) = match self.state {
            EffectState::Done => ("did", Style::Name),
            EffectState::Failed => ("failed", Style::Bad),
            EffectState::UnderWay => ("doing", Style::Name),
            EffectState::InDoubt => ("in doubt", Style::Bad),
            EffectState::Read => ("read", Style::Faint),
            EffectState::Granted => ("handed", Style::Name),
            EffectState::Denied => ("denied", Style::Bad),
        };
        let mut text = format!("     {} {}", look.paint(style, label), self.verb);
        if times > 1 {
            text.push_str(&format!(" ×{times}"));
        }
        if !self.things.is_empty() {
            text.push_str(&format!("  {}", self.things.join(", ")));
        }
        if !self.secrets.is_empty() {
            text.push_str(&format!(" with {}", self.secrets.join(", ")));
        }
        if !self.places.is_empty() {
            let mut places = self.places.clone();
            places.dedup();
            let places = look.paint(Style::Faint, places.join(", "));
            text.push_str(&format!("  {places}"));
        }
        if let Some(error) = &self.error {
            let error: Vec<&str> = error.lines().map(str::trim).collect();
            text.push_str(&format!(": {}", error.join(" ")));
        }
        text.push('\n');
        if self.state == EffectState::InDoubt {
            text.push_str(
                "       it was begun, and its end isn't known: look at the thing itself before you run again\n",
            );
        }
        text
    }
}
