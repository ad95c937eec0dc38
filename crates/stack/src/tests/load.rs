//! Reading from a file.

use std::fs;
use std::path::PathBuf;

use miette::Diagnostic as _;

use super::BASE;
use crate::{LoadError, load};

/// A file that is deleted when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("stack-{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_is_read_and_named_in_its_report() {
    let file = Scratch::new("fine.yaml", BASE.as_bytes());
    assert_eq!(load(&file.0).unwrap().stack.name, "shop");
    let file = Scratch::new("bad.yaml", b"name: a_b\nservices: {}\n");
    let Err(LoadError::Invalid(report)) = load(&file.0) else {
        panic!("an invalid definition");
    };
    assert!(report.to_string().ends_with("bad.yaml"), "{report}");
    let error = LoadError::Invalid(report);
    assert_eq!(error.related().unwrap().count(), 3, "the report's problems");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let error = load(&std::env::temp_dir().join("there-is-no-such-file.yaml")).unwrap_err();
    assert!(error.to_string().starts_with("can't read "), "{error}");
    assert!(error.help().unwrap().to_string().contains("check the path"));
    let error = load(&std::env::temp_dir()).unwrap_err();
    assert!(matches!(error, LoadError::Read { .. }), "{error:?}");
}

#[test]
fn a_file_of_100_mb_is_not_read() {
    let file = Scratch::new("large.yaml", b"");
    // Sparse: it takes no disk space, and reading all of it would take long.
    fs::File::options()
        .write(true)
        .open(&file.0)
        .unwrap()
        .set_len(100_000_000_000)
        .unwrap();
    assert!(matches!(
        load(&file.0),
        Err(LoadError::TooLarge {
            limit: 1_048_576,
            ..
        })
    ));
}

#[cfg(unix)]
#[test]
fn a_file_without_end_is_not_read_on() {
    assert!(matches!(
        load("/dev/zero".as_ref()),
        Err(LoadError::TooLarge { .. })
    ));
}

#[test]
fn the_first_byte_that_is_not_utf8_is_named() {
    let file = Scratch::new("latin1.yaml", b"name: shop\n# gr\xfc\xdfe\n");
    let Err(LoadError::NotUtf8 { byte, line, .. }) = load(&file.0) else {
        panic!("not UTF-8");
    };
    assert_eq!((byte, line), (15, 2));
}
