//! A `.tar.gz` that doesn't depend on the machine, the folder, or the time.

use flate2::{Compression, GzBuilder, write::GzEncoder};

use cli::Result;

use super::failed;

/// An archive in memory.
pub(super) struct Archive {
    tar: tar::Builder<GzEncoder<Vec<u8>>>,
    folder: String,
    seconds: u64,
}

impl Archive {
    /// Starts an archive whose files are in `folder` and have the time `seconds` since 1970.
    pub(super) fn new(folder: String, seconds: u64) -> Self {
        let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        let tar = tar::Builder::new(gzip);
        Self {
            tar,
            folder,
            seconds,
        }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.append(name, bytes, 0o644)
    }

    /// Adds an executable file.
    pub(super) fn add_program(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.append(name, bytes, 0o755)
    }

    fn append(&mut self, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_mtime(self.seconds);
        header.set_uid(0);
        header.set_gid(0);
        let path = format!("{}/{name}", self.folder);
        let appended = self.tar.append_data(&mut header, path, bytes);
        appended.map_err(|error| failed(&format!("pack {name}"), &error))
    }

    /// Returns the archive's bytes.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        let packed = self.tar.into_inner().and_then(GzEncoder::finish);
        packed.map_err(|error| failed("pack the archive", &error))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut archive = Archive::new("ecs-scaler-1".into(), 1_700_000_000);
        archive.add_program("ecs-scaler", b"program").unwrap();
        archive.add("man/ecs-scaler.1", b"page").unwrap();
        archive.finish().unwrap()
    }

    #[test]
    fn files_are_found_again_and_programs_are_executable() {
        let packed = archive();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let mut found = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = entry.path().unwrap().display().to_string();
            found.push((path, entry.header().mode().unwrap(), text));
        }
        let expected = [
            ("ecs-scaler-1/ecs-scaler", 0o755, "program"),
            ("ecs-scaler-1/man/ecs-scaler.1", 0o644, "page"),
        ];
        let expected = expected.map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        assert_eq!(archive(), archive());
    }
}
