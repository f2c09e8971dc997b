//! Where an address may lead: the one function that http, ssh, tcp and an engine over TCP all ask.

use std::net::IpAddr;

use crate::class::{AddressClass, classify, is_metadata_name};
use crate::embedded::canonical_v4;
use crate::network::Network;
use crate::target::Endpoint;

/// How the host part of an address came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Designation {
    /// A literal address or `localhost`, in the pipeline's own text; treated as a name where the ref is not trusted.
    Literal,
    /// A name in the pipeline's own text.
    Name,
    /// A value known only at run time (an output, an event, a redirect); treated as a name even where it is a literal.
    RunTime,
}

/// What the machine's owner says about addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Whether a policy applies at all. Without one, names may lead to private networks (with a note).
    pub set: bool,
    /// Whether the run is for a trusted ref. What the text of any other says leads no farther than a name would.
    pub trusted_ref: bool,
    /// The networks the policy names. Naming one counts as a policy that is set.
    pub allow: Vec<Network>,
}

impl Default for NetworkPolicy {
    /// No policy, a trusted ref.
    fn default() -> Self {
        Self {
            set: false,
            trusted_ref: true,
            allow: Vec::new(),
        }
    }
}

impl NetworkPolicy {
    /// Whether the policy names a network that holds `ip`, as written or as the IPv4 address it is a spelling of.
    /// A metadata service must be named by its very address: `0.0.0.0/0` does not mean it.
    fn names(&self, ip: IpAddr, class: AddressClass) -> bool {
        let canonical = match ip {
            IpAddr::V6(v6) => canonical_v4(v6).map(IpAddr::from),
            IpAddr::V4(_) => None,
        };
        self.allow.iter().any(|network| {
            (class != AddressClass::Metadata || network.is_host())
                && (network.contains(ip) || canonical.is_some_and(|v4| network.contains(v4)))
        })
    }
}

/// Whether a connection may go to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Granted,
    /// Yes, and the journal and the plan should say this.
    GrantedWithNote(String),
    /// No.
    Refused(AddressRefusal),
}

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AddressRefusal {
    /// What kind of place the address is.
    pub class: AddressClass,
    /// The rule's stable identifier, `address.<class>`.
    pub rule: &'static str,
    /// One line for people: what leads where, and what would allow it.
    pub message: String,
}

/// Whether `host` (canonical, see [`Endpoint`]), designated in this way, may lead to `ip`.
///
/// This is the table of the design, whose last matching row wins. [`Designation::Literal`] counts only where `ip` is
/// what the literal says; anything else is judged as a name.
pub fn may_lead(
    designation: Designation,
    host: &str,
    ip: IpAddr,
    policy: &NetworkPolicy,
) -> Verdict {
    let class = if is_metadata_name(host) {
        AddressClass::Metadata
    } else {
        classify(ip)
    };
    if policy.names(ip, class) {
        return Verdict::Granted;
    }
    let refuse = |rule| {
        let way = way_out(class, designation, policy.trusted_ref);
        refuse(class, rule, host, ip, way)
    };
    match class {
        AddressClass::Metadata => refuse("address.metadata"),
        // Whoever wrote the text of an untrusted run must not choose what of this machine and its network it reaches.
        _ if policy.trusted_ref && designation == Designation::Literal && literally(host, ip) => {
            Verdict::Granted
        }
        AddressClass::Public => Verdict::Granted,
        AddressClass::Private if !policy.set && policy.allow.is_empty() && policy.trusted_ref => {
            Verdict::GrantedWithNote(format!(
                "`{host}` leads to the private address {ip}; granted because no policy is set and the ref is trusted"
            ))
        }
        AddressClass::Private => refuse("address.private"),
        AddressClass::Loopback => refuse("address.loopback"),
        AddressClass::LinkLocal => refuse("address.link-local"),
        AddressClass::Multicast => refuse("address.multicast"),
        AddressClass::Special => refuse("address.special"),
    }
}

/// Whether the literal `host` says `ip`.
fn literally(host: &str, ip: IpAddr) -> bool {
    if host == Endpoint::LOCALHOST {
        return ip.is_loopback();
    }
    host.parse::<IpAddr>().is_ok_and(|literal| literal == ip)
}

/// What would allow it.
fn way_out(class: AddressClass, designation: Designation, trusted_ref: bool) -> &'static str {
    if class == AddressClass::Metadata || (trusted_ref && designation == Designation::Literal) {
        "only the machine's policy can allow it, by naming this very address"
    } else if trusted_ref {
        "write the address itself into the pipeline, or name its network in the machine's policy"
    } else {
        "an untrusted run reaches it only where the machine's policy names its network"
    }
}

fn refuse(
    class: AddressClass,
    rule: &'static str,
    host: &str,
    ip: IpAddr,
    way: &'static str,
) -> Verdict {
    let subject = if host.parse::<IpAddr>().is_ok_and(|literal| literal == ip) {
        format!("`{host}` is a {class} address")
    } else {
        format!("`{host}` leads to {ip}, a {class} address")
    };
    Verdict::Refused(AddressRefusal {
        class,
        rule,
        message: format!("{subject}: {way}"),
    })
}

#[cfg(test)]
mod tests;
