//! Observers see everything and change nothing.

use crate::asm::reg::*;
use crate::asm::{Asm, csr};
use crate::program::{DATA, FLASH, machine, micros};
use ramscope_engine::{CpuView, Flow, Observer, Stop};

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    stop_at: Option<&'static str>,
}

impl Log {
    fn note(&mut self, cpu: &CpuView<'_>, what: &str) -> Flow {
        let at = (cpu.pc() - FLASH) / 4;
        self.lines.push(format!("{at}: {what}"));
        if self.stop_at.is_some_and(|stop| what.starts_with(stop)) {
            return Flow::Stop;
        }
        Flow::Continue
    }
}

impl Observer for Log {
    const STORES: bool = true;
    const CALLS: bool = true;
    const TRAPS: bool = true;
    const CSR_WRITES: bool = true;
    const INTERRUPT_MASK: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, value: u32) -> Flow {
        let sp = cpu.register(2);
        self.note(cpu, &format!("store {bytes} {address:#x} {value:#x} sp {sp:#x}"))
    }
    fn call(&mut self, cpu: &CpuView<'_>, target: u32, _: u32) -> Flow {
        self.note(cpu, &format!("call {}", (target - FLASH) / 4))
    }
    fn ret(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        self.note(cpu, &format!("ret {}", (target - FLASH) / 4))
    }
    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        self.note(cpu, &format!("trap {cause} to {}", (handler - FLASH) / 4))
    }
    fn trap_return(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        self.note(cpu, &format!("trap return {}", (target - FLASH) / 4))
    }
    fn csr_write(&mut self, cpu: &CpuView<'_>, number: u16, value: u32) -> Flow {
        self.note(cpu, &format!("csr {number:#x} {value:#x}"))
    }
    fn interrupt_mask(&mut self, cpu: &CpuView<'_>, enabled: bool) -> Flow {
        self.note(cpu, &format!("interrupts {enabled} {}", cpu.interrupts_enabled()))
    }
}

fn program(asm: &mut Asm) {
    asm.traps_to("handler"); // 0 to 2
    asm.li(SP, DATA + 0x100); // 3, 4
    asm.jal(RA, "function"); // 5
    asm.ecall(); // 6
    asm.s_type(0, SP, 4, SP); // 7
    asm.stay(); // 8
    asm.label("function");
    asm.sw(SP, -4, SP); // 9
    asm.ret(); // 10
    asm.label("handler");
    asm.addi(T0, ZERO, 28); // 11
    asm.la(T0, "after"); // 12, 13
    asm.csrrw(ZERO, csr::MEPC, T0); // 14
    asm.mret(); // 15
    asm.label("after");
    asm.li(T0, 0x600C_0028); // 16, 17
    asm.sw(ZERO, 0, T0); // 18
    asm.stay(); // 19
}

#[test]
fn an_observer_is_told_facts_in_program_order() {
    let mut machine = machine(program);
    let mut log = Log::default();
    assert_eq!(machine.run_observed(micros(1), &mut log), Stop::Reached);
    assert_eq!(
        log.lines,
        [
            "2: csr 0x305 0x4200002c",
            "5: call 9",
            "9: store 4 0x3fc800fc 0x3fc80100 sp 0x3fc80100",
            "10: ret 6",
            "6: trap 11 to 11",
            "6: interrupts false false",
            "14: csr 0x341 0x42000040",
            "15: trap return 16",
            "15: interrupts true true",
            "18: store 4 0x600c0028 0x0 sp 0x3fc80100",
        ]
    );
}

#[test]
fn an_observer_can_stop_after_the_instruction() {
    for (stop_at, instructions, pc) in
        [("store", 7, 10), ("call", 6, 9), ("ret", 8, 6), ("trap 11", 9, 11)]
    {
        let mut machine = machine(program);
        let mut log = Log { stop_at: Some(stop_at), ..Log::default() };
        assert_eq!(machine.run_observed(micros(1), &mut log), Stop::Observer);
        assert_eq!(machine.instructions(), instructions, "{stop_at}");
        assert_eq!((machine.pc() - FLASH) / 4, pc, "{stop_at}");
        assert_eq!(machine.run(micros(1)), Stop::Reached);
    }
}

#[derive(Default)]
struct Trace(Vec<(u32, u64)>);

impl Observer for Trace {
    const RETIRES: bool = true;
    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        self.0.push(((pc - FLASH) / 4, cpu.instructions()));
        Flow::Continue
    }
}

#[test]
fn each_instruction_is_seen_once() {
    let mut machine = machine(program);
    let mut trace = Trace::default();
    let _ = machine.run_observed(micros(1), &mut trace);
    let order: Vec<u32> = trace.0.iter().map(|&(pc, _)| pc).take(19).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5, 9, 10, 6, 11, 12, 13, 14, 15, 16, 17, 18, 19, 19]);
    let count: Vec<u64> = trace.0.iter().map(|&(_, count)| count).collect();
    assert_eq!(count, (0..machine.instructions()).collect::<Vec<_>>());
}
