//! A lock between processes. It is held until the value is dropped, and the system releases it when its holder
//! ends.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of this file, which is created if it doesn't exist.
    ///
    /// # Errors
    /// If the file can't be created or locked.
    pub fn take(path: &Path) -> Result<Self> {
        Self::take_noting(path, || ())
    }

    /// The same, but calls `waiting` if another process holds it.
    ///
    /// # Errors
    /// If the file can't be created or locked.
    pub fn take_noting(path: &Path, waiting: impl FnOnce()) -> Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file("make the folder", parent))?;
        }
        let file = File::create(path).map_err(Error::file("open the lock", path))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            waiting();
        }
        file.lock().map_err(Error::file("lock", path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn the_second_waits_for_the_first_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/build.lock");
        let first = Lock::take_noting(&path, || panic!("no process holds it")).unwrap();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let second = scope.spawn(|| {
                let lock = Lock::take_noting(&path, || tell.send("waits").unwrap());
                tell.send("holds").unwrap();
                lock.unwrap()
            });
            assert_eq!(told.recv().unwrap(), "waits");
            assert!(told.try_recv().is_err(), "the first holds it");
            drop(first);
            assert_eq!(told.recv().unwrap(), "holds");
            second.join().unwrap();
        });
    }
}
