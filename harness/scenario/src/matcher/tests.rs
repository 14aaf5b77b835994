use super::*;

/// Feeds everything, in pieces of `piece` bytes, and returns the match.
fn feed(matcher: &mut Matcher, text: &str, piece: usize) -> Option<Match> {
    for piece in text.as_bytes().chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() {
            let fed = matcher.feed(rest);
            rest = &rest[fed.taken..];
            if let Some(found) = fed.matched {
                assert!(!matcher.is_waiting());
                return Some(found);
            }
        }
    }
    None
}

#[test]
fn a_match_crosses_lines_and_pieces() {
    for piece in 1..12 {
        let mut matcher = Matcher::new(Matching::Wokwi);
        assert_eq!(matcher.begin(b"b\r\nc"), None);
        let found = feed(&mut matcher, "a\r\nb\r\nb\r\nc\r\n", piece);
        assert_eq!(found, Some(Match { start: 6, end: 10 }), "in pieces of {piece}");
    }
}

#[test]
fn a_beginning_that_repeats_itself_is_not_lost() {
    let mut matcher = Matcher::new(Matching::Wokwi);
    assert_eq!(matcher.begin(b"aabaaab"), None);
    assert_eq!(feed(&mut matcher, "aabaabaaab", 3), Some(Match { start: 3, end: 10 }));
}

#[test]
fn feeding_stops_right_after_a_match() {
    let mut matcher = Matcher::new(Matching::Wokwi);
    assert_eq!(matcher.begin(b"ready"), None);
    let fed = matcher.feed(b"ready> ok");
    assert_eq!(fed.taken, 5);
    assert_eq!(matcher.begin(b"> ok"), None);
    assert_eq!(matcher.feed(b"> ok").matched, Some(Match { start: 5, end: 9 }));
}

#[test]
fn wokwis_rule_does_not_see_what_came_before_the_step() {
    let mut matcher = Matcher::new(Matching::Wokwi);
    let _ = matcher.feed(b"boot ready\n");
    assert_eq!(matcher.begin(b"ready"), None);
    let _ = matcher.feed(b"raedy now\n");
    let report = matcher.give_up().unwrap();
    assert_eq!(report.received_tail, b"raedy now\n");
    assert_eq!(report.received_bytes, 10);
    let earlier = EarlierMatch { at: Match { start: 5, end: 10 }, step_began: 11 };
    assert_eq!(report.earlier_match, Some(earlier));
    assert_eq!(matcher.give_up(), None);
}

#[test]
fn a_match_that_began_before_the_step_counts_only_for_the_cursor() {
    let check = |rule, expected| {
        let mut matcher = Matcher::new(rule);
        let _ = matcher.feed(b"rea");
        assert_eq!(matcher.begin(b"ready"), None);
        assert_eq!(matcher.feed(b"dy").matched, expected);
        matcher
    };
    check(Matching::Cursor, Some(Match { start: 0, end: 5 }));
    let mut wokwi = check(Matching::Wokwi, None);
    let earlier = wokwi.give_up().unwrap().earlier_match.unwrap();
    assert_eq!(earlier.at, Match { start: 0, end: 5 });
    assert_eq!(earlier.step_began, 3);
}

#[test]
fn a_cursor_takes_each_match_once() {
    let mut matcher = Matcher::new(Matching::Cursor);
    let _ = matcher.feed(b"ok ok ");
    assert_eq!(matcher.begin(b"ok"), Some(Match { start: 0, end: 2 }));
    assert_eq!(matcher.begin(b"ok"), Some(Match { start: 3, end: 5 }));
    assert_eq!(matcher.begin(b"ok"), None);
}

#[test]
fn what_a_match_took_is_no_earlier_match() {
    let mut matcher = Matcher::new(Matching::Wokwi);
    assert_eq!(matcher.begin(b"ok"), None);
    assert!(matcher.feed(b"ok").matched.is_some());
    assert_eq!(matcher.begin(b"ok"), None);
    assert_eq!(matcher.give_up().unwrap().earlier_match, None);
}

#[test]
fn an_empty_pattern_matches_at_once() {
    let mut matcher = Matcher::new(Matching::Wokwi);
    let _ = matcher.feed(b"abc");
    assert_eq!(matcher.begin(b""), Some(Match { start: 3, end: 3 }));
}

#[test]
fn memory_is_bounded_and_offsets_stay_true() {
    let mut matcher = Matcher::new(Matching::Cursor);
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..9 {
        let _ = matcher.feed(&piece);
    }
    assert!(matcher.history.bytes.len() <= Matcher::HISTORY_BYTES_MAX);
    assert_eq!(matcher.received(), 9 << 20);
    assert_eq!(matcher.begin(b"end"), None);
    let end = (9 << 20) + 3;
    assert_eq!(matcher.feed(b"end").matched, Some(Match { start: end - 3, end }));
}
