//! Modules: imports, what keeps them, and that nothing is left. They are linked statically here; what the
//! loader itself does with bytes is tested beside it, and with real modules on the engine.

use crate::check::NAME;
use ramscope_board_host::run_with_modules;
use ramscope_kernel::mem;
use ramscope_kernel::module::{self, Detail, PinKind, Reason, Unloaded};
use ramscope_kernel::module_abi::{self, Linked, Version};
use ramscope_kernel::{Arguments, Error, Program, Span, println, thread};

/// Declares a module in a Rust module of its own.
macro_rules! module {
    (
        $at:ident = $name:literal $version:tt needs [$($needs:tt),*]
        exports [$($kind:ident $export:literal => $function:path),*]
        init $init:path, deinit $deinit:path
    ) => {
        mod $at {
            #[allow(unused_imports)]
            use super::*;
            module_abi::module! {
                name: $name,
                version: $version,
                dependencies: [$($needs),*],
                exports: [$($kind $export => $function),*],
                init: $init,
                deinit: $deinit,
            }
        }
    };
}

fn begin() -> Result<(), module_abi::Status> {
    Ok(())
}

fn end() {}

/// Runs `body` with these modules, and answers what it printed.
fn lines(modules: &[&'static Linked], body: fn(Arguments<'_>) -> Result<(), Error>) -> Vec<String> {
    let modules: &'static [&'static Linked] = Box::leak(modules.to_vec().into_boxed_slice());
    let program = Program { name: NAME, summary: "under test", run: body };
    let programs = Box::leak(Box::new([program]));
    let run = run_with_modules(programs, modules, &["run test"], 60);
    std::println!("{}", run.text);
    let printed =
        run.text.split_once("> run test\n").and_then(|(_, rest)| rest.split_once("test: "));
    let (printed, end) = printed.expect("the program ends");
    assert!(end.starts_with("ended\n"), "the program failed:\n{}", run.text);
    printed.lines().map(str::to_owned).collect()
}

/// Asserts inside of a program, whose panics the kernel keeps to itself.
macro_rules! claim {
    ($condition:expr) => {
        println!("{}", if $condition { "yes" } else { concat!("no: ", stringify!($condition)) });
    };
}

fn all_claims_hold(printed: &[String], count: usize) {
    let claims = printed.iter().filter(|line| *line == "yes").count();
    assert_eq!(claims, count, "{printed:#?}");
}

/// The kinds of the pins that keep a module which is unloaded.
fn pins(name: &str) -> Vec<PinKind> {
    match module::unload(name) {
        Some(Unloaded::Held { pins, .. }) => pins.iter().map(|pin| pin.kind).collect(),
        Some(Unloaded::Gone(_)) => Vec::new(),
        None => panic!("{name} is not loaded"),
    }
}

module!(plain = "plain" (1, 2, 3) needs [] exports [numbers "add" => add, bytes "shout" => shout]
    init begin, deinit end);

fn add([a, b, ..]: [usize; 4]) -> isize {
    (a + b) as isize
}

fn shout(input: &[u8], output: &mut [u8]) -> isize {
    let length = input.len().min(output.len());
    for (to, from) in output.iter_mut().zip(input) {
        *to = from.to_ascii_uppercase();
    }
    length as isize
}

#[test]
fn a_second_import_answers_the_same_module_and_costs_nothing() {
    let printed = lines(&[&plain::ramscope_module::LINKED], |_| {
        let before = mem::used_bytes();
        let first = module::import("plain").map_err(Error::from)?;
        let with_one = mem::used_bytes();
        claim!(with_one > before);
        let second = module::import("plain").map_err(Error::from)?;
        claim!(mem::used_bytes() == with_one);
        claim!(first.version() == Version::new(1, 2, 3) && second.name() == "plain");
        drop((first, second));
        claim!(module::is_loaded("plain"));
        claim!(matches!(module::unload("plain"), Some(Unloaded::Gone(_))));
        claim!(mem::used_bytes() == before);
        Ok(())
    });
    all_claims_hold(&printed, 6);
}

module!(called = "called" (1, 0, 0) needs []
    exports [numbers "add" => add, bytes "shout" => shout] init begin, deinit end);

#[test]
fn functions_are_called_by_name_and_kind() {
    let printed = lines(&[&called::ramscope_module::LINKED], |_| {
        let called = module::import("called").map_err(Error::from)?;
        claim!(called.call_numbers("add", [2, 3, 0, 0]) == Ok(5));
        let mut output = [0; 8];
        claim!(called.call_bytes("shout", b"quiet", &mut output) == Ok(5));
        claim!(&output[..5] == b"QUIET");
        claim!(called.call_numbers("shout", [0; 4]) == Err(Error::Invalid));
        claim!(called.call_numbers("nothing", [0; 4]) == Err(Error::Invalid));
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(named = "named" (1, 0, 0) needs [] exports [] init begin, deinit end);

/// Seed 000: the table's entry and the name are two pins.
#[test]
fn the_entry_of_the_table_and_a_name_are_two_pins() {
    let printed = lines(&[&named::ramscope_module::LINKED], |_| {
        let name = module::import("named").map_err(Error::from)?;
        claim!(pins("named") == [PinKind::Name]);
        claim!(!module::is_loaded("named"));
        claim!(module::release_unpinned().modules == 0);
        drop(name);
        claim!(module::release_unpinned().modules == 1);
        claim!(module::unload("named").is_none());
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(again = "again" (1, 0, 0) needs [] exports [numbers "add" => add] init begin, deinit end);

/// semantics.md 4.7: re-importing makes another module, old references keep the old one.
#[test]
fn importing_what_is_still_held_makes_another_module() {
    let printed = lines(&[&again::ramscope_module::LINKED], |_| {
        let old = module::import("again").map_err(Error::from)?;
        claim!(pins("again") == [PinKind::Name]);
        let before = mem::used_bytes();
        let new = module::import("again").map_err(Error::from)?;
        claim!(mem::used_bytes() > before);
        claim!(old.call_numbers("add", [1, 1, 0, 0]) == Ok(2));
        drop(old);
        claim!(module::release_unpinned().modules == 1);
        claim!(new.call_numbers("add", [1, 1, 0, 0]) == Ok(2));
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(below = "below" (1, 4, 0) needs [] exports [numbers "add" => add] init begin, deinit end);
module!(above = "above" (1, 0, 0) needs [("below", (1, 2, 0))] exports [numbers "twice" => twice]
    init begin, deinit end);

fn twice([a, ..]: [usize; 4]) -> isize {
    let kind = module_abi::ExportKind::NUMBERS;
    let add = module_abi::find(above::ramscope_module::id(), "below", "add", kind);
    add.map_or(-1, |add| module_abi::call_numbers(add, [a, a, 0, 0]))
}

#[test]
fn what_a_module_needs_is_imported_first_and_kept_by_it() {
    let modules = [&above::ramscope_module::LINKED, &below::ramscope_module::LINKED];
    let printed = lines(&modules, |_| {
        let above = module::import("above").map_err(Error::from)?;
        claim!(module::is_loaded("below"));
        claim!(above.call_numbers("twice", [21, 0, 0, 0]) == Ok(42));
        claim!(pins("below") == [PinKind::Importer]);
        drop(above);
        claim!(module::unload("above").is_some());
        claim!(module::release_unpinned().modules == 1);
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(old_one = "old_one" (1, 1, 9) needs [] exports [] init begin, deinit end);
module!(modern = "modern" (1, 0, 0) needs [("old_one", (1, 2, 0))] exports [] init begin, deinit end);
module!(other_major = "other_major" (1, 0, 0) needs [("old_one", (2, 0, 0))] exports []
    init begin, deinit end);

#[test]
fn a_version_that_does_not_serve_is_refused_and_the_sibling_stays() {
    let modules = [
        &old_one::ramscope_module::LINKED,
        &modern::ramscope_module::LINKED,
        &other_major::ramscope_module::LINKED,
    ];
    let printed = lines(&modules, |_| {
        for name in ["modern", "other_major"] {
            let why = module::import(name).expect_err("it is too old").reason;
            claim!(why == Reason::TooOld(Detail::of("old_one"), Version::new(1, 1, 9)));
            claim!(!module::is_loaded(name));
        }
        claim!(module::is_loaded("old_one"));
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(hen = "hen" (1, 0, 0) needs [("egg", (1, 0, 0))] exports [] init begin, deinit end);
module!(egg = "egg" (1, 0, 0) needs [("hen", (1, 0, 0))] exports [] init begin, deinit end);

/// Where MicroPython shows a half-made module to its importer (row I02), a circle is refused here: there is no
/// half-made module whose functions could be called.
#[test]
fn i02_a_circle_is_refused_by_name_and_leaves_nothing() {
    let modules = [&hen::ramscope_module::LINKED, &egg::ramscope_module::LINKED];
    let printed = lines(&modules, |_| {
        let before = mem::used_bytes();
        for _ in 0..2 {
            let refused = module::import("hen").expect_err("it needs itself");
            claim!(refused.module == Detail::of("egg"));
            claim!(refused.reason == Reason::Circle(Detail::of("hen")));
            claim!(mem::used_bytes() == before);
        }
        claim!(!module::is_loaded("hen") && !module::is_loaded("egg"));
        Ok(())
    });
    all_claims_hold(&printed, 7);
}

module!(sibling = "sibling" (1, 0, 0) needs [] exports [] init begin, deinit end);
module!(broken = "broken" (1, 0, 0) needs [("sibling", (1, 0, 0))] exports [] init fail, deinit end);

fn fail() -> Result<(), module_abi::Status> {
    Err(module_abi::Status::Failed(7))
}

#[test]
fn i01_a_failing_module_is_not_in_the_table_fails_again_alike_and_its_sibling_stays() {
    let modules = [&broken::ramscope_module::LINKED, &sibling::ramscope_module::LINKED];
    let printed = lines(&modules, |_| {
        let first = module::import("broken").expect_err("its init answers 7");
        let with_sibling = mem::used_bytes();
        claim!(first.reason == Reason::Refused(7));
        claim!(!module::is_loaded("broken") && module::is_loaded("sibling"));
        claim!(module::import("broken").expect_err("the same") == first);
        claim!(mem::used_bytes() == with_sibling);
        Ok(())
    });
    all_claims_hold(&printed, 4);
}

module!(lonely = "lonely" (1, 0, 0) needs [("nobody", (1, 0, 0))] exports [] init begin, deinit end);

#[test]
fn a_module_that_is_not_in_the_image_is_named_with_who_needs_it() {
    let printed = lines(&[&lonely::ramscope_module::LINKED], |_| {
        let before = mem::used_bytes();
        claim!(module::import("nobody").expect_err("none").reason == Reason::NotFound);
        let refused = module::import("lonely").expect_err("none");
        claim!(refused.module == Detail::of("lonely"));
        claim!(refused.reason == Reason::MissingModule(Detail::of("nobody")));
        claim!(mem::used_bytes() == before);
        Ok(())
    });
    all_claims_hold(&printed, 4);
}

module!(ticking = "ticking" (1, 0, 0) needs [] exports [] init tick, deinit end);

fn tick() -> Result<(), module_abi::Status> {
    extern "C" fn each(_: usize) -> i32 {
        0
    }
    let timer = module_abi::start_timer(ticking::ramscope_module::id(), 1_000, each, 0);
    timer.map(|_| ()).ok_or(module_abi::Status::OutOfMemory)
}

module!(busy = "busy" (1, 0, 0) needs [] exports [] init work, deinit end);

fn work() -> Result<(), module_abi::Status> {
    extern "C" fn body(micros: usize) -> i32 {
        i32::from(module_abi::sleep_us(micros as u64))
    }
    let thread = module_abi::start_thread(busy::ramscope_module::id(), 1024, body, 20_000);
    thread.map(|_| ()).ok_or(module_abi::Status::OutOfMemory)
}

#[test]
fn a_timer_and_a_running_thread_are_pins() {
    let modules = [&ticking::ramscope_module::LINKED, &busy::ramscope_module::LINKED];
    let printed = lines(&modules, |_| {
        drop(module::import("ticking").map_err(Error::from)?);
        drop(module::import("busy").map_err(Error::from)?);
        claim!(pins("ticking") == [PinKind::Callback]);
        claim!(pins("busy") == [PinKind::Unit]);
        claim!(module::release_unpinned().modules == 0);
        thread::sleep(Span::from_millis(30))?;
        // The thread has ended; the timer goes on as long as nobody stops it.
        claim!(module::release_unpinned().modules == 1);
        claim!(pins("ticking") == [PinKind::Callback]);
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

module!(untidy = "untidy" (1, 0, 0) needs [] exports [] init litter, deinit end);

fn litter() -> Result<(), module_abi::Status> {
    for bytes in [100, 200] {
        let own = untidy::ramscope_module::id().get();
        let block = module_abi::calls::ramscope_allocate(own, bytes, 4);
        if block.is_null() {
            return Err(module_abi::Status::OutOfMemory);
        }
    }
    Ok(())
}

#[test]
fn what_a_module_leaves_behind_comes_back_and_is_counted() {
    let printed = lines(&[&untidy::ramscope_module::LINKED], |_| {
        let before = mem::used_bytes();
        drop(module::import("untidy").map_err(Error::from)?);
        let Some(Unloaded::Gone(released)) = module::unload("untidy") else {
            return Err(Error::Invalid);
        };
        claim!(released.leftover_blocks == 2);
        claim!((300..400).contains(&released.leftover_bytes));
        claim!(mem::used_bytes() == before);
        Ok(())
    });
    all_claims_hold(&printed, 3);
}

module!(cycled = "cycled" (1, 0, 0) needs [] exports [] init begin, deinit end);

/// Who has a name for a module that is unloaded.
fn names(name: &str) -> Vec<&'static str> {
    match module::unload(name) {
        Some(Unloaded::Held { pins, .. }) => pins.iter().map(|pin| pin.name).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_handle_that_another_unit_uses_or_is_given_is_that_units_pin() {
    let printed = lines(&[&called::ramscope_module::LINKED], |_| {
        let spawn = |handle: module::Module, uses: bool| {
            thread::Builder::new("user").stack_bytes(2048).spawn(move || -> Result<(), Error> {
                if uses {
                    handle.call_numbers("add", [1, 2, 0, 0])?;
                }
                thread::sleep(Span::from_millis(20))
            })
        };
        let handle = module::import("called").map_err(Error::from)?;
        claim!(names("called") == ["main"]);
        let user = spawn(handle, true)?;
        thread::sleep(Span::from_millis(5))?;
        claim!(names("called") == ["user"]);
        user.join()?;
        claim!(module::release_unpinned().modules == 1);
        // One that is only given away, and never used.
        let handle = module::import("called").map_err(Error::from)?;
        let waiting = thread::Builder::new("waits").stack_bytes(2048);
        let waiting = waiting.spawn(|| thread::sleep(Span::from_millis(20)))?;
        handle.give_to(&waiting);
        claim!(names("called") == ["waits"]);
        drop(handle);
        claim!(matches!(module::unload("called"), Some(Unloaded::Gone(_))));
        waiting.join()?;
        Ok(())
    });
    all_claims_hold(&printed, 5);
}

#[test]
fn a_moved_handle_keeps_its_module_when_its_importer_is_torn_down() {
    use std::sync::Mutex;
    static PASSED: Mutex<Option<module::Module>> = Mutex::new(None);
    let printed = lines(&[&called::ramscope_module::LINKED], |_| {
        let importer = thread::Builder::new("importer").stack_bytes(4096);
        let importer = importer.spawn(|| -> Result<(), Error> {
            let handle = module::import("called").map_err(Error::from)?;
            *PASSED.lock().expect("nobody panics with it") = Some(handle);
            thread::sleep(Span::from_millis(10))?;
            panic!("torn down");
        })?;
        thread::sleep(Span::from_millis(5))?;
        let handle = PASSED.lock().expect("nobody panics with it").take().expect("it was passed");
        claim!(handle.call_numbers("add", [1, 2, 0, 0]) == Ok(3));
        let _ = importer.join();
        claim!(names("called") == ["main"]);
        claim!(module::release_unpinned().modules == 0);
        claim!(handle.call_numbers("add", [1, 2, 0, 0]) == Ok(3));
        Ok(())
    });
    all_claims_hold(&printed, 4);
}

#[test]
fn m32_code_stays_valid_after_its_module_was_deleted_and_collected_as_long_as_somebody_has_it() {
    let printed = lines(&[&called::ramscope_module::LINKED], |_| {
        let before = mem::used_bytes();
        let kept = module::import("called").map_err(Error::from)?;
        // `del sys.modules["called"]`, then collections and garbage over what would be free.
        claim!(matches!(module::unload("called"), Some(Unloaded::Held { .. })));
        for _ in 0..3 {
            ramscope_kernel::collect::collect()?;
            let mut garbage = mem::Buffer::with_capacity(4096)?;
            garbage.extend(&[0xA5; 4096])?;
        }
        claim!(!module::is_loaded("called"));
        claim!(kept.call_numbers("add", [20, 22, 0, 0]) == Ok(42));
        drop(kept);
        ramscope_kernel::collect::collect()?;
        claim!(mem::used_bytes() == before);
        Ok(())
    });
    all_claims_hold(&printed, 4);
}

#[test]
fn a_hundred_imports_and_unloads_leave_nothing() {
    let printed = lines(&[&cycled::ramscope_module::LINKED], |_| {
        let before = mem::totals();
        for _ in 0..100 {
            drop(module::import("cycled").map_err(Error::from)?);
            let _ = module::unload("cycled");
        }
        let after = mem::totals();
        claim!((before.used, before.free_blocks) == (after.used, after.free_blocks));
        Ok(())
    });
    all_claims_hold(&printed, 1);
}

module!(filed = "filed" (1, 0, 0) needs [] exports [] init begin, deinit end);

/// MicroPython's `__file__`: a module knows the name under which it lies in the image.
#[test]
fn i06_a_module_says_what_its_file_is_called() {
    let printed = lines(&[&filed::ramscope_module::LINKED], |_| {
        claim!(module::import("filed").map_err(Error::from)?.name() == "filed");
        Ok(())
    });
    all_claims_hold(&printed, 1);
}
