//! Telling the host's frames from what somebody types.
//!
//! Both come over one line, byte by byte, in a handler. A frame begins with `00 FF`, which nobody
//! types and no text in UTF-8 holds, and its end is the next `00`. What turns out to be no frame is
//! input like any other, so damage loses nothing and shows up as odd characters.

use ramscope_wire::{COMMAND_FRAME_BYTES_MAX, FRAME_MARKER, read_command_frame};

/// The bytes that may be part of a frame.
pub(crate) struct Input {
    bytes: [u8; COMMAND_FRAME_BYTES_MAX],
    length: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// A zero byte came: the next one says whether it begins a frame.
    Zero,
    Frame,
}

impl Input {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; COMMAND_FRAME_BYTES_MAX], length: 0, state: State::Text }
    }

    /// Takes a byte. Gives bytes that are no part of a frame to `text`, and answers the records of
    /// a frame that this byte ends.
    pub(crate) fn feed(&mut self, byte: u8, text: &mut impl FnMut(u8)) -> Option<&[u8]> {
        match (self.state, byte) {
            (State::Text, 0) => self.state = State::Zero,
            (State::Text, _) => text(byte),
            (State::Zero, FRAME_MARKER) => (self.state, self.length) = (State::Frame, 0),
            (State::Zero, 0) => text(0),
            (State::Zero, _) => {
                self.state = State::Text;
                text(0);
                text(byte);
            }
            (State::Frame, 0) => return self.end(text),
            (State::Frame, _) => match self.bytes.get_mut(self.length) {
                Some(place) => {
                    *place = byte;
                    self.length += 1;
                }
                None => {
                    self.state = State::Text;
                    self.give_back(text);
                    text(byte);
                }
            },
        }
        None
    }

    /// A zero byte came: either these bytes are a frame, or it may begin one.
    fn end(&mut self, text: &mut impl FnMut(u8)) -> Option<&[u8]> {
        // Reading undoes the encoding in place, so what could be needed as text is kept.
        let before = self.bytes;
        let length = self.length;
        let is_frame = read_command_frame(&mut self.bytes[..length]).is_some();
        self.bytes = before;
        if !is_frame {
            self.state = State::Zero;
            self.give_back(text);
            return None;
        }
        self.state = State::Text;
        read_command_frame(&mut self.bytes[..length])
    }

    fn give_back(&mut self, text: &mut impl FnMut(u8)) {
        text(0);
        text(FRAME_MARKER);
        self.bytes[..self.length].iter().for_each(|&byte| text(byte));
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use ramscope_wire::{FrameWriter, OpenWindow, WindowId, WordSink, write_record};
    use std::vec::Vec;

    struct Words(Vec<u32>);

    impl WordSink for Words {
        fn push(&mut self, word: u32) {
            self.0.push(word);
        }
    }

    fn frame(window: u32) -> Vec<u8> {
        let mut words = Words(Vec::new());
        write_record(&OpenWindow { window: WindowId(window) }, 0, 0, &mut words);
        FrameWriter::new().frame(&words.0).collect()
    }

    /// What became of bytes: text, and how many frames.
    fn check(bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut input = Input::new();
        let (mut text, mut frames) = (Vec::new(), 0);
        for byte in bytes {
            frames += usize::from(input.feed(*byte, &mut |byte| text.push(byte)).is_some());
        }
        (text, frames)
    }

    #[test]
    fn a_frame_within_a_typed_line_leaves_the_line_whole() {
        let bytes = [b"me".as_slice(), &frame(7), b"m\n"].concat();
        assert_eq!(check(&bytes), (b"mem\n".to_vec(), 1));
    }

    #[test]
    fn what_is_no_frame_is_text_and_the_frame_after_it_counts() {
        let mut damaged = frame(7);
        damaged[4] ^= 1;
        let whole = frame(8);
        let bytes = [damaged.as_slice(), &whole[1..], b"x"].concat();
        let (text, frames) = check(&bytes);
        assert_eq!(frames, 1, "the damaged frame's last zero begins the next");
        assert_eq!(text, [&damaged[..damaged.len() - 1], b"x"].concat());
    }

    #[test]
    fn an_endless_frame_and_single_zeros_are_text() {
        let endless = [&[0, FRAME_MARKER][..], &[b'x'; 200]].concat();
        assert_eq!(check(&endless), (endless.clone(), 0));
        assert_eq!(check(b"a\0\0b"), (b"a\0\0b".to_vec(), 0));
    }
}
