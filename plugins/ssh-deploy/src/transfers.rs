//! Copying. The host reads and sends the bytes.

use capstep_sdk::log::Log;
use capstep_sdk::ops::Event;
use capstep_sdk::ssh::{Ssh, Transfer};
use capstep_sdk::{Failure, Pointer};

use crate::host::Deployment;
use crate::outputs::HostResult;

/// How many copied files are named in the log: beyond that the count says more than the names.
const NAMED_FILES: usize = 20;

/// Copies everything in one call, so that all of it is put in place together.
pub(crate) async fn upload<H: Ssh + Log>(
    deployment: &Deployment<'_, H>,
    session: &H::Session,
    result: &mut HostResult,
) -> Result<(), Failure> {
    let host = deployment.host;
    let transfers: Vec<Transfer> = deployment
        .inputs
        .upload
        .pointed("upload")
        .map(|(pointer, _)| transfer(&pointer))
        .collect();
    let copying = async {
        let op = host.start_upload(session, &transfers)?;
        let show = |event| {
            if let Event::Progress(mut progress) = event {
                if let Some(label) = &deployment.label {
                    progress.what = format!("{} to {label}", progress.what);
                }
                host.progress(&progress);
            }
        };
        let op = deployment.together.finish(op, show).await?;
        host.uploaded(&op)
    };
    let uploaded = copying.await.map_err(|error| {
        Failure::from(error).while_doing(format_args!("{}: uploading", result.target))
    })?;
    let files = uploaded.files.len();
    let plural = if files == 1 { "" } else { "s" };
    deployment.info(format_args!(
        "uploaded {files} file{plural} ({}), {} unchanged",
        size(uploaded.bytes),
        uploaded.unchanged
    ));
    for file in uploaded.files.iter().take(NAMED_FILES) {
        deployment.info(format_args!("  {file}"));
    }
    if files > NAMED_FILES {
        deployment.info(format_args!("  and {} more", files - NAMED_FILES));
    }
    result.uploaded = u64::try_from(files).unwrap_or(u64::MAX);
    result.bytes = uploaded.bytes;
    result.unchanged = u64::from(uploaded.unchanged);
    Ok(())
}

fn transfer(pointer: &Pointer) -> Transfer {
    let field = |name| pointer.clone().key(name).to_string();
    Transfer {
        source: field("from"),
        destination: field("to"),
    }
}

/// Bytes for people to read: `12 B`, `3.4 MiB`.
fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths of a unit, so that no floating point is needed.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = units[0];
    for larger in &units[1..] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let check = |bytes: u64, expected: &str| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(12, "12 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(1536, "1.5 KiB");
        check(1024 * 1024 - 1, "1023.9 KiB");
        check(64 * 1024 * 1024, "64.0 MiB");
        check(u64::MAX, "15.9 EiB");
    }
}
