//! What a plugin may import, and by which way in it is run.

use std::collections::BTreeSet;
use std::fmt;

/// The version of the interfaces that this host offers.
pub(crate) const STEP_VERSION: &str = "0.1.0";

/// The package that the interfaces are in.
pub(crate) const STEP_PACKAGE: &str = "capstep:step";

/// The way in by which a plugin is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AbiKind {
    /// A component of the world `capstep:step/step`.
    World,
    /// A WASI command that speaks JSON-RPC over its standard streams.
    Command,
    /// Any WASI command, as it is.
    Plain,
}

impl fmt::Display for AbiKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::World => "world",
            Self::Command => "command",
            Self::Plain => "plain",
        })
    }
}

/// An interface of the package `capstep:step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// Operations; always offered.
    Op,
    /// The step's log; always offered.
    Log,
    /// Clock and sleep; always offered.
    Time,
    /// Files of the workspace.
    Files,
    /// Requests to granted URLs.
    Http,
    /// Opening a connection.
    Tcp,
    /// SSH to granted accounts.
    Ssh,
    /// Images on the machine's Docker engine.
    Docker,
    /// Revealing a secret.
    Secrets,
    /// Values between runs.
    State,
}

impl Interface {
    /// Every interface, for enumeration.
    pub const ALL: [Self; 10] = [
        Self::Op,
        Self::Log,
        Self::Time,
        Self::Files,
        Self::Http,
        Self::Tcp,
        Self::Ssh,
        Self::Docker,
        Self::Secrets,
        Self::State,
    ];

    /// The interfaces that every plugin may use: they carry no authority.
    pub const ALWAYS: [Self; 3] = [Self::Op, Self::Log, Self::Time];

    /// Its name in WIT and in a method of the command protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Log => "log",
            Self::Time => "time",
            Self::Files => "files",
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Ssh => "ssh",
            Self::Docker => "docker",
            Self::Secrets => "secrets",
            Self::State => "state",
        }
    }

    /// The interface of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interface| interface.name() == name)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a plugin before it is looked at: what its manifest says, or that it has none.
#[derive(Debug, Clone)]
pub struct DeclaredInterfaces {
    /// What to call the plugin in messages.
    pub name: String,
    /// The way in that its manifest names; [`AbiKind::Plain`] where there is no manifest.
    pub abi: AbiKind,
    /// The interfaces that its inputs' types need. Those of [`Interface::ALWAYS`] need not be among them.
    ///
    /// A component that imports another one is refused at load. A command has no imports: its calls all reach
    /// [`super::StepHost::call`], which denies what no input designates.
    pub interfaces: BTreeSet<Interface>,
}

impl DeclaredInterfaces {
    /// A plugin of this name and way in, with these interfaces.
    pub fn new(
        name: impl Into<String>,
        abi: AbiKind,
        interfaces: impl IntoIterator<Item = Interface>,
    ) -> Self {
        Self {
            name: name.into(),
            abi,
            interfaces: interfaces.into_iter().collect(),
        }
    }

    /// Whether the plugin may import it.
    pub fn allows(&self, interface: Interface) -> bool {
        Interface::ALWAYS.contains(&interface) || self.interfaces.contains(&interface)
    }
}
