//! The whole machine: processor, memory, devices and clock, and what the outside may do with them.

mod bus;
mod pins;
mod protection;
mod report;
mod reset;
mod run;

pub use crate::devices::gpio::PinState;
pub use pins::Millivolts;
pub use report::{Access, Fatal, Stop, UartByte, UartLosses, Unmapped, UnmodelledAccess};
pub use reset::{ResetEvent, ResetReason};

use crate::board::Board;
use crate::clock::Clock;
use crate::code::{CACHE_BYTES_MAX, Code};
use crate::cpu::pmp::Region;
use crate::cpu::{Cpu, Privilege};
use crate::devices::Devices;
use crate::hash::StateHasher;
use crate::image::{Chip, Image};
use crate::memory::{GRANULE, MARK_WATCH, Memory, Place, RAM_BYTES};
use crate::noise::Noise;
use crate::rom::Rom;
use crate::virt::Virt;
use pins::PinWatch;
use ramscope_time::Instant;
use run::FaultRun;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// What a run depends on besides the image and the stimuli.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Decides the contents of RAM at power-on and the random number generator.
    pub seed: u64,
}

/// A machine that runs an image: an ESP32-C3, or QEMU's virt machine. Plain data, under 2 MiB: a
/// clone goes on independently and exactly as its original would. It copies RAM and registers, and
/// shares image, decoded code and sectors of flash until one of them changes those.
///
/// At power-on of an ESP32-C3 RAM holds noise from the seed, RAM segments of the image are in
/// place, the CPU is
/// at the image's entry in machine mode at 80 MHz with mstatus.MIE set (as Espressif's boot chain
/// leaves it), and the boot watchdogs run.
///
/// # Examples
/// ```no_run
/// use ramscope_engine::{Image, Machine, Options, Stop};
/// use ramscope_time::{Instant, Span};
///
/// # fn main() -> Result<(), ramscope_engine::ImageError> {
/// # let bytes: &[u8] = &[];
/// let image = Image::from_elf(bytes)?;
/// let mut machine = Machine::esp32c3(&image, &Options::default());
/// let stop = machine.run(Instant::ZERO + Span::from_millis(100));
/// assert_eq!(stop, Stop::Reached);
/// let text: Vec<u8> = machine.take_uart0().iter().map(|sent| sent.byte).collect();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) image: Image,
    pub(crate) cpu: Cpu,
    pub(crate) memory: Memory,
    pub(crate) code: Code,
    /// What may be executed around the program counter, if it has been worked out.
    pub(crate) fetch: Option<(Privilege, Region)>,
    devices: Board,
    pub(crate) rom: Rom,
    clock: Clock,
    /// CPU cycles since power-on: the cycle at which the next instruction starts.
    pub(crate) cycle: u64,
    /// Cycles in which the processor waited.
    idle_cycles: u64,
    /// The first cycle at which a device will do something by itself.
    event_cycle: u64,
    /// The interrupt line that the processor would take.
    pending_line: Option<u32>,
    /// Something happened that the run loop has to sort out before the next instruction.
    pub(crate) attention: bool,
    /// Loads and instruction fetches are watched by triggers.
    pub(crate) careful: bool,
    /// Decoded code that a store has made stale: offset into RAM and bytes.
    stale: Option<(u32, u32)>,
    /// The watched word: its address and its offset into RAM.
    watch: Option<(u32, u32)>,
    watch_was_hit: bool,
    pin_watch: PinWatch,
    pub(crate) observer_stopped: bool,
    /// Instruction counts at which interrupt sources will be raised from outside.
    raises: BTreeSet<(u64, u8)>,
    /// The instruction count at which to stop.
    halt: Option<u64>,
    resets: Vec<ResetEvent>,
    fault_run: FaultRun,
}

/// A machine with everything that it may allocate for itself: RAM, marks and decoded code. Sectors of
/// flash that it writes come on top, 4 KiB each, and are shared by its clones.
const BYTES_MAX: usize = size_of::<Machine>()
    + RAM_BYTES as usize
    + RAM_BYTES.div_ceil(GRANULE) as usize
    + CACHE_BYTES_MAX;
const _: () = assert!(BYTES_MAX < 2 << 20, "a machine is under 2 MiB");

impl Machine {
    /// The machine that `image` is linked for, just powered on.
    #[must_use]
    pub fn new(image: &Image, options: &Options) -> Machine {
        match image.chip() {
            Chip::Esp32c3 => Machine::esp32c3(image, options),
            Chip::Virt => Machine::virt(image, options),
        }
    }

    /// A machine that has just been powered on with `image` loaded.
    ///
    /// # Panics
    /// If the image is linked for another machine.
    #[must_use]
    pub fn esp32c3(image: &Image, options: &Options) -> Machine {
        assert_eq!(image.chip(), Chip::Esp32c3, "the image is linked for another machine");
        let mut noise = Noise::new(options.seed);
        let memory = Memory::new(image.mapped_flash(), image.flash(), &mut noise);
        let devices = Devices::new(options.seed, noise, memory.chip.capacity());
        Machine::powered_on(image, memory, Board::Esp32c3(devices))
    }

    /// QEMU's virt machine with one hart, 400 KiB of RAM and `image` loaded, just powered on: RAM
    /// holds zeros but for the segments of the image, and the hart is at the image's entry in
    /// machine mode. Nothing in it is random, so no option matters.
    ///
    /// The instant counts at 125 MHz, an instruction a cycle, and mtime at 10 MHz of the same time.
    ///
    /// # Panics
    /// If the image is linked for another machine.
    #[must_use]
    pub fn virt(image: &Image, _: &Options) -> Machine {
        assert_eq!(image.chip(), Chip::Virt, "the image is linked for another machine");
        let memory = Memory::virt(image.mapped_flash());
        Machine::powered_on(image, memory, Board::Virt(Virt::new()))
    }

    /// Which machine it is.
    #[must_use]
    pub fn chip(&self) -> Chip {
        self.image.chip()
    }

    fn powered_on(image: &Image, memory: Memory, devices: Board) -> Machine {
        let clock = Clock::new(devices.cpu_period_ps());
        let code = Code::new(image.code(), memory.layout());
        let mut machine = Machine {
            image: image.clone(),
            cpu: first_cpu(image),
            fetch: None,
            memory,
            code,
            devices,
            rom: Rom::new(),
            clock,
            cycle: 0,
            idle_cycles: 0,
            event_cycle: 0,
            pending_line: None,
            attention: true,
            careful: false,
            stale: None,
            watch: None,
            watch_was_hit: false,
            pin_watch: PinWatch::default(),
            observer_stopped: false,
            raises: BTreeSet::new(),
            halt: None,
            resets: vec![ResetEvent { at: Instant::ZERO, reason: ResetReason::PowerOn }],
            fault_run: FaultRun::default(),
        };
        machine.load_ram_segments();
        machine.devices.boot(image.boot(), Instant::ZERO);
        machine
    }

    fn load_ram_segments(&mut self) {
        for (offset, bytes) in self.image.ram_segments() {
            self.memory.load(offset, bytes);
        }
    }

    /// Device time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.instant(self.cycle)
    }

    pub(crate) fn instant_of(&self, cycle: u64) -> Instant {
        self.clock.instant(cycle)
    }

    /// Instructions since power-on, including those that trapped.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.instructions_at(self.cycle)
    }

    pub(crate) fn instructions_at(&self, cycle: u64) -> u64 {
        cycle - self.idle_cycles
    }

    /// What the processor's counters go by: the ESP32-C3's stand still while it waits.
    pub(crate) fn counter_at(&self, cycle: u64) -> u64 {
        match self.devices {
            Board::Esp32c3(_) => self.instructions_at(cycle),
            Board::Virt(_) => cycle,
        }
    }

    /// CPU cycles since power-on, those spent waiting included.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.cycle
    }

    /// The CPU clock that the firmware has set.
    #[must_use]
    pub fn cpu_hz(&self) -> u32 {
        self.clock.hz()
    }

    /// The bytes that left UART0 since the last call, in order.
    #[must_use]
    pub fn take_uart0(&mut self) -> Vec<UartByte> {
        self.take_uart(0)
    }

    /// The bytes that left UART1 since the last call, in order.
    #[must_use]
    pub fn take_uart1(&mut self) -> Vec<UartByte> {
        self.take_uart(1)
    }

    fn take_uart(&mut self, n: usize) -> Vec<UartByte> {
        let now = self.now();
        self.devices.take_sent(n, now)
    }

    /// Lets `bytes` arrive at UART0, one after the other at its baud rate, from now on. Bytes that
    /// are still on their way come first.
    pub fn receive_uart0(&mut self, bytes: &[u8]) {
        self.receive_uart(0, bytes);
    }

    /// Lets `bytes` arrive at UART1, as [`receive_uart0`](Self::receive_uart0) does at UART0.
    pub fn receive_uart1(&mut self, bytes: &[u8]) {
        self.receive_uart(1, bytes);
    }

    fn receive_uart(&mut self, n: usize, bytes: &[u8]) {
        let now = self.now();
        self.devices.receive(n, bytes, now);
        self.devices.note_plans_changed();
        self.attention = true;
    }

    /// Whether bytes are still on their way to UART0.
    #[must_use]
    pub fn is_receiving_uart0(&self) -> bool {
        self.devices.is_hearing()
    }

    /// Bytes that UART0 lost, as of its last activity.
    #[must_use]
    pub fn uart0_losses(&self) -> UartLosses {
        self.devices.losses()
    }

    /// Reads memory or registers as a debugger would: without side effects.
    ///
    /// # Errors
    /// If part of the range is not mapped; `out` is then unspecified.
    pub fn read_bytes(&self, address: u32, out: &mut [u8]) -> Result<(), Unmapped> {
        let mut address = address;
        let mut rest = out;
        while !rest.is_empty() {
            let word;
            let found = if self.devices.is_register(address) {
                word = self.peek_register(address & !3).to_le_bytes();
                &word[(address & 3) as usize..]
            } else {
                self.memory.slice(address).ok_or(Unmapped { address })?
            };
            let count = found.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&found[..count]);
            rest = later;
            address = address.wrapping_add(count as u32);
        }
        Ok(())
    }

    /// Reads one word; the address is rounded down to a multiple of four.
    ///
    /// # Errors
    /// If nothing is mapped there.
    pub fn read_word(&self, address: u32) -> Result<u32, Unmapped> {
        let mut bytes = [0; 4];
        self.read_bytes(address & !3, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn peek_register(&self, address: u32) -> u32 {
        if self.is_flash_table(address) {
            return self.memory.chip.entry(address);
        }
        let mut devices = self.devices.clone();
        devices.sync(self.now());
        devices.peek(address)
    }

    /// Writes one word of RAM or one register from outside, as a stimulus; the address is rounded
    /// down to a multiple of four. It is no store of the firmware: neither triggers nor the watch
    /// nor an observer see it.
    ///
    /// # Errors
    /// If nothing that can be written is mapped there.
    pub fn write_word(&mut self, address: u32, value: u32) -> Result<(), Unmapped> {
        let address = address & !3;
        self.attention = true;
        if self.is_flash_table(address) {
            self.map_flash(address, value);
            return Ok(());
        }
        if self.devices.is_register(address) {
            let (pc, now) = (self.cpu.pc, self.now());
            self.devices.write(address, value, pc, now);
            return Ok(());
        }
        let Some(Place::Ram(offset)) = self.memory.place(address) else {
            return Err(Unmapped { address });
        };
        self.memory.write(offset, 4, value);
        if self.code.is_stale(offset, 4) {
            self.code.forget(offset, 4);
        }
        Ok(())
    }

    /// Asks [`run`](Self::run) to return right after a store to this word, by either name of SRAM1.
    /// Only RAM can be watched; a store elsewhere in the same 64 bytes costs a little.
    pub fn watch_word(&mut self, address: Option<u32>) {
        if let Some((_, offset)) = self.watch.take() {
            self.memory.unmark(offset, offset, MARK_WATCH);
        }
        self.watch_was_hit = false;
        let Some(address) = address.map(|address| address & !3) else {
            return;
        };
        if let Some(Place::Ram(offset)) = self.memory.place(address) {
            self.memory.mark(offset, offset, MARK_WATCH);
            self.watch = Some((address, offset));
        }
    }

    /// Raises source `source` of the interrupt matrix once `instruction` instructions have run; now
    /// if they already have. Software interrupts (50 to 53) stay up until the firmware clears them,
    /// as if it had raised them; every other source falls when its interrupt is taken.
    ///
    /// # Panics
    /// If the chip has no such source.
    pub fn raise_after(&mut self, instruction: u64, source: u8) {
        assert!(
            usize::from(source) < self.devices.sources(),
            "the machine has no interrupt source {source}"
        );
        self.raises.insert((instruction, source));
    }

    /// Asks [`run`](Self::run) to return, once, as soon as `instruction` instructions have run; now if
    /// they already have. What the outside does then happens between two instructions that it chose.
    pub fn stop_after(&mut self, instruction: Option<u64>) {
        self.halt = instruction;
    }

    /// Registers that firmware touched and the machine does not model, in the order of first use.
    #[must_use]
    pub fn unmodelled(&self) -> &[UnmodelledAccess] {
        self.devices.unmodelled()
    }

    /// Every start of the chip, power-on first.
    #[must_use]
    pub fn resets(&self) -> &[ResetEvent] {
        &self.resets
    }

    /// Register `x0` to `x31`; only the low five bits of `n` count.
    #[must_use]
    pub fn register(&self, n: u8) -> u32 {
        self.cpu.register(n)
    }

    pub(crate) fn interrupts_enabled(&self) -> bool {
        self.cpu.interrupts_enabled()
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn pc(&self) -> u32 {
        self.cpu.pc
    }

    /// The value of a CSR, if the core has it.
    #[must_use]
    pub fn csr(&self, number: u16) -> Option<u32> {
        self.cpu.read_csr(number, self.counter_at(self.cycle))
    }

    /// Whether the processor waits for an interrupt (WFI).
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.cpu.waiting
    }

    /// A hash of everything that the machine's future depends on, seen from the firmware; the same
    /// on every host and in every build. What the host has taken or asked for is left out.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut hasher = StateHasher::new();
        let mut devices = self.devices.clone();
        devices.sync(self.now());
        self.cpu.hash_into(&mut hasher);
        self.memory.hash_into(&mut hasher);
        devices.hash_into(&mut hasher);
        self.rom.hash(&mut hasher);
        (&self.clock, self.cycle, self.idle_cycles, &self.fault_run).hash(&mut hasher);
        hasher.finish()
    }
}

/// The processor as a reset leaves it.
fn first_cpu(image: &Image) -> Cpu {
    match image.chip() {
        Chip::Esp32c3 => image.boot().cpu(image.entry()),
        Chip::Virt => Cpu::standard(image.entry()),
    }
}
