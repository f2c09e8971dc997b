//! Requests and connections.

use super::Decision;
use crate::authority::Authority;
use crate::check::permit::UrlPermit;
use crate::check::{Permit, Refusal, Rule, url_permit};
use crate::manifest::Access;

impl Decision<'_> {
    pub(super) fn http(
        &self,
        at: &str,
        url: Option<&str>,
        method: &str,
    ) -> Result<Permit, Refusal> {
        let grant = self.grant(at, &[Access::Request])?;
        let Some(Authority::Url {
            url: granted,
            url_match,
            methods,
        }) = &grant.authority
        else {
            return Err(self.no_authority(at, "a url"));
        };
        let bad = |_| {
            self.deny(
                Rule::OtherOrigin,
                at,
                "the URL can't be read".to_owned(),
                None,
            )
        };
        let granted = url::Url::parse(granted).map_err(bad)?;
        let url = match url {
            None => granted.clone(),
            Some(text) => url::Url::parse(text).map_err(bad)?,
        };
        url_permit::permits(&granted, *url_match, methods, &url, method).map_err(
            |(rule, message)| {
                let hint = match rule {
                    Rule::OtherOrigin | Rule::OtherPath => {
                        Some("hand that URL over as an input of the step".to_owned())
                    }
                    _ => None,
                };
                self.deny(rule, at, message, hint)
            },
        )?;
        Ok(Permit::Url(UrlPermit {
            grant: at.to_owned(),
            url,
            granted,
            url_match: *url_match,
            methods: methods.clone(),
            written: grant.provenance.is_written(),
            place: grant.place.clone(),
        }))
    }

    pub(super) fn tcp(&self, at: &str) -> Result<Permit, Refusal> {
        let grant = self.grant(at, &[Access::Connect])?;
        match &grant.authority {
            Some(Authority::TcpAddress { host, port }) => Ok(Permit::Tcp {
                grant: grant.pointer.clone(),
                host: host.clone(),
                port: *port,
                written: grant.provenance.is_written(),
                place: grant.place.clone(),
            }),
            _ => Err(self.no_authority(at, "a tcp-address")),
        }
    }
}
