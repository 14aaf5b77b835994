//! A debugger of a few lines: gdb's remote protocol as its manual says (appendix "Remote Protocol").

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// No answer takes as long, on any machine that tests run on.
const PATIENCE: Duration = Duration::from_secs(300);

/// A debugger that has connected.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(super) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self { stream: BufReader::new(stream) };
        assert!(client.ask("qSupported:multiprocess+;swbreak+;hwbreak+").contains("ReverseStep+"));
        client
    }

    /// Sends a packet and gives what is answered.
    pub(super) fn ask(&mut self, packet: &str) -> String {
        self.send(packet);
        self.answer()
    }

    /// Sends a packet.
    fn send(&mut self, packet: &str) {
        self.write(framed(packet).as_bytes());
    }

    /// Sends a packet, and at once what Ctrl-C sends: in one piece, so that nothing happens between.
    pub(super) fn send_and_interrupt(&mut self, packet: &str) {
        self.write(format!("{}\x03", framed(packet)).as_bytes());
    }

    /// The next packet.
    pub(super) fn answer(&mut self) -> String {
        while self.byte() != b'$' {}
        let mut text = String::new();
        loop {
            match self.byte() {
                b'#' => break,
                // A run of what stands before it.
                b'*' => {
                    let count = self.byte() - 29;
                    let last = text.chars().last().unwrap();
                    text.extend((0..count).map(|_| last));
                }
                byte => text.push(char::from(byte)),
            }
        }
        let _sum = [self.byte(), self.byte()];
        self.write(b"+");
        text
    }

    /// `OK` or a panic.
    pub(super) fn order(&mut self, packet: &str) {
        assert_eq!(self.ask(packet), "OK", "{packet}");
    }

    /// The integer registers and `pc` of a thread.
    pub(super) fn registers(&mut self, thread: &str) -> Vec<u32> {
        self.order(&format!("Hg{thread}"));
        let bytes = unhex(&self.ask("g"));
        bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }

    pub(super) fn word(&mut self, address: u32) -> u32 {
        let bytes = unhex(&self.ask(&format!("m{address:x},4")));
        u32::from_le_bytes(bytes.try_into().unwrap())
    }

    /// The threads, the one that runs first.
    pub(super) fn threads(&mut self) -> Vec<String> {
        let list = self.ask("qfThreadInfo");
        assert_eq!(self.ask("qsThreadInfo"), "l");
        list.strip_prefix('m').unwrap().split(',').map(str::to_owned).collect()
    }

    pub(super) fn name(&mut self, thread: &str) -> String {
        let name = unhex(&self.ask(&format!("qThreadExtraInfo,{thread}")));
        String::from_utf8(name).unwrap()
    }

    /// What a monitor command prints.
    pub(super) fn monitor(&mut self, command: &str) -> String {
        let hex: String = command.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut text = Vec::new();
        let mut answer = self.ask(&format!("qRcmd,{hex}"));
        while let Some(output) = answer.strip_prefix('O').filter(|output| *output != "K") {
            text.extend(unhex(output));
            answer = self.answer();
        }
        String::from_utf8(text).unwrap()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).unwrap();
        byte[0]
    }
}

fn framed(packet: &str) -> String {
    let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
    format!("${packet}#{sum:02x}")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.chars().map(|digit| digit.to_digit(16).unwrap_or_else(|| panic!("{text}"))).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}
