//! Opening connections: the one way out for every protocol.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::class::is_metadata_name;
use crate::error::{NetError, NetErrorKind};
use crate::resolve::{Resolver, SystemResolver};
use crate::rule::{AddressRefusal, NetworkPolicy, Verdict, may_lead};
use crate::target::Endpoint;

/// How long an address may take before the next one is tried beside it (RFC 8305 recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);

/// How many of a name's addresses are looked at; a resolver's answer must not become a port scan.
const MAX_ADDRESSES: usize = 16;

/// Opens connections to addresses that the rule of [`may_lead`] grants, and to no others.
#[derive(Clone)]
pub struct Dialer {
    policy: NetworkPolicy,
    resolver: Arc<dyn Resolver>,
}

/// An open connection.
#[derive(Debug)]
pub struct Dialed {
    /// The connection, with `TCP_NODELAY`.
    pub stream: TcpStream,
    /// The address that was checked and connected to.
    pub peer: SocketAddr,
    /// What the journal should say about the address, if anything.
    pub note: Option<String>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The addresses of an endpoint that may be connected to. Never empty.
struct Granted {
    addresses: Vec<IpAddr>,
    note: Option<String>,
}

impl Dialer {
    /// A dialer that resolves by the operating system.
    pub fn new(policy: NetworkPolicy) -> Self {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// A dialer that resolves by `resolver`.
    pub fn with_resolver(policy: NetworkPolicy, resolver: Arc<dyn Resolver>) -> Self {
        Self { policy, resolver }
    }

    /// A connection to `endpoint`, within `connect_timeout` (resolving included).
    ///
    /// The name is resolved once. Addresses are tried in the resolver's order, each with a short head start.
    ///
    /// # Errors
    /// `Name` if there is no such name, `Refused` if no address is granted, `Unreachable`, `Timeout`.
    pub async fn dial(
        &self,
        endpoint: &Endpoint,
        connect_timeout: Duration,
    ) -> Result<Dialed, NetError> {
        // A timer of zero may let a fast connection through; no time is no time.
        let opened = match connect_timeout.is_zero() {
            true => None,
            false => timeout(connect_timeout, self.open(endpoint)).await.ok(),
        };
        opened.unwrap_or_else(|| {
            Err(NetError::new(
                NetErrorKind::Timeout,
                format!("no connection to {endpoint} within {connect_timeout:?}"),
            )
            .with("stage", "tcp"))
        })
    }

    /// Whether `endpoint` may be connected to, for a connection that somebody else opens: what a name leads to there is
    /// for them to look up, and may be something else.
    ///
    /// # Errors
    /// `Refused` if no address is granted, `Name` if there is no such name, `Timeout`.
    pub async fn judge(&self, endpoint: &Endpoint, within: Duration) -> Result<(), NetError> {
        match timeout(within, self.granted_addresses(endpoint)).await {
            Ok(judged) => judged.map(drop),
            Err(_) => Err(NetError::new(
                NetErrorKind::Timeout,
                format!("`{}` was not resolved within {within:?}", endpoint.host),
            )),
        }
    }

    /// Whether the run is for a trusted ref.
    pub fn is_trusted(&self) -> bool {
        self.policy.trusted_ref
    }

    async fn open(&self, endpoint: &Endpoint) -> Result<Dialed, NetError> {
        let granted = self.granted_addresses(endpoint).await?;
        let (stream, peer) = connect_first(&granted.addresses, endpoint.port)
            .await
            .map_err(|failures| unreachable_error(endpoint, &failures))?;
        Ok(Dialed {
            stream,
            peer,
            note: granted.note,
        })
    }

    async fn granted_addresses(&self, endpoint: &Endpoint) -> Result<Granted, NetError> {
        let host = endpoint.host.as_str();
        if is_metadata_name(host) && self.policy.allow.is_empty() {
            // Not even the name server needs to hear of it.
            return Err(NetError::from(AddressRefusal {
                class: crate::AddressClass::Metadata,
                rule: "address.metadata",
                message: format!(
                    "`{host}` is a cloud metadata service: only the machine's policy can allow it, by naming its address"
                ),
            }));
        }
        let addresses = self.resolve(endpoint).await?;
        let mut granted = Granted {
            addresses: Vec::new(),
            note: None,
        };
        let mut worst: Option<AddressRefusal> = None;
        for ip in addresses.into_iter().take(MAX_ADDRESSES) {
            match may_lead(endpoint.designation, host, ip, &self.policy) {
                Verdict::Granted => granted.addresses.push(ip),
                Verdict::GrantedWithNote(note) => {
                    granted.addresses.push(ip);
                    granted.note.get_or_insert(note);
                }
                Verdict::Refused(refusal) => {
                    if worst
                        .as_ref()
                        .is_none_or(|known| refusal.class > known.class)
                    {
                        worst = Some(refusal);
                    }
                }
            }
        }
        match worst {
            Some(refusal) if granted.addresses.is_empty() => Err(refusal.into()),
            // A refused address beside granted ones is left out. It is worth a word: an honest name has none.
            Some(refusal) => {
                let refused = format!("not tried: {}", refusal.message);
                granted.note = Some(match granted.note {
                    Some(note) => format!("{note}; {refused}"),
                    None => refused,
                });
                Ok(granted)
            }
            None if granted.addresses.is_empty() => Err(name_error(host, "it has no address")),
            None => Ok(granted),
        }
    }

    async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, NetError> {
        if let Some(address) = endpoint.address() {
            return Ok(vec![address]);
        }
        if endpoint.host == Endpoint::LOCALHOST {
            // RFC 6761: never a question for a name server, and a hosts file must not change what was granted.
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        self.resolver
            .resolve(&endpoint.host)
            .await
            .map_err(|error| name_error(&endpoint.host, &error.to_string()))
    }
}

fn name_error(host: &str, why: &str) -> NetError {
    NetError::new(
        NetErrorKind::Name,
        format!("cannot resolve `{host}`: {why}"),
    )
    .with("stage", "name")
}

/// The first connection that opens; else each address with its failure.
async fn connect_first(
    addresses: &[IpAddr],
    port: u16,
) -> Result<(TcpStream, SocketAddr), Vec<(SocketAddr, io::Error)>> {
    let mut failures = Vec::new();
    let mut waiting = addresses.iter().map(|ip| SocketAddr::new(*ip, port));
    // Dropping the set aborts the attempts that lost.
    let mut attempts = JoinSet::new();
    let mut more = true;
    loop {
        if more {
            match waiting.next() {
                Some(address) => {
                    attempts.spawn(async move { (address, connect(address).await) });
                }
                None => more = false,
            }
        }
        tokio::select! {
            finished = attempts.join_next() => match finished {
                Some(Ok((address, Ok(stream)))) => return Ok((stream, address)),
                Some(Ok((address, Err(error)))) => failures.push((address, error)),
                // Only this function aborts an attempt, so this is the runtime shutting down.
                Some(Err(_)) => {}
                None if !more => return Err(failures),
                None => {}
            },
            () = sleep(HEAD_START), if more => {}
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn unreachable_error(endpoint: &Endpoint, failures: &[(SocketAddr, io::Error)]) -> NetError {
    let tried: Vec<String> = failures
        .iter()
        .map(|(address, error)| match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
            io::ErrorKind::ConnectionReset => format!("connection reset by {address}"),
            _ => format!("cannot connect to {address}: {error}"),
        })
        .collect();
    let mut message = if tried.is_empty() {
        format!("cannot connect to {endpoint}")
    } else {
        tried.join("; ")
    };
    if endpoint.address().is_none() {
        message = format!("`{}`: {message}", endpoint.host);
    }
    NetError::new(NetErrorKind::Unreachable, message).with("stage", "tcp")
}
