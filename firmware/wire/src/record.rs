//! The records: one type for each fact that a device can state.
//!
//! A record repeats nothing that the host can work out, and a sample repeats everything that a
//! budget needs, so that lost records can change no verdict about a sampled quantity.

// long: the one table of all records, a paragraph each; in two files a kind could be given twice

#[macro_use]
mod forms;

use crate::id::{ModuleId, ObjectId, SiteId, UnitId, WindowId};
use crate::layout::{self, Field};
use crate::payload::{Payload, RECORD_PAYLOAD_WORDS_MAX, WordSink};
use crate::text::{self, MESSAGE_BYTES_MAX, NAME_BYTES_MAX};
use crate::vocabulary::{
    Access, BlockState, Board, CollectOutcome, CollectPlace, CollectWhy, CommandOutcome,
    DeadlockHow, EndReason, Level, LockOp, ModulePhaseKind, ModuleState, ObjectKind, ObjectOp,
    OverflowHow, OwnerKind, PinKind, PointerFault, ProgramPhase, RegionKind, State, TimerMode,
    UnitKind, Why,
};

text_record! {
    /// Who speaks, and since when: the first record of a boot, repeated so that a reader can join.
    Hello = 0x01 {
        /// The version of the format. Always the first field, in every version.
        version: u16,
        /// What the firmware runs on.
        board: Board,
        /// A hash of the image.
        build_id: u64,
        /// Ticks of the time stamps in a second.
        timestamp_hz: u32,
        /// The absolute time of this record; it re-bases time.
        ticks: u64,
        /// The number of this boot, counted by the device where it can keep a count.
        boot: u32,
        /// The chip's own code for the reason of the last reset.
        reset_reason: u8,
        /// How much the device tells.
        level: Level,
        /// Records dropped since boot.
        dropped: u32,
    } texts {
        /// The name of the image.
        name: NAME_BYTES_MAX,
    }

    /// A stretch of memory and its use.
    Region = 0x03 {
        /// The first address.
        base: u32,
        /// The length.
        bytes: u32,
        /// Its use.
        kind: RegionKind,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A place in the source that other records refer to.
    Site = 0x04 {
        /// Its number.
        id: SiteId,
        /// The line, counted from 1.
        line: u32,
    } texts {
        /// The file.
        file: NAME_BYTES_MAX,
    }

    /// A lock, timer, queue or other object with a name.
    Object = 0x05 {
        /// Its number.
        object: ObjectId,
        /// What it is.
        kind: ObjectKind,
        /// The unit that made it.
        owner: UnitId,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A unit exists; repeated so that a reader can join.
    UnitNew = 0x10 {
        /// Its number.
        unit: UnitId,
        /// The unit that made it.
        parent: UnitId,
        /// What it is.
        kind: UnitKind,
        /// Its priority.
        priority: u8,
        /// Where it was made.
        site: SiteId,
        /// The lowest address of its stack; zero if it has none of its own.
        stack_base: u32,
        /// Bytes of stack that it got.
        stack_bytes: u32,
        /// Bytes of stack that were asked for.
        stack_requested_bytes: u32,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A unit panicked.
    Panic = 0x30 {
        /// The unit.
        unit: UnitId,
        /// The line, counted from 1.
        line: u32,
    } texts {
        /// The file.
        file: NAME_BYTES_MAX,
        /// The message.
        message: MESSAGE_BYTES_MAX,
    }

    /// What one of the heap's areas holds, in bytes of whole blocks. Without bytes: the heap has given this
    /// area back, and has none of this number any more.
    HeapArea = 0x52 {
        /// Its number, in the order in which the heap got them.
        area: u8,
        /// The address of its first block.
        base: u32,
        /// What its blocks cover.
        bytes: u32,
        /// In use.
        used: u32,
        /// Not in use.
        free: u32,
        /// The largest free block.
        largest_free: u32,
        /// Used blocks, a count.
        used_blocks: u32,
        /// Free blocks, a count.
        free_blocks: u32,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// Somebody has marked what the heap holds. So many `SiteHolding`s of the same mark follow.
    HeapMark = 0x56 {
        /// Its number within the boot.
        mark: u16,
        /// How many follow.
        parts: u16,
        /// Bytes in use.
        bytes: u32,
        /// Used blocks, a count.
        blocks: u32,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A program starts or is over.
    Program = 0x61 {
        /// Which of both.
        phase: ProgramPhase,
        /// Whether it ended well; false at the start.
        ok: bool,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A timer was set up; repeated so that a reader can join.
    TimerNew = 0x70 {
        /// Its number.
        timer: ObjectId,
        /// Its number as the program knows it; 0xFFFF if it has none.
        id: u16,
        /// Whether it repeats.
        mode: TimerMode,
        /// The unit that set it up.
        unit: UnitId,
        /// Where it did.
        site: SiteId,
        /// The period in nanoseconds, rounded down.
        period_ns: u64,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A module is loaded; repeated so that a reader can join.
    ModuleNew = 0x90 {
        /// Its number.
        module: ModuleId,
        /// Where its instructions are fetched; 0 where it is linked statically.
        code_base: u32,
        /// Bytes of instructions.
        code_bytes: u32,
        /// Where its constants and variables begin.
        data_base: u32,
        /// Bytes of constants and variables.
        data_bytes: u32,
        /// The checksum of its file, by which its symbols are found.
        checksum: u32,
        /// Its version.
        major: u16,
        /// Its version, behind the first dot.
        minor: u16,
        /// Its version, behind the second dot.
        patch: u16,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
    }

    /// A module was not imported. What it had taken is given back.
    ModuleRefused = 0x95 {
        /// Its number; 0 if it did not get one.
        module: ModuleId,
        /// In which phase.
        phase: ModulePhaseKind,
    } texts {
        /// Its name.
        name: NAME_BYTES_MAX,
        /// Why.
        message: MESSAGE_BYTES_MAX,
    }

    /// A command: an allocation is to fail. A later one replaces it.
    FailAllocation = 0x6A {
        /// Which one from now on, counted from 1; 0 takes the command back.
        nth: u32,
        /// Only allocations of at least so many bytes count.
        bytes_min: u32,
    } texts {
        /// Only those count that a unit asks for whose name is as this pattern says, in which `*` stands
        /// for any text and `?` for one byte; empty: anybody's.
        unit: NAME_BYTES_MAX,
    }

    /// A command: allocations are to fail by chance. It replaces a `FailAllocation`, and is replaced by one.
    FailByChance = 0x6C {
        /// How many of a million fail, on average; 0 takes the command back.
        ppm: u32,
        /// Which do: the same ones with the same seed, as long as the same are asked for.
        seed: u32,
        /// Only allocations of at least so many bytes are drawn for.
        bytes_min: u32,
    } texts {
        /// Whose, as in `FailAllocation`.
        unit: NAME_BYTES_MAX,
    }
}

fixed_record! {
    /// The absolute time of this record; it re-bases time.
    Clock = 0x02 {
        /// Ticks since boot.
        ticks: u64,
    }

    /// A unit changed its state.
    UnitState = 0x11 {
        /// The unit.
        unit: UnitId,
        /// What it does now.
        state: State,
        /// Why.
        why: Why,
        /// What it waits for.
        object: ObjectId,
    }

    /// The processor went to another unit. The one it left is the one the last switch named.
    Switch = 0x12 {
        /// The unit that runs now.
        to: UnitId,
        /// What the unit that was left does now.
        state_left: State,
        /// Why.
        why: Why,
    }

    /// A unit is over.
    UnitEnd = 0x13 {
        /// The unit.
        unit: UnitId,
        /// How it came to its end.
        reason: EndReason,
        /// Whether its memory is kept back until nothing points into it.
        quarantined: bool,
        /// What it returned, or the error's code.
        code: u32,
        /// Bytes kept back.
        quarantined_bytes: u32,
    }

    /// How much of its stack a unit uses.
    StackSample = 0x20 {
        /// The unit.
        unit: UnitId,
        /// Bytes of stack that it has.
        stack_bytes: u32,
        /// Bytes in use.
        used_now: u32,
        /// The most since boot.
        peak_boot: u32,
        /// The most in this window.
        peak_window: u32,
        /// The window.
        window: WindowId,
    }

    /// How full the heap is, in bytes.
    HeapSample = 0x21 {
        /// All of it.
        total: u32,
        /// In use.
        used: u32,
        /// Not in use: `total - used`.
        free: u32,
        /// The most in use since boot.
        peak_boot: u32,
        /// The most in use in this window.
        peak_window: u32,
        /// The largest free block.
        largest_free: u32,
        /// Free blocks, a count.
        free_blocks: u32,
        /// Used blocks, a count.
        used_blocks: u32,
        /// In use by nobody, because something might still point there.
        quarantined: u32,
        /// The window.
        window: WindowId,
    }

    /// How much of the heap an owner has, in bytes.
    OwnerSample = 0x22 {
        /// What the owner is.
        kind: OwnerKind,
        /// Which one, if it is a unit.
        unit: UnitId,
        /// In use.
        current: u32,
        /// The most since boot.
        peak_boot: u32,
        /// The most in this window.
        peak_window: u32,
        /// Blocks, a count.
        blocks: u32,
        /// The window.
        window: WindowId,
    }

    /// How long a unit had the processor.
    CpuSample = 0x23 {
        /// The unit.
        unit: UnitId,
        /// How often it got it since boot.
        switches: u32,
        /// Ticks that it ran since boot.
        ticks: u64,
        /// The window.
        window: WindowId,
    }

    /// How much of their stack the interrupt handlers use.
    InterruptSample = 0x24 {
        /// Bytes of stack that they have.
        stack_bytes: u32,
        /// The most since boot.
        peak_boot: u32,
        /// The most in this window.
        peak_window: u32,
        /// Interrupts taken since boot.
        entries: u32,
        /// The window.
        window: WindowId,
    }

    /// A stack overflowed.
    Overflow = 0x31 {
        /// The unit whose stack it is.
        unit: UnitId,
        /// How it was noticed.
        how: OverflowHow,
        /// Whether it happened in an interrupt handler.
        in_handler: bool,
        /// The instruction.
        pc: u32,
        /// The stack pointer.
        sp: u32,
        /// The lowest address that the stack may use.
        limit: u32,
        /// The address of the store, or the stack pointer where there was none.
        address: u32,
        /// Bytes that were missing.
        by_bytes: u32,
    }

    /// A unit did something illegal.
    Fault = 0x32 {
        /// The unit.
        unit: UnitId,
        /// The cause as the processor numbers it.
        cause: u32,
        /// The instruction.
        pc: u32,
        /// The address that was accessed.
        address: u32,
        /// The return address register.
        ra: u32,
    }

    /// Something happened to a lock.
    LockEvent = 0x40 {
        /// The lock.
        lock: ObjectId,
        /// The unit that did it.
        unit: UnitId,
        /// What happened.
        op: LockOp,
        /// Where.
        site: SiteId,
    }

    /// Waits that never end, or may not. So many `DeadlockLink`s of the same report follow.
    Deadlock = 0x41 {
        /// The number of the report within the boot.
        report: u16,
        /// How it was found.
        how: DeadlockHow,
        /// How many units wait; of a circle at most six have a link.
        links: u8,
    }

    /// One wait of a deadlock.
    DeadlockLink = 0x42 {
        /// The number of the report.
        report: u16,
        /// The unit that waits.
        unit: UnitId,
        /// What it waits for; none if that is the end of a thread.
        object: ObjectId,
        /// What the object is.
        kind: ObjectKind,
        /// Where it waits.
        site: SiteId,
        /// Microseconds that it has waited.
        waited_us: u32,
        /// The unit that has the object, or is to end; 0 if there is none.
        holder: UnitId,
        /// Where the holder took it.
        holder_site: SiteId,
        /// Microseconds that the holder has had it.
        held_us: u32,
    }

    /// Something happened to an object that is no lock.
    ObjectEvent = 0x43 {
        /// The object.
        object: ObjectId,
        /// The unit that did it.
        unit: UnitId,
        /// What happened.
        op: ObjectOp,
        /// Where.
        site: SiteId,
        /// What the object has now: permits, values, flags, units that wait.
        value: u32,
    }

    /// Two uses of a shared cell that nothing puts in order.
    Race = 0x44 {
        /// The cell.
        object: ObjectId,
        /// The unit that used it first.
        first: UnitId,
        /// The other one.
        second: UnitId,
        /// How the first one used it.
        first_access: Access,
        /// How the second one did.
        second_access: Access,
        /// Where the first one did.
        first_site: SiteId,
        /// Where the second one did.
        second_site: SiteId,
    }

    /// A unit was suspended, or resumed.
    Suspension = 0x45 {
        /// The unit.
        unit: UnitId,
        /// Who did it; 0 if that was a handler.
        by: UnitId,
        /// What the unit does then: suspended, or anything else if it goes on.
        state: State,
        /// Where in the source.
        site: SiteId,
    }

    /// A block of the heap was given out.
    Alloc = 0x50 {
        /// Who owns it, if it is a unit.
        owner: UnitId,
        /// What the owner is.
        owner_kind: OwnerKind,
        /// Where it was asked for.
        site: SiteId,
        /// Its first address.
        address: u32,
        /// Bytes that it takes, with its header.
        bytes: u32,
    }

    /// A block of the heap came back.
    Free = 0x51 {
        /// Its first address.
        address: u32,
        /// Bytes that it took, with its header.
        bytes: u32,
    }

    /// How the heap's free bytes are divided.
    HeapShape = 0x53 {
        /// Free bytes.
        free: u32,
        /// Those of them that lie outside of the largest free block of their area.
        fragmented: u32,
        /// Bytes that the heap could still get for a further area.
        max_new_split: u32,
        /// How many free blocks there are of 16, 32, 64 and 128 bytes or more, but fewer than of the next
        /// size; a count that does not fit is the largest that does.
        free_of_16: [u16; 4],
        /// The same of 256, 512, 1024 and 2048 bytes.
        free_of_256: [u16; 4],
        /// The same of 4, 8, 16 and 32 KiB.
        free_of_4096: [u16; 4],
        /// The same of 64, 128, 256 and 512 KiB; the last one counts all that are larger.
        free_of_65536: [u16; 4],
    }

    /// A stretch of a map of the heap: neighbouring blocks of one owner, site and state.
    HeapRun = 0x54 {
        /// The number of the map within the boot.
        map: u16,
        /// The number of the stretch within the map.
        index: u16,
        /// The address of its first block.
        start: u32,
        /// Bytes of its blocks.
        bytes: u32,
        /// Its blocks, a count; one that does not fit is the largest that does.
        blocks: u16,
        /// Where they were allocated.
        site: SiteId,
        /// The owner, if it is a unit.
        owner: UnitId,
        /// What the owner is.
        owner_kind: OwnerKind,
        /// What the stretch is; of a free one owner and site say nothing.
        state: BlockState,
        /// Whether the map is complete with it.
        is_last: bool,
    }

    /// The heap refused a pointer that somebody wanted to free, resize or hand over.
    HeapRefusal = 0x55 {
        /// The unit that did.
        unit: UnitId,
        /// Why.
        why: PointerFault,
        /// Whether it is known whose block it is, or was.
        owner_known: bool,
        /// Whether it is known whose header was overwritten.
        victim_known: bool,
        /// The pointer.
        address: u32,
        /// The block that it points into; of an overrun, the block that was written beyond its end. 0 if
        /// there is none.
        block: u32,
        /// Bytes of that block.
        bytes: u32,
        /// Its owner, if it is a unit.
        owner: UnitId,
        /// What the owner is.
        owner_kind: OwnerKind,
        /// What the owner is whose header was overwritten.
        victim_kind: OwnerKind,
        /// Where the block was allocated.
        site: SiteId,
        /// The owner whose header was overwritten, if it is a unit.
        victim: UnitId,
        /// Where the block behind it was allocated.
        victim_site: SiteId,
        /// Where the header was that was overwritten; 0 if none was.
        overwritten: u32,
    }

    /// What an owner holds of what was allocated at one place.
    SiteHolding = 0x57 {
        /// The mark that it belongs to.
        mark: u16,
        /// Where it was allocated.
        site: SiteId,
        /// The owner, if it is a unit.
        owner: UnitId,
        /// What the owner is.
        owner_kind: OwnerKind,
        /// Bytes.
        bytes: u32,
        /// Blocks, a count.
        blocks: u32,
    }

    /// A collection begins.
    CollectBegan = 0x58 {
        /// Its number within the boot.
        collection: u32,
        /// Why it is made.
        why: CollectWhy,
        /// The unit that makes it.
        unit: UnitId,
    }

    /// What a collection gave back, by kind, and how long it kept everybody waiting.
    CollectEnded = 0x59 {
        /// Its number.
        collection: u32,
        /// How far it came.
        outcome: CollectOutcome,
        /// Units that were told to end.
        units: u16,
        /// Bytes that these had.
        unit_bytes: u32,
        /// Blocks of torn-down units that were given back.
        blocks: u32,
        /// Bytes in them.
        bytes: u32,
        /// Torn-down units of which nothing is left.
        owners: u16,
        /// Modules that were unloaded.
        modules: u16,
        /// Bytes that these had.
        module_bytes: u32,
        /// Blocks of torn-down units that stay.
        kept_blocks: u32,
        /// Bytes in them.
        kept_bytes: u32,
        /// How long no other unit ran, in nanoseconds.
        pause_ns: u32,
        /// The longest stretch of that in which no interrupt was served, in nanoseconds.
        masked_ns: u32,
        /// Words of memory that were looked at.
        words: u32,
    }

    /// A unit waited for what nothing that is reachable could ever give: it is told to end.
    CollectResumed = 0x5A {
        /// The number of the collection.
        collection: u32,
        /// The unit.
        unit: UnitId,
        /// What it waited for; none if that was the end of a thread.
        object: ObjectId,
        /// What the object is.
        kind: ObjectKind,
        /// Where it waited.
        site: SiteId,
        /// Bytes that it had.
        bytes: u32,
    }

    /// Why a block of a torn-down unit stays.
    CollectKept = 0x5B {
        /// The number of the collection.
        collection: u32,
        /// The unit that was torn down.
        owner: UnitId,
        /// The block's payload.
        block: u32,
        /// Bytes of the block, its header included.
        bytes: u32,
        /// The address of the first pointer that was found.
        at: u32,
        /// What stands there: an address in the block.
        pointer: u32,
        /// What that place is.
        place: CollectPlace,
        /// Whose it is, if it is a unit's.
        holder: UnitId,
    }

    /// What collections did.
    CollectSample = 0x5C {
        /// Collections since boot.
        collections: u32,
        /// Units that were told to end since boot.
        units: u32,
        /// Bytes of torn-down units and of modules that were given back since boot.
        freed_boot: u32,
        /// The same in this window.
        freed_window: u32,
        /// Bytes of torn-down units that stayed at the last one.
        kept: u32,
        /// The longest pause since boot, in nanoseconds.
        pause_boot_ns: u32,
        /// The longest pause in this window, in nanoseconds.
        pause_window_ns: u32,
        /// The longest masked stretch of one since boot, in nanoseconds.
        masked_boot_ns: u32,
        /// The window.
        window: WindowId,
    }

    /// A window opened; the peaks of the one before are final.
    WindowOpened = 0x60 {
        /// The window that is open now.
        window: WindowId,
    }

    /// Records were dropped because the ring was full.
    Losses = 0x62 {
        /// How many since boot.
        dropped: u32,
    }

    /// What became of a command from the host.
    CommandDone = 0x63 {
        /// Its kind.
        command: u8,
        /// What became of it.
        outcome: CommandOutcome,
        /// Its sequence number, by which the host knows it.
        number: u16,
    }

    /// How long interrupt handlers keep the processor, in ticks.
    InterruptTimes = 0x64 {
        /// The longest since boot.
        longest_boot: u32,
        /// The longest in this window.
        longest_window: u32,
        /// All of them since boot.
        ticks: u64,
        /// The window.
        window: WindowId,
    }

    /// An allocation failed because the host had asked for it.
    AllocationFailed = 0x65 {
        /// The unit that asked for memory.
        unit: UnitId,
        /// The bytes that it asked for.
        bytes: u32,
        /// Which allocation it was, counted as the command counts.
        nth: u32,
        /// Where it was asked for.
        site: SiteId,
    }

    /// What may have called for the block of the `Alloc` before: words on the stack, from its top on, that
    /// are addresses right after instructions that call. Some may be over long before.
    AllocCalls = 0x66 {
        /// The block's first address.
        address: u32,
        /// The unit that ran.
        unit: UnitId,
        /// The word nearest to the top, as the address of the instruction that calls; 0 if there is none.
        first: u32,
        /// The second such word; 0 if there is none.
        second: u32,
        /// The third such word; 0 if there is none.
        third: u32,
        /// The fourth such word; 0 if there is none.
        fourth: u32,
        /// The fifth such word; 0 if there is none.
        fifth: u32,
        /// The sixth such word; 0 if there is none.
        sixth: u32,
        /// The seventh such word; 0 if there is none.
        seventh: u32,
        /// The eighth such word; 0 if there is none.
        eighth: u32,
    }

    /// What became of a timer's ticks. `fired` is the sum of the next four, and one more while a tick
    /// waits for its callback; but of a timer without a callback nothing becomes.
    TimerSample = 0x71 {
        /// The timer.
        timer: ObjectId,
        /// Ticks that came due since boot.
        fired: u32,
        /// Ticks whose callback was begun.
        delivered: u32,
        /// Ticks that became one with an earlier one that still waited, or that came due together.
        coalesced: u32,
        /// Ticks for which the queue had no place.
        dropped: u32,
        /// Ticks that still waited when the timer was stopped.
        late: u32,
        /// How long after its instant the last callback began, in nanoseconds.
        last_ns: u32,
        /// The longest since boot, in nanoseconds.
        worst_ns: u32,
        /// The longest in this window, in nanoseconds.
        worst_window_ns: u32,
        /// The window.
        window: WindowId,
    }

    /// What went through the queue of callbacks.
    CallbackSample = 0x72 {
        /// Callbacks that the queue took since boot.
        queued: u32,
        /// Callbacks that were begun.
        delivered: u32,
        /// Callbacks that programs could not schedule because the queue was full, as they were told.
        refused: u32,
        /// Ticks of timers for which the queue had no place.
        dropped: u32,
        /// Callbacks that were torn down, or answered an error.
        failed: u32,
        /// The most that waited at once.
        waiting_peak: u32,
        /// The longest wait of one, in nanoseconds.
        longest_wait_ns: u32,
        /// The longest run of one, in nanoseconds.
        longest_run_ns: u32,
        /// The window.
        window: WindowId,
    }

    /// A callback waits for what the unit has that it displaced.
    CallbackWait = 0x73 {
        /// The unit of the callbacks.
        unit: UnitId,
        /// The unit that was displaced, and has the object.
        displaced: UnitId,
        /// The lock or mutex.
        object: ObjectId,
        /// Where the callback waits.
        site: SiteId,
        /// Where the displaced unit took it.
        displaced_site: SiteId,
    }

    /// How late the clock's interrupts are served.
    ClockLateness = 0x74 {
        /// The longest since boot, in nanoseconds.
        worst_ns: u32,
        /// The longest in this window, in nanoseconds.
        worst_window_ns: u32,
        /// The window.
        window: WindowId,
    }

    /// A command: say the last of the window that is open, then open this one.
    OpenWindow = 0x68 {
        /// Its number. One that is not ahead of the open window's is taken as the next after that.
        window: WindowId,
    }

    /// A command: send all samples now.
    SendSamples = 0x69 {
        /// Whether to say first who speaks, as at the beginning of a boot.
        introduce: bool,
    }

    /// A command: end the slice of the unit that runs, and let this one of its equals go on.
    Steer = 0x6B {
        /// Which one. One that is not ready, or not of the same priority, is refused; 0: `rank` says.
        unit: UnitId,
        /// Its place among the ready equals, counted from 0 and round; only looked at if `unit` is 0.
        rank: u32,
    }

    /// A phase of an import is over, or the end of a module.
    ModulePhase = 0x91 {
        /// The module.
        module: ModuleId,
        /// Which phase.
        phase: ModulePhaseKind,
        /// Whether it went well.
        ok: bool,
        /// Bytes of the heap that it took.
        taken: u32,
        /// Bytes that it gave back.
        given_back: u32,
        /// Bytes that the module has at its end.
        held: u32,
        /// The most that the module had during it.
        peak: u32,
    }

    /// A module's state, repeated.
    ModuleSample = 0x92 {
        /// The module.
        module: ModuleId,
        /// Its state.
        state: ModuleState,
        /// What keeps it loaded, a count.
        pins: u8,
        /// Bytes of the heap that it has.
        current: u32,
        /// The most that it had while it was imported.
        import_peak: u32,
        /// The most since it was imported.
        peak_boot: u32,
        /// The most in this window.
        peak_window: u32,
        /// The window.
        window: WindowId,
    }

    /// One of the reasons for which a module stays although somebody unloads it.
    ModulePin = 0x93 {
        /// The module.
        module: ModuleId,
        /// What it is.
        kind: PinKind,
        /// The unit, module or timer that it is.
        holder: u32,
        /// Bytes that the holder has.
        bytes: u32,
    }

    /// A module is gone.
    ModuleEnd = 0x94 {
        /// The module.
        module: ModuleId,
        /// Bytes that came back.
        freed: u32,
        /// Bytes of them that the module had left behind when it ended: blocks that it had taken and not
        /// given back.
        leftover: u32,
        /// How many blocks these were.
        leftover_blocks: u32,
    }

    /// What a `Steer` came to.
    Steered = 0x80 {
        /// The unit whose slice was ended.
        from: UnitId,
        /// The unit that goes on in its place; 0 if there was none to be had.
        to: UnitId,
        /// How many ready units of the same priority there were to choose from.
        choices: u32,
    }
}

any_record! {
    texts: [
        Hello, Region, Site, Object, UnitNew, Panic, HeapArea, HeapMark, Program, TimerNew, FailAllocation,
        FailByChance, ModuleNew, ModuleRefused
    ],
    fixed: [
        Clock, UnitState, Switch, UnitEnd, StackSample, HeapSample, OwnerSample, CpuSample,
        InterruptSample, Overflow, Fault, LockEvent, Deadlock, DeadlockLink, ObjectEvent, Race, Suspension, Alloc, Free,
        HeapShape, HeapRun, HeapRefusal, SiteHolding,
        WindowOpened, Losses, CommandDone, InterruptTimes, AllocationFailed, AllocCalls, TimerSample,
        CallbackSample, CallbackWait, ClockLateness, OpenWindow, SendSamples,
        Steer, Steered, ModulePhase, ModuleSample, ModulePin, ModuleEnd, CollectBegan,
        CollectEnded, CollectResumed, CollectKept, CollectSample
    ]
}
