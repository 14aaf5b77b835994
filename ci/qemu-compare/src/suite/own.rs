//! Our own small tests: one for each verdict, so that a verdict is known to be right before a suite
//! of somebody else's is judged by it.

mod programs;

use super::judge::{Kind, Row};
use std::io;
use std::path::Path;

/// A file, and what must be said of it.
pub(super) struct OwnTest {
    name: &'static str,
    file: Vec<u8>,
    kind: Kind,
    /// Words that its row must have.
    detail: &'static str,
    qemu: OnQemu,
}

/// What QEMU's `spike` machine must make of a test that the engine can run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnQemu {
    Agrees,
    /// It knows less of the convention.
    Differs,
}

/// All of them.
pub(super) fn tests() -> Vec<OwnTest> {
    let mut tests = Vec::new();
    let mut add = |name, file, kind, detail| {
        tests.push(OwnTest { name, file, kind, detail, qemu: OnQemu::Agrees });
    };
    use programs::*;
    add("arithmetic", arithmetic(), Kind::Passed, "");
    add("branches", branches(), Kind::Passed, "");
    add("compressed", compressed(), Kind::Passed, "");
    add("console-character", console_character(), Kind::Passed, "");
    add("csr", csr_accesses(), Kind::Passed, "");
    add("illegal-is-caught", illegal_is_caught(), Kind::Passed, "");
    add("memory", memory(), Kind::Passed, "");
    add("multiply-divide", multiply_divide(), Kind::Passed, "");
    add("signature", with_signature(), Kind::Passed, "");
    add("timer", timer(), Kind::Passed, "");
    add("user-mode", user_mode(), Kind::Passed, "");
    add("fails-second", fails(2), Kind::Failed, "test 2");
    add("fails-last", fails(99), Kind::Failed, "test 99");
    add("unexpected-trap", unexpected_trap(), Kind::Failed, "load access fault (cause 5)");
    add("hangs", hangs(), Kind::TimedOut, "at 0x80000000");
    add("waits", waits(), Kind::TimedOut, "nothing raises");
    add("no-handler", no_handler(), Kind::Trapped, "store access fault (cause 7) at 0x80000008");
    add("needs-a", needs(0x00A5_A02F), Kind::Elsewhere, "needs A: illegal");
    add("needs-f", needs(0x0005_2007), Kind::Elsewhere, "needs F: illegal");
    add("needs-s-mode", needs(0x1800_1073), Kind::Elsewhere, "needs S-mode: illegal");
    add("needs-f-no-handler", needs_without_handler(0x6108), Kind::Elsewhere, "needs F: illegal");
    add("reserved", needs(0x0000_000B), Kind::Failed, "unexpected illegal instruction");
    add("rv64", of_class_64(), Kind::Elsewhere, "RV64");
    add("for-another-processor", for_x86(), Kind::Elsewhere, "x86-64");
    add("for-the-c3", linked_elsewhere(), Kind::Elsewhere, "its entry is 0x42000000");
    add("too-large", too_large(), Kind::Elsewhere, "outside the chip's memory");
    add("no-tohost", without_tohost(), Kind::Elsewhere, "no symbol tohost");
    add("notes.txt", b"not a test\n".to_vec(), Kind::Skipped, "");
    // QEMU 7.2 has no system calls, and waits for an upper half for ever.
    for (name, file) in [("console-call", console_call()), ("lower-half-only", lower_half_only())] {
        let (kind, qemu) = (Kind::Passed, OnQemu::Differs);
        tests.push(OwnTest { name, file, kind, detail: "", qemu });
    }
    tests
}

/// Puts the files into a new folder.
pub(super) fn write(tests: &[OwnTest], folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    tests.iter().try_for_each(|test| std::fs::write(folder.join(test.name), &test.file))
}

/// Every test that did not get the verdict that it must get, in words.
pub(super) fn problems(tests: &[OwnTest], rows: &[Row]) -> Vec<String> {
    let mut problems = Vec::new();
    for test in tests {
        let Some(row) = rows.iter().find(|row| row.name == test.name) else {
            problems.push(format!("{}: nothing was said of it", test.name));
            continue;
        };
        if row.kind != test.kind || !row.detail.contains(test.detail) {
            let (must, is) = (test.kind.name(), row.kind.name());
            problems.push(format!(
                "{}: {is} ({}), but must be {must} ({})",
                test.name, row.detail, test.detail
            ));
        }
        if row.compared && row.disagrees != (test.qemu == OnQemu::Differs) {
            problems.push(format!("{}: QEMU: {}", test.name, row.detail));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, run_folder};
    use super::*;

    fn settings() -> Settings {
        Settings {
            folder: None,
            own: true,
            jobs: 2,
            cycles_max: 100_000,
            signatures: None,
            qemu: None,
        }
    }

    #[test]
    fn every_verdict_is_the_one_that_a_test_was_written_for() {
        let folder = std::env::temp_dir().join(format!("own-verdicts-{}", std::process::id()));
        let tests = tests();
        write(&tests, &folder).unwrap();
        let rows = run_folder(&settings(), &folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(problems(&tests, &rows.unwrap()), Vec::<String>::new());
        assert!(tests.len() >= 12);
    }

    #[test]
    fn a_signature_is_one_word_a_line() {
        let folder = std::env::temp_dir().join(format!("own-signatures-{}", std::process::id()));
        let (files, signatures) = (folder.join("files"), folder.join("signatures"));
        write(&tests(), &files).unwrap();
        let settings = Settings { signatures: Some(signatures.clone()), ..settings() };
        let _ = run_folder(&settings, &files).unwrap();
        let text = std::fs::read_to_string(signatures.join("signature.signature")).unwrap();
        let written = std::fs::read_dir(&signatures).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(text, "00000007\n0000000e\n00000015\n0000001c\n");
        assert_eq!(written, 1, "the others have no signature");
    }
}
