//! Hints for file errors: a full disk, or a folder that isn't writable.

use std::path::PathBuf;

use crate::workshop::workshop;

/// Returns hints for a message that reports such an error in the operating system's words, from any program.
pub(crate) fn hints(message: &str) -> Vec<String> {
    let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if has(&["No space left on device", "Disk quota exceeded"]) {
        return vec![describe_full(&list_full(list_written()))];
    }
    if has(&["Read-only file system"]) {
        let mut hint = "the file system is read-only".to_owned();
        if let Ok(home) = workshop().home() {
            hint.push_str(&format!(
                ": builds and the sandbox write to {} and `target`; use a writable copy of the checkout",
                home.display()
            ));
        }
        return vec![hint];
    }
    Vec::new()
}

fn describe_full(folders: &[(PathBuf, u64)]) -> String {
    let named = folders
        .iter()
        .map(|(folder, free)| format!("{} ({} MB free)", folder.display(), free / 1_000_000));
    let named: Vec<String> = named.collect();
    let place = if named.is_empty() {
        "the disk of the named file".to_owned()
    } else {
        named.join(" and ")
    };
    format!("no space left on {place}: free some, then run the command again")
}

/// Describes which of the folders are on a full disk. `None` if there are none.
pub(crate) fn describe_if_full(folders: impl IntoIterator<Item = PathBuf>) -> Option<String> {
    let full = list_full(folders);
    (!full.is_empty()).then(|| describe_full(&full))
}

/// Returns the folders whose disk is full, with the number of free bytes.
fn list_full(folders: impl IntoIterator<Item = PathBuf>) -> Vec<(PathBuf, u64)> {
    let folders = folders.into_iter();
    let free = folders.filter_map(|folder| Some((sandbox::free_space(&folder)?, folder)));
    free.filter(|(free, _)| *free < sandbox::FULL)
        .map(|(free, folder)| (folder, free))
        .collect()
}

/// Folders that commands write to.
fn list_written() -> impl Iterator<Item = PathBuf> {
    let folders = [
        workshop().home().ok(),
        std::env::current_dir().ok(),
        Some(std::env::temp_dir()),
    ];
    folders.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_one_have_their_own_hints() {
        // ENOSPC and EROFS in the words of Rust's standard library, cargo, and pip.
        let full = hints("failed to write r.html: No space left on device (os error 28)");
        assert!(full[0].starts_with("no space left on "), "{full:?}");
        let full = hints("OSError: [Errno 28] No space left on device");
        assert!(
            full[0].ends_with("free some, then run the command again"),
            "{full:?}"
        );
        let fixed =
            hints("failed to make the folder .sandbox/x: Read-only file system (os error 30)");
        assert!(
            fixed[0].starts_with("the file system is read-only"),
            "{fixed:?}"
        );
        assert!(hints("Permission denied (os error 13)").is_empty());
        let folders = [(PathBuf::from("/tmp"), 1_500_000)];
        assert_eq!(
            describe_full(&folders),
            "no space left on /tmp (1 MB free): free some, then run the command again"
        );
    }
}
