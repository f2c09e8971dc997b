//! Capabilities: `init` needs one to mount, the script has none and can get none.

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};

/// Lets the next execution have what mounting needs, whoever the user is. It counts in the new user namespace only.
pub(super) fn keep_for_init() -> Result<(), CapsError> {
    for capability in [Capability::CAP_SYS_ADMIN, Capability::CAP_SETPCAP] {
        caps::raise(None, CapSet::Inheritable, capability)?;
        caps::raise(None, CapSet::Ambient, capability)?;
    }
    Ok(())
}

/// Gives up all capabilities for good: with an empty bounding set not even a program that is executed as root has one.
pub(super) fn give_up_all() -> Result<(), CapsError> {
    // Without `CAP_SETPCAP` the bounding set stays; `no_new_privs` then keeps programs from gaining any of it.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for capability in caps::runtime::thread_all_supported() {
            caps::drop(None, CapSet::Bounding, capability)?;
        }
    }
    caps::clear(None, CapSet::Ambient)?;
    let none = CapsHashSet::new();
    for set in [CapSet::Effective, CapSet::Inheritable, CapSet::Permitted] {
        caps::set(None, set, &none)?;
    }
    Ok(())
}
