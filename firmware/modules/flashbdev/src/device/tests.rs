//! The device over a fake chip that keeps the rules of NOR flash.

use super::*;
use crate::fake::{Fake, Trouble};

const BLOCKS: u32 = 4;
/// Blocks before and behind the device that it has to leave alone.
const MARGIN: u32 = 2;
const BYTES: usize = BLOCK_BYTES as usize;

type Device = BlockDevice<Fake, 4>;

fn device() -> Device {
    let mut flash = Fake::erased(BLOCKS + 2 * MARGIN);
    for byte in &mut flash.bytes[..(MARGIN * BLOCK_BYTES) as usize] {
        *byte = 0xA5;
    }
    BlockDevice::new(flash, MARGIN * BLOCK_BYTES, BLOCKS, WearTable::new()).unwrap()
}

fn content(of: u8) -> Vec<u8> {
    (0..BYTES).map(|at| (at as u8).wrapping_mul(31) ^ of).collect()
}

fn check_reads(device: &mut Device, block: u32, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    device.read(Block(block), 0, &mut bytes).unwrap();
    assert!(bytes == expected, "block {block} reads back something else");
}

#[test]
fn what_was_written_is_read() {
    let mut device = device();
    let two = [content(1), content(2)].concat();
    device.write_blocks(Block(1), &two).unwrap();
    check_reads(&mut device, 1, &two);
    check_reads(&mut device, 0, &[0xFF; BYTES]);
    let mut part = [0; 300];
    device.read(Block(1), 4000, &mut part).unwrap();
    assert_eq!(part, two[4000..4300], "a read goes over the end of a block");
}

#[test]
fn an_erased_block_is_written_without_erasing_it_again() {
    let mut device = device();
    device.write_blocks(Block(0), &content(1)).unwrap();
    assert_eq!(device.wear().erasures(Block(0)), 0);
    device.write_blocks(Block(0), &content(2)).unwrap();
    assert_eq!(device.wear().erasures(Block(0)), 1);
}

#[test]
fn the_same_content_costs_neither_program_nor_erasure() {
    let mut device = device();
    device.write_blocks(Block(0), &content(1)).unwrap();
    let programs = device.flash.programs;
    device.write_blocks(Block(0), &content(1)).unwrap();
    assert_eq!((device.flash.programs, device.flash.erasures), (programs, 0));
}

#[test]
fn clearing_bits_needs_no_erasure() {
    let mut device = device();
    device.write_blocks(Block(2), &[0xF0; BYTES]).unwrap();
    device.write_blocks(Block(2), &[0x30; BYTES]).unwrap();
    assert_eq!(device.wear().erasures(Block(2)), 0);
    device.write_blocks(Block(2), &[0x31; BYTES]).unwrap();
    assert_eq!(device.wear().erasures(Block(2)), 1);
    check_reads(&mut device, 2, &[0x31; BYTES]);
}

#[test]
fn the_extended_write_programs_over_pages_and_never_erases() {
    let mut device = device();
    let bytes = content(3);
    device.program_at(Block(0), 200, &bytes[..700]).unwrap();
    let mut back = [0; 700];
    device.read(Block(0), 200, &mut back).unwrap();
    assert_eq!(back, bytes[..700]);
    let before = device.flash.bytes.clone();
    let refused = device.program_at(Block(0), 200, &[0xFF; 700]);
    assert_eq!(refused, Err(DeviceError::NotErased(Block(0))));
    assert_eq!(device.flash.bytes, before, "nothing is written of what needs an erasure");
    device.ioctl(6, 0).unwrap();
    check_reads(&mut device, 0, &[0xFF; BYTES]);
}

#[test]
fn nothing_outside_of_the_device_is_touched() {
    let mut device = device();
    let mut one = [0];
    for (block, offset) in [(BLOCKS, 0), (u32::MAX, u32::MAX), (0, BLOCKS * BLOCK_BYTES)] {
        let outside = Err(DeviceError::OutOfRange);
        assert_eq!(device.read(Block(block), offset, &mut one), outside);
        assert_eq!(device.program_at(Block(block), offset, &one), outside);
    }
    assert_eq!(device.erase(Block(BLOCKS)), Err(DeviceError::OutOfRange));
    let five = vec![0; BYTES * (BLOCKS as usize + 1)];
    assert_eq!(device.write_blocks(Block(0), &five), Err(DeviceError::OutOfRange));
    assert_eq!(device.write_blocks(Block(0), &five[1..]), Err(DeviceError::NotWholeBlocks));
    device.write_blocks(Block(0), &five[BYTES..]).unwrap();
    let (flash, _) = device.release();
    let margin = (MARGIN * BLOCK_BYTES) as usize;
    assert!(flash.bytes[..margin].iter().all(|byte| *byte == 0xA5));
    assert!(flash.bytes[flash.bytes.len() - margin..].iter().all(|byte| *byte == 0xFF));
}

#[test]
fn a_device_is_made_only_over_whole_blocks_that_there_are() {
    let check = |base, blocks| {
        BlockDevice::<_, 4>::new(Fake::erased(1), base, blocks, WearTable::new()).is_err()
    };
    assert!(check(1, 1));
    assert!(check(0, 0));
    assert!(check(0, 5), "more blocks than the table has counters");
    assert!(check(u32::MAX - 4095, 2));
    assert!(!check(u32::MAX - 8191, 1));
}

#[test]
fn a_worn_block_is_reported_and_counted() {
    let mut device = device();
    device.write_blocks(Block(1), &content(1)).unwrap();
    device.flash.trouble = Trouble::WornAt((MARGIN + 1) * BLOCK_BYTES + 77);
    let failed = Err(DeviceError::Failed(Block(1)));
    assert_eq!(device.write_blocks(Block(1), &content(2)), failed);
    assert_eq!(device.wear().erasures(Block(1)), 1);
    assert_eq!(DeviceError::Failed(Block(1)).errno(), 5);
}

#[test]
fn a_chip_that_is_not_there_is_an_error_and_not_zeros() {
    let mut device = device();
    device.flash.trouble = Trouble::Absent;
    assert_eq!(device.read(Block(0), 0, &mut [0]), Err(DeviceError::Failed(Block(0))));
    assert_eq!(device.ioctl(6, 3), Err(DeviceError::Failed(Block(3))));
}

#[test]
fn power_that_fails_at_any_operation_damages_only_the_block_being_written() {
    let old = [content(1), content(2), content(3)].concat();
    let new = content(9);
    // An erasure and 16 pages: after the 17th operation the write was over.
    for operation in 1..=18 {
        let mut device = device();
        device.write_blocks(Block(0), &old).unwrap();
        device.flash.trouble = Trouble::PowerFails(operation);
        let written = device.write_blocks(Block(1), &new);
        assert_eq!(written.is_ok(), operation > 17, "operation {operation}: {written:?}");
        device.flash.trouble = Trouble::None;
        check_reads(&mut device, 0, &old[..BYTES]);
        check_reads(&mut device, 2, &old[2 * BYTES..]);
        device.write_blocks(Block(1), &new).unwrap();
        check_reads(&mut device, 1, &new);
    }
}

#[test]
fn ioctl_answers_by_micropythons_numbers() {
    let mut device = device();
    assert_eq!(device.ioctl(4, 0), Ok(BLOCKS));
    assert_eq!(device.ioctl(5, 0), Ok(4096));
    for operation in 1..=3 {
        assert_eq!(device.ioctl(operation, 0), Ok(0));
    }
    for operation in [0, 7, u32::MAX] {
        assert_eq!(device.ioctl(operation, 0), Err(DeviceError::NoSuchRequest));
    }
    assert_eq!(DeviceError::NoSuchRequest.errno(), 22);
}

#[test]
fn random_writes_and_erasures_agree_with_a_model() {
    let mut device = device();
    let mut model = vec![0xFF_u8; BYTES * BLOCKS as usize];
    let mut state = 0x1234_5678_u32;
    let mut random = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    for round in 0..400_u32 {
        let block = random(BLOCKS);
        let begin = block as usize * BYTES;
        match random(3) {
            0 => {
                let bytes = content(round as u8);
                device.write_blocks(Block(block), &bytes).unwrap();
                model[begin..][..BYTES].copy_from_slice(&bytes);
            }
            1 => {
                device.erase(Block(block)).unwrap();
                model[begin..][..BYTES].fill(0xFF);
            }
            _ => {
                let (offset, length) = (random(BLOCK_BYTES), random(600) as usize);
                let at = begin + offset as usize;
                if at + length > model.len() {
                    continue;
                }
                // Only zeros are added, so it never needs an erasure.
                let bytes: Vec<u8> =
                    model[at..][..length].iter().map(|b| b & random(256) as u8).collect();
                device.program_at(Block(block), offset, &bytes).unwrap();
                model[at..][..length].copy_from_slice(&bytes);
            }
        }
    }
    let (flash, wear) = device.release();
    let begin = (MARGIN * BLOCK_BYTES) as usize;
    assert!(flash.bytes[begin..][..model.len()] == model[..]);
    assert_eq!(wear.summary(BLOCKS).total, u64::from(flash.erasures));
}
