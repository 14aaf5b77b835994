//! The console: whole lines from many writers, and what `run` refuses.

use crate::check::{device, lines};
use core::fmt;
use ramscope_kernel::thread::{self, Builder};
use ramscope_kernel::{Error, Span, println};

/// A small thread.
fn small(name: &'static str) -> Builder {
    Builder::new(name).stack_bytes(1024)
}

/// A text that lets everybody else run in its middle.
struct Interrupted(u32);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.0)?;
        thread::yield_now();
        thread::sleep(Span::from_micros(10)).map_err(|_| fmt::Error)?;
        write!(f, "-{}>", self.0)
    }
}

#[test]
fn lines_of_many_writers_never_mix_and_stay_in_order() {
    const WRITERS: u32 = 12;
    const LINES: u32 = 40;
    let printed = lines(|_| {
        let mut handles = Vec::new();
        for writer in 0..WRITERS {
            let priority = 6 + (writer % 5) as u8;
            handles.push(small("writer").priority(priority).spawn(move || {
                for line in 0..LINES {
                    println!("{writer} {line} {}", Interrupted(writer * 1000 + line));
                    if line % 7 == writer % 7 {
                        thread::sleep(Span::from_micros(50))?;
                    }
                }
                Ok::<(), Error>(())
            })?);
        }
        handles.into_iter().try_for_each(|handle| handle.join().map(drop))
    });
    assert_eq!(printed.len() as u32, WRITERS * LINES);
    let mut next = [0; WRITERS as usize];
    for line in printed {
        let writer: usize = line.split(' ').next().unwrap().parse().unwrap();
        let number = next[writer];
        let tag = writer as u32 * 1000 + number;
        assert_eq!(line, format!("{writer} {number} <{tag}-{tag}>"));
        next[writer] += 1;
    }
}

#[test]
fn a_line_longer_than_any_buffer_is_written_whole() {
    let printed = lines(|_| {
        let long = "0123456789".repeat(300);
        let other = small("other").spawn(|| {
            for _ in 0..20 {
                println!("other");
                thread::yield_now();
            }
        })?;
        println!("{long}");
        other.join().map(drop)
    });
    let long: Vec<_> = printed.iter().filter(|line| *line != "other").collect();
    assert_eq!(long, [&"0123456789".repeat(300)]);
    assert_eq!(printed.len(), 21);
}

/// A text that cannot be written.
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("and then")?;
        panic!("in the middle of a line");
    }
}

#[test]
fn a_writer_that_dies_in_the_middle_of_a_line_costs_that_line_only() {
    let printed = lines(|_| {
        let waiting = small("waiting").spawn(|| {
            thread::sleep(Span::from_millis(1))?;
            println!("waiting has the console");
            Ok::<(), Error>(())
        })?;
        println!("{:?}", small("broken").spawn(|| println!("first {Broken}"))?.join()?);
        waiting.join()?;
        println!("main goes on");
        Ok(())
    });
    for whole in ["first and then", "Panicked", "waiting has the console", "main goes on"] {
        assert!(printed.iter().any(|line| line == whole), "{whole}: {printed:#?}");
    }
}

#[test]
fn run_refuses_a_program_that_does_not_exist() {
    let text = device(|_| Ok(()), &["run tset", "run", "run test"], 1).text;
    assert!(text.contains("> run tset\nno program `tset`: try `programs`\n"), "{text}");
    assert!(text.contains("> run\nno program ``: try `programs`\n"), "{text}");
    assert!(text.ends_with("> run test\ntest: ended\n"), "{text}");
}

#[test]
fn run_refuses_while_a_program_runs_and_not_afterwards() {
    let text = device(
        |arguments| {
            println!("begins {}", arguments.number("n", 0));
            thread::sleep(Span::from_millis(15))
        },
        &["run test n=1", "run test n=2", "run test n=3"],
        1,
    )
    .text;
    let expected = "\
> run test n=1
begins 1
> run test n=2
a program runs already: wait for its end, or `reset`
test: ended
> run test n=3
begins 3
test: ended
";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_program_that_fails_says_with_what() {
    let text = device(|_| Err(Error::TimedOut), &["run test"], 1).text;
    assert!(text.ends_with("test: failed: timed out\n"), "{text}");
}

#[test]
fn arguments_are_words_with_defaults() {
    let text = device(
        |arguments| {
            println!("{:?} {:?}", arguments.text("word"), arguments.text("none"));
            println!("{} {}", arguments.number("count", 7), arguments.number("word", 8));
            Ok(())
        },
        &["run test  count=12   word=so other"],
        1,
    )
    .text;
    assert!(text.contains("\nSome(\"so\") None\n12 8\n"), "{text}");
}

#[test]
fn a_line_that_is_too_long_is_refused_as_a_whole() {
    let long = "x".repeat(200);
    let text = device(|_| Ok(()), &[&long, "run test"], 1).text;
    assert!(text.contains("a line has at most 96 bytes: nothing was done"), "{text}");
    assert!(text.ends_with("test: ended\n"), "{text}");
}

#[test]
fn output_between_typed_bytes_stands_on_lines_of_its_own() {
    let text = device(
        |_| {
            for line in 0..5 {
                println!("line {line}");
                thread::sleep(Span::from_millis(7))?;
            }
            Ok(())
        },
        &["run test", "threads", "mem", "help"],
        1,
    )
    .text;
    for line in 0..5 {
        assert!(text.contains(&format!("\nline {line}\n")), "{text}");
    }
    assert!(text.contains("\n> mem\nheap: total "), "{text}");
}

#[test]
fn frames_that_cannot_start_say_why_and_leave_the_console_as_it_was() {
    let text = device(
        |_| {
            let mut handles = Vec::new();
            while let Ok(handle) = small("sleeper").spawn(|| thread::sleep(Span::from_millis(35))) {
                handles.push(handle);
            }
            handles.into_iter().try_for_each(|handle| handle.join().map(drop))
        },
        &["run test", "telemetry frames", "window", "telemetry text"],
        1,
    )
    .text;
    assert!(
        text.contains("\n> telemetry frames\ntelemetry: out of thread slots: all 64 "),
        "{text}"
    );
    assert!(text.contains("\n> window\nwindow 1\n"), "{text}");
    assert!(text.contains("test: ended\n"), "{text}");
}
