//! The connection to a debugger: TCP on this computer, and nowhere else.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gdbstub::conn::Connection;

/// Host time between two looks whether a person has interrupted the wait.
const PATIENCE: Duration = Duration::from_millis(100);

/// Waits for a debugger on 127.0.0.1.
#[derive(Debug)]
pub struct GdbListener {
    listener: TcpListener,
    port: u16,
}

impl GdbListener {
    /// Listens on a port; 0 means any that is free.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub fn bind(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Blocks until a debugger has come.
    pub(super) fn accept(self, interrupted: &Arc<AtomicBool>) -> std::io::Result<Link> {
        self.listener.set_nonblocking(true)?;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if interrupted.load(Ordering::Relaxed) {
                        return Err(ErrorKind::Interrupted.into());
                    }
                    std::thread::sleep(PATIENCE / 4);
                }
                Err(error) => return Err(error),
            }
        };
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Link { stream, interrupted: Arc::clone(interrupted), heard: Vec::new() })
    }
}

/// A debugger that has come.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    interrupted: Arc<AtomicBool>,
    /// Bytes that were heard and not taken yet, last first.
    heard: Vec<u8>,
}

impl Link {
    /// The next byte; blocks.
    pub(super) fn read(&mut self) -> std::io::Result<u8> {
        while self.heard.is_empty() {
            match self.hear() {
                Err(error) if is_nothing_yet(&error) => {
                    if self.interrupted.load(Ordering::Relaxed) {
                        return Err(ErrorKind::Interrupted.into());
                    }
                }
                result => result?,
            }
        }
        Ok(self.heard.pop().expect("the loop has just seen it"))
    }

    /// The next byte, if there is one.
    pub(super) fn poll(&mut self) -> std::io::Result<Option<u8>> {
        if self.heard.is_empty() {
            self.stream.set_nonblocking(true)?;
            let result = self.hear();
            self.stream.set_nonblocking(false)?;
            match result {
                Err(error) if is_nothing_yet(&error) => {}
                result => result?,
            }
        }
        Ok(self.heard.pop())
    }

    fn hear(&mut self) -> std::io::Result<()> {
        let mut bytes = [0; 1024];
        match self.stream.read(&mut bytes)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.heard.extend(bytes[..count].iter().rev());
                Ok(())
            }
        }
    }
}

fn is_nothing_yet(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Connection for Link {
    type Error = std::io::Error;

    fn write(&mut self, byte: u8) -> Result<(), Self::Error> {
        Write::write_all(&mut self.stream, &[byte])
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        Write::write_all(&mut self.stream, bytes)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Write::flush(&mut self.stream)
    }
}
