//! Certificates and keys for an engine over TCP.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use zeroize::Zeroizing;

use crate::error::{DockerError, Stage};

/// The text of the files `ca.pem`, `cert.pem` and `key.pem`, those that are there.
#[derive(Clone, Default)]
pub struct TlsMaterial {
    /// Whose certificates are trusted; the system's authorities where it is absent.
    pub ca: Option<Vec<u8>>,
    /// What this side shows.
    pub certificate: Option<Vec<u8>>,
    /// The key of that certificate.
    pub key: Option<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial")
            .field("ca", &self.ca.is_some())
            .field("certificate", &self.certificate.is_some())
            .finish_non_exhaustive()
    }
}

impl TlsMaterial {
    /// Reads what is there of the three files in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, DockerError> {
        Ok(Self {
            ca: read(&folder.join("ca.pem"))?,
            certificate: read(&folder.join("cert.pem"))?,
            key: read(&folder.join("key.pem"))?.map(Zeroizing::new),
        })
    }

    /// The settings of a connection that trusts and shows these.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, DockerError> {
        let invalid = |what: &str| {
            DockerError::invalid(
                Stage::Connect,
                format!("the engine's TLS files cannot be used: {what}"),
            )
        };
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(pem) => {
                for certificate in certificates(pem) {
                    let certificate =
                        certificate.map_err(|_| invalid("ca.pem is no certificate in PEM form"))?;
                    roots
                        .add(certificate)
                        .map_err(|error| invalid(&format!("ca.pem: {error}")))?;
                }
                if roots.is_empty() {
                    return Err(invalid("ca.pem holds no certificate"));
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let builder =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| DockerError::internal(Stage::Connect, error.to_string()))?
                .with_root_certificates(roots);
        let config = match (&self.certificate, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|_| invalid("cert.pem is no certificate in PEM form"))?;
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|_| invalid("key.pem is no private key in PEM form"))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| invalid(&error.to_string()))?
            }
            _ => {
                return Err(invalid(
                    "cert.pem and key.pem belong together; one is missing",
                ));
            }
        };
        Ok(Arc::new(config))
    }
}

fn certificates(
    pem: &[u8],
) -> impl Iterator<Item = Result<CertificateDer<'static>, tokio_rustls::rustls::pki_types::pem::Error>>
+ '_ {
    CertificateDer::pem_slice_iter(pem)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, DockerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DockerError::invalid(
            Stage::Find,
            format!("{} cannot be read: {error}", path.display()),
        )),
    }
}
