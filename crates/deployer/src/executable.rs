//! Checks that a function's bytes are a complete program for Lambda. A truncated program, or one for another system,
//! would only fail in Lambda, with "exec format error".

use stack::Architecture;

use crate::error::{Error, Result};

/// Refuses bytes that aren't a complete 64-bit Linux program for this architecture.
///
/// Source: Tool Interface Standard, ELF specification 1.2, and the System V ABI for ELF-64: file header and program
/// headers.
///
/// # Errors
/// If it isn't an ELF file, if it is for another architecture, or if it is truncated.
pub fn check_executable(name: &str, bytes: &[u8], architecture: Architecture) -> Result<()> {
    match find_fault(bytes, architecture) {
        None => Ok(()),
        Some(fault) => Err(Error::failed(format!(
            "the program of the {name} can't be deployed: {fault}"
        ))
        .hint("another build might have replaced it: run the command again")),
    }
}

fn find_fault(bytes: &[u8], architecture: Architecture) -> Option<&'static str> {
    // Magic number, 64 bit, little-endian.
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return Some("it isn't a 64-bit Linux program");
    }
    let machine = match architecture {
        Architecture::X86_64 => 62,
        Architecture::Arm64 => 183,
    };
    if read(bytes, 18, 2) != Some(machine) {
        return Some("it is for another architecture");
    }
    match find_end(bytes) {
        Some(end) if end <= bytes.len() as u64 => None,
        _ => Some("it is truncated"),
    }
}

/// Returns the offset after everything that the headers refer to. `None` if a header is truncated.
fn find_end(bytes: &[u8]) -> Option<u64> {
    let sections =
        read(bytes, 40, 8)?.checked_add(read(bytes, 58, 2)?.checked_mul(read(bytes, 60, 2)?)?)?;
    let (table, size, count) = (
        read(bytes, 32, 8)?,
        read(bytes, 54, 2)?,
        read(bytes, 56, 2)?,
    );
    let mut end = sections;
    for number in 0..count {
        let header = usize::try_from(table.checked_add(size.checked_mul(number)?)?).ok()?;
        let (offset, length) = (
            read(bytes, header.checked_add(8)?, 8)?,
            read(bytes, header.checked_add(32)?, 8)?,
        );
        end = end.max(offset.checked_add(length)?);
    }
    Some(end)
}

/// Returns the newest glibc version whose symbols a program uses, such as 2.34. `None` if it uses none, as a static
/// program does.
///
/// The version of a symbol is a zero-terminated string in the program, such as `GLIBC_2.34`.
#[must_use]
pub fn newest_glibc(program: &[u8]) -> Option<(u32, u32)> {
    const START: &[u8] = b"GLIBC_";
    let starts = program.windows(START.len()).enumerate();
    let starts = starts.filter(|(_, bytes)| *bytes == START);
    let versions = starts.filter_map(|(at, _)| {
        let rest = program.get(at + START.len()..)?;
        let end = rest.iter().take(16).position(|byte| *byte == 0)?;
        let mut parts = std::str::from_utf8(&rest[..end]).ok()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    versions.max()
}

/// Reads a little-endian number.
fn read(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(
        field
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file header of 64 bytes, one program header of 56, and a segment of 8.
    fn program(machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        // The segment's offset and length.
        bytes[64 + 8] = 120;
        bytes[64 + 32] = 8;
        bytes
    }

    #[test]
    fn only_a_whole_program_of_the_architecture_passes() {
        let arm = program(183);
        assert_eq!(find_fault(&arm, Architecture::Arm64), None);
        assert_eq!(find_fault(&program(62), Architecture::X86_64), None);
        assert!(find_fault(&arm, Architecture::X86_64).is_some());
        for length in 0..arm.len() {
            assert!(
                find_fault(&arm[..length], Architecture::Arm64).is_some(),
                "{length}"
            );
        }
        assert!(find_fault(b"#!/bin/sh\n", Architecture::Arm64).is_some());
    }

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn this_very_program_passes_and_half_of_it_does_not() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        let host = if cfg!(target_arch = "aarch64") {
            Architecture::Arm64
        } else {
            Architecture::X86_64
        };
        check_executable("test", &bytes, host).unwrap();
        let error = check_executable("test", &bytes[..bytes.len() / 2], host).unwrap_err();
        assert!(error.to_string().contains("it is truncated"), "{error}");
    }

    #[test]
    fn the_newest_version_of_glibc_is_found() {
        let program =
            b"GLIBC_2.17\0GLIBC_2.2.5\0puts\0GLIBC_2.28\0GLIBC_PRIVATE\0GLIBC_2.99 in a text\0";
        assert_eq!(newest_glibc(program), Some((2, 28)));
        assert_eq!(newest_glibc(b"GLIBC_"), None);
    }
}
