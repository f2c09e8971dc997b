//! `environment` and `concurrency`: where a job deploys to, and what must not run beside it.

use super::fields::mark;
use super::jobs::Sight;
use super::keys::{CONCURRENCY, ENVIRONMENT};
use super::pipeline::{Concurrency, Environment};
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Target, Template};
use crate::source::Spanned;
use crate::tree::{Node, Value};

impl Reader<'_> {
    /// Reads `environment`: a name, worked out before the job's steps, or a map with a name and a URL, worked out after
    /// them.
    pub(super) fn environment(
        &mut self,
        before: &Sight,
        after: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Environment> {
        if matches!(node.value, Value::String(_)) {
            let name = self.shown_text(before, key, node)?;
            return Some(Environment { name, url: None });
        }
        let (mut name, mut url) = (None, None);
        for (key, node) in self.level(node, &ENVIRONMENT, "`environment`", key.span)? {
            match key.value.as_str() {
                "name" => name = self.shown_text(before, key, node),
                "url" => url = self.shown_text(after, key, node),
                _ => {}
            }
        }
        Some(Environment { name: name?, url })
    }

    /// Reads `concurrency`: a group, or a map with a group and what to do with the job that runs.
    pub(super) fn concurrency(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Concurrency> {
        if matches!(node.value, Value::String(_)) {
            return Some(Concurrency {
                group: self.shown_text(sight, key, node)?,
                cancel_in_progress: false,
            });
        }
        let (mut group, mut cancel_in_progress) = (None, false);
        for (key, node) in self.level(node, &CONCURRENCY, "`concurrency`", key.span)? {
            match key.value.as_str() {
                "group" => group = self.shown_text(sight, key, node),
                "cancel-in-progress" => cancel_in_progress = self.flag(key, node),
                _ => {}
            }
        }
        Some(Concurrency {
            group: group?,
            cancel_in_progress,
        })
    }

    /// A text with expressions that others get to see: no secret may be in it.
    pub(super) fn shown_text(
        &mut self,
        sight: &Sight,
        key: &Spanned<String>,
        node: &Node,
    ) -> Option<Template> {
        let what = format!("`{}`", key.value);
        let span = mark(key.span, node);
        let Some(text) = node.as_str() else {
            self.wrong_type(&what, "text", span, node);
            return None;
        };
        if text.trim().is_empty() {
            let message = format!("{what} is empty");
            self.report(Diagnostic::error(codes::EMPTY_VALUE, span, message));
            return None;
        }
        let template = self.template(sight, text, node.span);
        for reference in template.references() {
            if matches!(reference.target, Target::Secret(_)) {
                let message = format!("{what} is shown, and can't hold a secret");
                self.report(
                    Diagnostic::error(codes::SECRET_EXPOSED, reference.span, message)
                        .help("use a variable, or write it out"),
                );
            }
        }
        Some(template)
    }
}
