//! What the registry of Windows says.

use crate::sys::SystemError;

/// The value of the time service that names its servers, such as `time.windows.com,0x9 ntp.example.org,0x8`. It is kept, and not
/// used, while a domain says what the time is.
///
/// # Errors
/// If it can not be read; a machine without a time service names no servers.
#[cfg(windows)]
pub(super) fn time_servers() -> Result<Vec<String>, SystemError> {
    /// `ERROR_FILE_NOT_FOUND` as COM has it.
    const NOT_FOUND: u32 = 0x8007_0002;
    const PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\W32Time\Parameters";
    let value = windows_registry::LOCAL_MACHINE.open(PARAMETERS).and_then(|key| key.get_string("NtpServer"));
    match value {
        Ok(servers) => Ok(named_in(&servers)),
        Err(error) if error.code().0.cast_unsigned() == NOT_FOUND => Ok(Vec::new()),
        Err(error) => {
            Err(SystemError::Kernel { what: "reading the servers of the time service", source: error.into() })
        }
    }
}

/// Nothing elsewhere.
#[cfg(not(windows))]
pub(super) fn time_servers() -> Result<Vec<String>, SystemError> {
    Ok(Vec::new())
}

/// Each server has flags behind a comma.
#[cfg(windows)]
fn named_in(servers: &str) -> Vec<String> {
    let names = servers.split_whitespace().filter_map(|server| server.split(',').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
#[cfg(windows)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_before_their_flags() {
        assert_eq!(named_in("time.windows.com,0x9  b ,0x1"), ["time.windows.com", "b"]);
        assert!(time_servers().is_ok());
    }
}
