//! Folders of processes, and the processes themselves, as long as they live.
//!
//! Whatever way a run ends, nothing of it may stay. Ownership does that on every path but one: a
//! program that calls `exit` drops nothing. So both are also listed here, and [`abandon`] ends them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is alive, by number. Written by whoever makes or drops a [`Folder`].
static LIVE: Mutex<BTreeMap<u64, Live>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Live {
    path: PathBuf,
    child: Option<Child>,
}

/// A list that a panic interrupted is still a list.
fn live() -> MutexGuard<'static, BTreeMap<u64, Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every process that a session of this program started, and removes its files: for a program
/// that is about to exit without ending its sessions.
pub fn abandon() {
    for (_, mut live) in std::mem::take(&mut *live()) {
        live.end();
    }
}

impl Live {
    /// A process that has ended already is no mistake, and neither is a folder that is gone.
    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A folder of its own for one process at a time. Both go away with the value.
#[derive(Debug)]
pub(super) struct Folder {
    number: u64,
    path: PathBuf,
}

impl Folder {
    /// An empty folder.
    pub(super) fn new() -> io::Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ramscope-qemu-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // What an earlier program of this number left is not ours to read.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path)?;
        live().insert(number, Live { path: path.clone(), child: None });
        Ok(Self { number, path })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a process into its care.
    pub(super) fn adopt(&self, child: Child) {
        match live().get_mut(&self.number) {
            Some(live) => live.child = Some(child),
            // Abandoned meanwhile: the process must not stay.
            None => Live { path: self.path.clone(), child: Some(child) }.end(),
        }
    }

    /// How the process ended, if it has.
    pub(super) fn poll(&self) -> io::Result<Option<ExitStatus>> {
        self.on_child(Child::try_wait)
    }

    /// Kills the process, which may be deaf to everything else, and waits until it is gone.
    pub(super) fn kill(&self) -> io::Result<ExitStatus> {
        self.on_child(|child| {
            child.kill()?;
            child.wait()
        })
    }

    fn on_child<T>(&self, act: impl FnOnce(&mut Child) -> io::Result<T>) -> io::Result<T> {
        let gone = || io::Error::other("the program is ending");
        let mut live = live();
        let child = live.get_mut(&self.number).and_then(|live| live.child.as_mut());
        act(child.ok_or_else(gone)?)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let live = live().remove(&self.number);
        if let Some(mut live) = live {
            live.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap()
    }

    /// Whether a process of this id exists, as a zombie or otherwise.
    fn exists(id: u32) -> bool {
        Path::new(&format!("/proc/{id}")).exists()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn neither_process_nor_folder_outlives_the_value() {
        let folder = Folder::new().unwrap();
        let (path, child) = (folder.path().to_owned(), sleeper());
        let id = child.id();
        folder.adopt(child);
        assert!(exists(id) && path.exists());
        drop(folder);
        assert!(!exists(id) && !path.exists());
    }
}
