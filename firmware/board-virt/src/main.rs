//! The one image for QEMU's virt machine.
#![no_std]
#![no_main]

ramscope_board_virt::run!(ramscope_apps::PROGRAMS);
