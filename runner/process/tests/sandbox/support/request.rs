//! What crosses between a test and the runner that it starts as another user.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use capstep_process::{Enforced, Origin, StepEnd, StepSpec, Upstream, UpstreamError};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

#[derive(Serialize, Deserialize)]
pub struct Request {
    pub spec: StepSpec,
    pub scratch: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Answer {
    pub error: Option<String>,
    pub success: bool,
    pub end: Option<StepEnd>,
    pub enforced: Option<Enforced>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub attempts: Vec<String>,
    pub denied: Vec<String>,
    pub reserved_created: Vec<PathBuf>,
}

/// Connects to loopback only, and knows one rule about addresses.
pub struct TestUpstream;

impl Upstream for TestUpstream {
    fn connect<'a>(
        &'a self,
        origin: &'a Origin,
    ) -> Pin<Box<dyn Future<Output = Result<TcpStream, UpstreamError>> + Send + 'a>> {
        Box::pin(async move {
            if origin.host == "169.254.169.254" {
                return Err(UpstreamError::Denied {
                    rule: "address.metadata".to_owned(),
                    message: "169.254.169.254 is a cloud metadata service".to_owned(),
                });
            }
            TcpStream::connect(("127.0.0.1", origin.port))
                .await
                .map_err(|error| UpstreamError::Unreachable {
                    message: format!("{origin}: {error}"),
                })
        })
    }
}
