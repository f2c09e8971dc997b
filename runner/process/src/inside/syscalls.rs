//! The system call filter: what no script needs and what leads out of a sandbox.
//!
//! It is a list of what is denied, since a list of what is allowed would break compilers and runtimes with each release.
//! Two things keep it closed all the same: calls that are newer than this list do not exist for a script, and calls of
//! other architectures (which have other numbers) end the process.

use std::collections::BTreeMap;

use nix::libc::{self, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};

use crate::spec::Network;

/// The newest call that this list has looked at: `file_setattr`, Linux 6.17. Newer ones answer `ENOSYS`, as on an older
/// kernel.
const NEWEST_CALL: u32 = 469;
/// The bit of the x32 ABI: other numbers for the same calls.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

#[cfg(target_arch = "x86_64")]
const ARCH: (TargetArch, u32) = (TargetArch::x86_64, 0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCH: (TargetArch, u32) = (TargetArch::aarch64, 0xc000_00b7);

/// Calls that libc does not know yet.
const OPEN_TREE_ATTR: c_long = 467;
/// `pushes input into a terminal`, `controls a console`, `takes over the console`.
const TERMINAL_CONTROLS: [u64; 3] = [0x5412, 0x541c, 0x541d];
/// `personality` values that change nothing that matters: plain, 32 bits, `UNAME26` and both, no random addresses (what
/// debuggers and sanitizers ask for), and the question which one is set.
const PERSONALITIES: [u64; 6] = [0, 8, 0x20000, 0x20008, 0x0004_0000, 0xffff_ffff];
/// The bits of a socket's type that are not flags.
const TYPE_BITS: u64 = 0xf;

/// Calls that are denied whatever their arguments.
const DENIED: &[c_long] = &[
    // Around the file rules: asynchronous calls that the filter does not see.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    // Programs in the kernel, and what exploits of it build on.
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_memfd_secret,
    // Keys of the user and of the session.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    // The machine.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// Flags of `clone` that make namespaces. (That of time shares its bit with the signal, and `clone` ignores it.)
const NAMESPACE_FLAGS: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Result<T, E = seccompiler::Error> = std::result::Result<T, E>;

/// Filters the calls of this process and of all that it starts, for good.
pub(super) fn apply(network: &Network) -> Result<()> {
    apply_filter(&numbers())?;
    apply_filter(&compile(not_there(), libc::ENOSYS)?)?;
    apply_filter(&compile(denied(network)?, libc::EPERM)?)
}

fn compile(rules: Rules, error: libc::c_int) -> Result<BpfProgram> {
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(error.unsigned_abs()),
        ARCH.0,
    )
    .map_err(seccompiler::Error::Backend)?;
    BpfProgram::try_from(filter).map_err(seccompiler::Error::Backend)
}

/// Other architectures end the process; calls that are too new do not exist.
fn numbers() -> BpfProgram {
    /// `BPF_LD | BPF_W | BPF_ABS`, from `struct seccomp_data`.
    const LOAD: u16 = 0x20;
    /// `BPF_JMP | BPF_K` with `BPF_JEQ`, `BPF_JGT` and `BPF_JGE`.
    const EQUAL: u16 = 0x15;
    const GREATER: u16 = 0x25;
    #[cfg(target_arch = "x86_64")]
    const NOT_LESS: u16 = 0x35;
    /// `BPF_RET | BPF_K`.
    const RETURN: u16 = 0x06;
    const NUMBER: u32 = 0;
    const ARCHITECTURE: u32 = 4;

    let line = |code, k, jt, jf| sock_filter { code, jt, jf, k };
    let kill = line(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0);
    vec![
        line(LOAD, ARCHITECTURE, 0, 0),
        line(EQUAL, ARCH.1, 1, 0),
        kill.clone(),
        line(LOAD, NUMBER, 0, 0),
        #[cfg(target_arch = "x86_64")]
        line(NOT_LESS, X32, 0, 1),
        #[cfg(target_arch = "x86_64")]
        kill,
        line(GREATER, NEWEST_CALL, 0, 1),
        line(
            RETURN,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs(),
            0,
            0,
        ),
        line(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]
}

/// Calls that programs do without if they are not there. The arguments of `clone3` are in memory, where no filter sees
/// them; libraries then use `clone`.
fn not_there() -> Rules {
    Rules::from([(libc::SYS_clone3, Vec::new())])
}

fn denied(network: &Network) -> Result<Rules> {
    let mut rules: Rules = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let flags = NAMESPACE_FLAGS.map(|flag| u64::from(flag.unsigned_abs()));
    rules.insert(
        libc::SYS_clone,
        any(flags.map(|flag| argument(0, SeccompCmpOp::MaskedEq(flag), flag)))?,
    );
    rules.insert(
        libc::SYS_ioctl,
        any(TERMINAL_CONTROLS.map(|control| argument(1, SeccompCmpOp::Eq, control)))?,
    );
    rules.insert(libc::SYS_personality, vec![none_of(0, &PERSONALITIES)?]);
    rules.insert(libc::SYS_socket, sockets(network)?);
    // A pair of connected sockets leads nowhere; one of datagrams can be sent elsewhere.
    let mut pairs = vec![none_of(0, &[number(libc::AF_UNIX)])?];
    pairs.extend(types_but(&[
        number(libc::SOCK_STREAM),
        number(libc::SOCK_SEQPACKET),
    ])?);
    rules.insert(libc::SYS_socketpair, pairs);
    Ok(rules)
}

/// Which sockets are denied: all, or all but TCP.
fn sockets(network: &Network) -> Result<Vec<SeccompRule>> {
    match network {
        Network::None => Ok(Vec::new()),
        Network::Origins(_) => {
            let mut rules = vec![
                none_of(0, &[number(libc::AF_INET), number(libc::AF_INET6)])?,
                none_of(2, &[0, number(libc::IPPROTO_TCP)])?,
            ];
            rules.extend(types_but(&[number(libc::SOCK_STREAM)])?);
            Ok(rules)
        }
    }
}

fn number(constant: libc::c_int) -> u64 {
    u64::from(constant.unsigned_abs())
}

/// One rule for each type of socket that is not among `allowed`.
fn types_but(allowed: &[u64]) -> Result<Vec<SeccompRule>> {
    any((0..=TYPE_BITS)
        .filter(|kind| !allowed.contains(kind))
        .map(|kind| argument(1, SeccompCmpOp::MaskedEq(TYPE_BITS), kind)))
}

fn argument(at: u8, operation: SeccompCmpOp, value: u64) -> Result<SeccompCondition> {
    SeccompCondition::new(at, SeccompCmpArgLen::Dword, operation, value)
        .map_err(seccompiler::Error::Backend)
}

/// One rule for each condition: any of them is enough.
fn any(conditions: impl IntoIterator<Item = Result<SeccompCondition>>) -> Result<Vec<SeccompRule>> {
    conditions
        .into_iter()
        .map(|condition| SeccompRule::new(vec![condition?]).map_err(seccompiler::Error::Backend))
        .collect()
}

/// A rule that matches if an argument is none of `values`.
fn none_of(at: u8, values: &[u64]) -> Result<SeccompRule> {
    let conditions: Result<Vec<_>> = values
        .iter()
        .map(|value| argument(at, SeccompCmpOp::Ne, *value))
        .collect();
    SeccompRule::new(conditions?).map_err(seccompiler::Error::Backend)
}
