//! A request's headers and body, built by the host: a plugin can't escape what it can't see.

use capstep_grants::check::{Act, Permit};
use capstep_grants::manifest::SinkKind;
use capstep_secrets::SecretValue;
use zeroize::Zeroizing;

use super::wrong_permit;
use crate::fault::Fault;
use crate::protocol::{Body, ErrorKind, Field, FieldValue, JsonBody};
use crate::step::Shared;

/// The largest JSON or form body that the host builds. Larger ones come as bytes or through a pipe, without secrets.
const BUILT_LIMIT: usize = 1024 * 1024;

/// A body's bytes, and its media type where the host built it.
pub(super) type Built = (Vec<u8>, Option<&'static str>);

/// What building a request found.
#[derive(Default)]
pub(super) struct Used {
    /// The pointers of the inputs used.
    pub(super) pointers: Vec<String>,
    /// Whether a secret is in the body.
    pub(super) secret_body: bool,
    /// The names of headers that hold a secret.
    pub(super) secret_headers: Vec<String>,
}

/// A request in the making: for which URL input, and what went into it.
pub(super) struct Builder<'a> {
    pub(super) shared: &'a Shared,
    pub(super) url: &'a str,
    pub(super) used: Used,
}

impl Builder<'_> {
    /// The value at an input, where it may be used at this sink.
    fn input(&mut self, pointer: &str, sink: SinkKind) -> Result<(SecretValue, bool), Fault> {
        let act = Act::Use {
            input: pointer,
            sink,
            to: self.url,
        };
        let Permit::Value { secret } = self.shared.permit(&act)? else {
            return wrong_permit();
        };
        self.used.pointers.push(pointer.to_owned());
        let value = self.shared.value(pointer).ok_or_else(|| {
            Fault::error(
                ErrorKind::NotFound,
                format!("the input at `{pointer}` was not set"),
            )
        })?;
        Ok((value, secret))
    }

    /// A header's or field's value, and whether a secret is in it.
    fn value(
        &mut self,
        value: &FieldValue,
        sink: SinkKind,
    ) -> Result<(Zeroizing<String>, bool), Fault> {
        Ok(match value {
            FieldValue::Text(text) => (Zeroizing::new(text.clone()), false),
            FieldValue::Input(pointer) => {
                let (value, secret) = self.input(pointer, sink)?;
                (Zeroizing::new(value.expose().to_owned()), secret)
            }
            FieldValue::Bearer(pointer) => {
                let (value, secret) = self.input(pointer, sink)?;
                (capstep_secrets::bearer(&value), secret)
            }
            FieldValue::Basic(credentials) => {
                let (user, user_secret) = self.input(&credentials.username, sink)?;
                let (password, secret) = self.input(&credentials.password, sink)?;
                (
                    capstep_secrets::basic(user.expose(), &password),
                    secret || user_secret,
                )
            }
        })
    }

    /// A header that is an input's value, after an authentication scheme where there is one.
    pub(super) fn authorization(
        &mut self,
        name: &str,
        scheme: &str,
        pointer: &str,
    ) -> Result<(String, Vec<u8>), Fault> {
        let (value, secret) = self.input(pointer, SinkKind::HttpHeader)?;
        let text = match scheme {
            "" => Zeroizing::new(value.expose().to_owned()),
            scheme => Zeroizing::new(format!("{scheme} {}", value.expose())),
        };
        self.header(name, &text, secret)
    }

    fn header(
        &mut self,
        name: &str,
        value: &str,
        secret: bool,
    ) -> Result<(String, Vec<u8>), Fault> {
        if let Some(problem) = capstep_secrets::header_value_problem(value) {
            return Err(Fault::error(
                ErrorKind::Invalid,
                format!("the header `{name}` can't hold that value: {problem}"),
            ));
        }
        if secret {
            self.used.secret_headers.push(name.to_owned());
        }
        Ok((name.to_owned(), value.as_bytes().to_vec()))
    }

    /// The headers, checked.
    pub(super) fn headers(&mut self, headers: &[Field]) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        headers
            .iter()
            .map(|header| {
                let (value, secret) = self.value(&header.value, SinkKind::HttpHeader)?;
                self.header(&header.name, &value, secret)
            })
            .collect()
    }

    /// The body's bytes and its media type; none for one that is piped in.
    pub(super) fn body(&mut self, body: &Body) -> Result<Option<Built>, Fault> {
        Ok(match body {
            Body::Empty => Some((Vec::new(), None)),
            Body::Bytes(bytes) => Some((bytes.0.clone(), None)),
            Body::Piped => None,
            Body::Form(fields) => {
                let mut text = Zeroizing::new(String::new());
                for field in fields {
                    let (value, secret) = self.value(&field.value, SinkKind::HttpBody)?;
                    self.used.secret_body |= secret;
                    if !text.is_empty() {
                        text.push('&');
                    }
                    text.push_str(&capstep_secrets::form_field(
                        &field.name,
                        &SecretValue::new(value.as_str()),
                    ));
                }
                Some((
                    limited(text.as_bytes().to_vec())?,
                    Some("application/x-www-form-urlencoded"),
                ))
            }
            Body::Json(json) => Some((limited(self.json(json)?)?, Some("application/json"))),
        })
    }

    fn json(&mut self, json: &JsonBody) -> Result<Vec<u8>, Fault> {
        let invalid = |message: String| Fault::error(ErrorKind::Invalid, message);
        let mut document: serde_json::Value = serde_json::from_str(&json.text)
            .map_err(|error| invalid(format!("the body is no JSON: {error}")))?;
        for placed in &json.values {
            let (value, secret) = self.input(&placed.input, SinkKind::HttpBody)?;
            self.used.secret_body |= secret;
            let slot = document
                .pointer_mut(&placed.at)
                .ok_or_else(|| invalid(format!("the body has nothing at `{}`", placed.at)))?;
            *slot = serde_json::Value::String(value.expose().to_owned());
        }
        serde_json::to_vec(&document).map_err(|error| invalid(error.to_string()))
    }
}

fn limited(bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if bytes.len() > BUILT_LIMIT {
        return Err(Fault::error(
            ErrorKind::TooLarge,
            "a body that the host builds has at most 1 MiB",
        ));
    }
    Ok(bytes)
}
