//! Build secrets, served from memory to who asks by id.

use std::fmt;

use bytes::{BufMut, Bytes};
use prost::encoding::{WireType, encode_key, encode_varint};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::build::request::BuildSecret;
use crate::session::grpc::{Status, frame_prefix};
use crate::session::messages::GetSecretRequest;

/// The secrets of one build.
pub(super) struct Secrets(Vec<BuildSecret>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([redacted])")
    }
}

impl Secrets {
    pub(super) fn new(secrets: Vec<BuildSecret>) -> Self {
        Self(secrets)
    }

    /// The answer as a frame that is overwritten when it was sent. BuildKit takes "not found" for a secret that is
    /// simply not there, which a Dockerfile may allow.
    pub(super) fn get(&self, request: &GetSecretRequest) -> Result<Bytes, Status> {
        let secret = self
            .0
            .iter()
            .find(|secret| secret.id == request.id)
            .ok_or_else(|| {
                Status::not_found(format!("the build has no secret `{}`", request.id))
            })?;
        frame(&[secret.value.expose_secret()])
    }
}

/// A message of byte fields, numbered from 1 (`GetSecretResponse`, `CredentialsResponse`), with its prefix, in memory
/// that is overwritten.
pub(super) fn frame(fields: &[&[u8]]) -> Result<Bytes, Status> {
    // A field is a key and a length, at most eleven bytes together, and its bytes. Memory that doesn't grow leaves no
    // copy behind.
    let most: usize = fields.iter().map(|field| field.len() + 11).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(most));
    for (number, field) in (1u32..).zip(fields) {
        encode_key(number, WireType::LengthDelimited, &mut *message);
        encode_varint(field.len() as u64, &mut *message);
        message.put_slice(field);
    }
    let mut frame = Zeroizing::new(Vec::with_capacity(message.len() + 5));
    frame_prefix(&mut *frame, message.len())?;
    frame.put_slice(&message);
    Ok(Bytes::from_owner(frame))
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use secrecy::SecretSlice;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Answer {
        #[prost(bytes = "vec", tag = "1")]
        first: Vec<u8>,
        #[prost(string, tag = "2")]
        second: String,
    }

    #[test]
    fn secrets_are_found_by_id_alone() {
        let secrets = Secrets::new(vec![BuildSecret {
            id: "tok".into(),
            value: SecretSlice::from(vec![0, 1, b'\n']),
        }]);
        let ask = |id: &str| {
            secrets.get(&GetSecretRequest {
                id: id.into(),
                annotations: std::collections::HashMap::new(),
            })
        };
        let frame = ask("tok").unwrap();
        assert_eq!(frame.get(..5), Some([0, 0, 0, 0, 5].as_slice()));
        let answer = Answer::decode(frame.slice(5..)).unwrap();
        assert_eq!(answer.first, [0, 1, b'\n']);
        assert!(ask("to").is_err() && ask("").is_err());
        assert_eq!(format!("{secrets:?}"), "Secrets([redacted])");
    }

    #[test]
    fn fields_are_numbered_in_order() {
        let frame = frame(&[b"user", b"password"]).unwrap();
        let answer = Answer::decode(frame.slice(5..)).unwrap();
        assert_eq!(
            (answer.first.as_slice(), answer.second.as_str()),
            (&b"user"[..], "password")
        );
    }
}
