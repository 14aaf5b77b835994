//! Programs in QEMU's place that do what QEMU does on bad days.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use super::*;

/// A folder that goes away, with a shell script in QEMU's place.
struct Impostor(PathBuf);

impl Impostor {
    fn doing(script: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("ramscope-impostor-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let program = folder.join("qemu");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a log, as a device would have left it, where the script can copy it from.
    fn with_log(self, log: &[u8]) -> Self {
        fs::write(self.path("log"), log).unwrap();
        let used = (log.len() as u32).to_le_bytes();
        fs::write(self.path("used"), used).unwrap();
        self
    }

    fn run(&self, run: &Run, watchdog: &Watchdog) -> Result<QemuSession, BackendError> {
        let flash = Flash { entry: 0x2000_0000, segments: vec![(0x2000_0000, vec![0; 16])] };
        let memory = Memory::new(memory::RAM, &script::of(run))?;
        let machine = Machine::new(&Qemu::at(&self.path("qemu")), &flash, &memory, run);
        QemuSession::carry_out(machine.map_err(failed)?, memory, machine::ICOUNT, watchdog)
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Shell commands that put the log into the RAM file; `$0` is in the folder of the impostor.
fn writing_the_log() -> String {
    let page = (memory::PAGE - memory::RAM) / 4;
    let log = page + ramscope_wire::script::Page::LOG_AT / 4;
    format!(
        "here=$(dirname \"$0\")\n\
         dd if=\"$here/used\" of=ram bs=4 seek={} conv=notrunc 2>/dev/null\n\
         dd if=\"$here/log\" of=ram bs=4 seek={log} conv=notrunc 2>/dev/null\n",
        page + 3
    )
}

fn sentence(error: &BackendError) -> String {
    match error {
        BackendError::Failed { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

fn how_it_ended(mut session: QemuSession, run: &Run) -> HowEnded {
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    drive(run, &mut session, &mut Recorder::new(), &Watchdog::asleep(), &mut nobody, &mut NoWitness)
}

fn boot_only() -> Run {
    run_of("[{wait-serial: ready}]", "{}")
}

#[test]
fn what_it_said_on_stderr_is_told_when_it_fails() {
    let impostor = Impostor::doing("printf 'no such machine\\001\\n\\n' >&2; exit 1");
    let error = impostor.run(&boot_only(), &Watchdog::asleep()).unwrap_err();
    let text = sentence(&error);
    assert!(text.contains("before the firmware began (exit status: 1)"), "{text}");
    assert!(text.ends_with("said: no such machine?"), "{text}");
}

#[test]
fn a_program_that_is_missing_is_an_error() {
    let impostor = Impostor::doing("");
    fs::remove_file(impostor.path("qemu")).unwrap();
    assert!(impostor.run(&boot_only(), &Watchdog::asleep()).is_err());
}

#[test]
fn garbage_on_stderr_does_no_harm_to_a_run_that_is_whole() {
    let run = boot_only();
    let (uart, log, _) = play(&run, &[(70, b"ready")]);
    let text = String::from_utf8(uart).unwrap();
    let script = format!("{}printf '{text}' > uart; printf '\\377\\000x' >&2", writing_the_log());
    let impostor = Impostor::doing(&script).with_log(&log);
    let session = impostor.run(&run, &Watchdog::asleep()).unwrap();
    assert_eq!(how_it_ended(session, &run), HowEnded::StepsDone);
}

#[test]
fn firmware_that_ends_the_machine_itself_is_told_with_its_exit_code() {
    let run = boot_only();
    let mut log = Vec::new();
    entry(&mut log, LogKind::Sent, 40, &[2]);
    let script = format!("{}printf re > uart; exit 3", writing_the_log());
    let session = Impostor::doing(&script).with_log(&log).run(&run, &Watchdog::asleep()).unwrap();
    let HowEnded::Fatal(reason) = how_it_ended(session, &run) else { panic!("not fatal") };
    assert_eq!(reason, "it ended itself with exit code 3");
}

#[test]
fn a_reset_starts_it_again_with_the_same_memory() {
    let run = boot_only();
    let (mut first, mut both) = (Vec::new(), Vec::new());
    entry(&mut first, LogKind::Sent, 40, &[2]);
    entry(&mut first, LogKind::Reset, 50, &[]);
    both.extend(&first);
    entry(&mut both, LogKind::Sent, 90, &[5]);
    entry(&mut both, LogKind::Over, 2_100_000, &[0]);
    let impostor = Impostor::doing(&format!(
        "if [ -f second ]; then cp \"$(dirname \"$0\")\"/log2 \"$(dirname \"$0\")\"/log; \
         cp \"$(dirname \"$0\")\"/used2 \"$(dirname \"$0\")\"/used; fi\n\
         {}\
         if [ -f second ]; then printf ready > uart; exit 0; fi\n\
         touch second; printf no > uart; exit 75",
        writing_the_log()
    ))
    .with_log(&first);
    fs::write(impostor.path("log2"), &both).unwrap();
    fs::write(impostor.path("used2"), (both.len() as u32).to_le_bytes()).unwrap();
    let session = impostor.run(&run, &Watchdog::asleep()).unwrap();
    assert_eq!(how_it_ended(session, &run), HowEnded::StepsDone);
}

/// Whether some process still runs in the folder of a session of this test program.
#[cfg(target_os = "linux")]
fn lives(id: &str) -> bool {
    std::path::Path::new("/proc").join(id.trim()).exists()
}

/// A process that ignores every signal that can be ignored.
fn deaf() -> Impostor {
    Impostor::doing("echo $$ > \"$(dirname \"$0\")\"/id; trap '' TERM INT HUP; while :; do :; done")
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_is_deaf_is_killed_at_its_deadline_and_leaves_nothing() {
    let impostor = deaf();
    let watchdog = Watchdog::new(Arc::default(), Duration::from_millis(300));
    let session = impostor.run(&boot_only(), &watchdog).unwrap();
    assert!(!lives(&fs::read_to_string(impostor.path("id")).unwrap()));
    assert_eq!(how_it_ended(session, &boot_only()), HowEnded::HostWatchdog);
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_it_too() {
    let impostor = deaf();
    let interrupted = Arc::new(AtomicBool::new(false));
    let watchdog = Watchdog::new(Arc::clone(&interrupted), Duration::from_secs(600));
    let session = thread::scope(|scope| {
        let running = scope.spawn(|| impostor.run(&boot_only(), &watchdog));
        // Once it has written its id, whoever that is is at work.
        while fs::read_to_string(impostor.path("id")).map_or(true, |id| id.is_empty()) {
            thread::yield_now();
        }
        interrupted.store(true, Relaxed);
        running.join().unwrap().unwrap()
    });
    assert!(!lives(&fs::read_to_string(impostor.path("id")).unwrap()));
    assert_eq!(how_it_ended(session, &boot_only()), HowEnded::Interrupted);
}

#[test]
fn the_process_does_not_share_our_group() {
    let impostor = Impostor::doing("ps -o pgid= -p $$ > \"$(dirname \"$0\")\"/group; exit 9");
    let _ = impostor.run(&boot_only(), &Watchdog::asleep());
    let ours =
        Command::new("ps").args(["-o", "pgid=", "-p", &std::process::id().to_string()]).output();
    let theirs = fs::read_to_string(impostor.path("group")).unwrap();
    if let Ok(ours) = ours {
        assert_ne!(String::from_utf8_lossy(&ours.stdout).trim(), theirs.trim());
    }
}
