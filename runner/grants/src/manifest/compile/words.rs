//! An input's access, sink and role: words of the vocabulary.

use super::Compiler;
use crate::manifest::declaration::{AccessDeclaration, InputDeclaration};
use crate::manifest::model::{AccessRequest, Kind};
use crate::manifest::types::vocabulary;
use crate::manifest::words::{Access, Role, Sink};

impl Compiler {
    pub(super) fn access(
        &mut self,
        declared: &[AccessDeclaration],
        kind: &Kind,
        at: &str,
    ) -> Vec<AccessRequest> {
        let vocabulary = vocabulary(kind);
        let mut requests: Vec<AccessRequest> = Vec::new();
        for access in declared {
            match Access::parse(&access.word).filter(|word| vocabulary.words.contains(word)) {
                Some(word) => requests.push(AccessRequest {
                    access: word,
                    when: access.when.clone(),
                }),
                None if vocabulary.later.contains(&access.word.as_str()) => self.problem(
                    at,
                    format!(
                        "access `{}` of `{}` is not supported yet",
                        access.word,
                        kind.word()
                    ),
                ),
                None if vocabulary.words.is_empty() => {
                    self.problem(at, format!("`{}` takes no `access`", kind.word()));
                }
                None => {
                    let known: Vec<_> = vocabulary.words.iter().map(|word| word.word()).collect();
                    self.problem(
                        at,
                        format!(
                            "`{}` is no access of `{}`; its words are {}",
                            access.word,
                            kind.word(),
                            known.join(", ")
                        ),
                    );
                }
            }
        }
        if requests.is_empty() {
            requests.extend(vocabulary.implied.iter().map(|word| AccessRequest {
                access: *word,
                when: None,
            }));
        }
        requests
    }

    pub(super) fn sink(
        &mut self,
        declared: &InputDeclaration,
        kind: &Kind,
        at: &str,
    ) -> Option<Sink> {
        let text = declared.sink.as_deref()?;
        if !matches!(kind, Kind::Secret | Kind::String { .. }) {
            self.problem(at, "only a `secret` or a `string` has a sink");
        }
        Sink::parse(text)
            .map_err(|message| self.problem(at, message))
            .ok()
    }

    pub(super) fn role(&mut self, declared: &InputDeclaration, at: &str) -> Option<Role> {
        Role::parse(declared.role.as_deref()?)
            .map_err(|message| self.problem(at, message))
            .ok()
    }
}
