//! The certificate authorities that are trusted.
//!
//! The system's are found by `rustls-native-certs`, which lets `SSL_CERT_FILE` and `SSL_CERT_DIR` in the runner's own
//! environment name other places, as OpenSSL does.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::TlsOptions;
use crate::error::{NetError, NetErrorKind};

/// The system's authorities, read once a process: reading and parsing them takes tens of milliseconds.
static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();

/// The system's authorities and those of `options`.
pub(super) async fn roots(options: &TlsOptions) -> Result<Arc<RootCertStore>, NetError> {
    let system = system().await?;
    let roots = match &options.extra_ca_pem {
        None => system,
        Some(pem) => {
            let mut roots = RootCertStore::clone(&system);
            add_pem(&mut roots, pem)?;
            Arc::new(roots)
        }
    };
    if roots.is_empty() {
        return Err(NetError::new(
            NetErrorKind::Tls,
            "cannot set up TLS: the system has no certificate authorities (install `ca-certificates`)",
        )
        .with("reason", "no-roots"));
    }
    Ok(roots)
}

async fn system() -> Result<Arc<RootCertStore>, NetError> {
    if let Some(known) = SYSTEM.get() {
        return Ok(Arc::clone(known));
    }
    let load = tokio::task::spawn_blocking(|| {
        let mut roots = RootCertStore::empty();
        // One broken file among hundreds must not make all the others useless.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    let loaded = load.await.map_err(|error| {
        NetError::new(
            NetErrorKind::Tls,
            format!("cannot read the system's certificate authorities: {error}"),
        )
    })?;
    Ok(Arc::clone(SYSTEM.get_or_init(|| loaded)))
}

fn add_pem(roots: &mut RootCertStore, pem: &str) -> Result<(), NetError> {
    let wrong =
        |why: String| NetError::invalid(format!("the CA certificates cannot be used: {why}"));
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        count += 1;
        let certificate =
            certificate.map_err(|error| wrong(format!("number {count} is not PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(format!("number {count}: {error}")))?;
    }
    if count == 0 {
        return Err(wrong("there is no `BEGIN CERTIFICATE` in them".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ca() {
        for (pem, expected) in [
            ("", "no `BEGIN CERTIFICATE`"),
            ("hello", "no `BEGIN CERTIFICATE`"),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
                "number 1 is not PEM",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "number 1: ",
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "number 1 is not PEM"),
        ] {
            let error = add_pem(&mut RootCertStore::empty(), pem).unwrap_err();
            assert!(error.message.contains(expected), "{pem}: {error}");
        }
    }
}
