//! Values and secrets: at their sinks, and revealed.

use super::Decision;
use crate::check::{Permit, Refusal, Rule};

impl Decision<'_> {
    pub(super) fn value(
        &self,
        at: &str,
        sink: crate::manifest::SinkKind,
        to: &str,
    ) -> Result<Permit, Refusal> {
        self.declared(at)?;
        let Some(secret) = self
            .step
            .bound
            .secrets
            .iter()
            .find(|secret| secret.pointer == at)
        else {
            return match self.step.bound.values.pointer(at) {
                Some(value) if !value.is_null() => Ok(Permit::Value { secret: false }),
                _ => Err(Refusal::NotSet(at.to_owned())),
            };
        };
        let fits = secret.sink.as_ref().is_some_and(|bound| {
            bound.kind == sink && bound.to.iter().any(|far_end| far_end == to)
        });
        if fits {
            return Ok(Permit::Value { secret: true });
        }
        let goes = secret.sink.as_ref().map_or_else(
            || "nowhere".to_owned(),
            |sink| format!("to {} of {}", sink.kind.word(), sink.to.join(", ")),
        );
        Err(self.deny(
            Rule::OtherSink,
            at,
            format!(
                "the secret at `{at}` goes {goes}, not to {} of {to}",
                sink.word()
            ),
            None,
        ))
    }

    pub(super) fn reveal(&self, at: &str) -> Result<Permit, Refusal> {
        let input = self.declared(at)?;
        match self
            .step
            .bound
            .secrets
            .iter()
            .find(|secret| secret.pointer == at)
        {
            Some(secret) if secret.reveal => Ok(Permit::Value { secret: true }),
            Some(_) => Err(self.deny(
                Rule::NotRevealed,
                at,
                format!("the secret at `{at}` is for its sink, not for the plugin"),
                Some(format!(
                    "`{}: {{ value: …, reveal: true }}` in the step would hand over its bytes",
                    input.name
                )),
            )),
            None => match self.step.bound.values.pointer(at) {
                Some(value) if !value.is_null() => Ok(Permit::Value { secret: false }),
                _ => Err(Refusal::NotSet(at.to_owned())),
            },
        }
    }
}
