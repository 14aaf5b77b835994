//! The one image for the ESP32-C3.
#![no_std]
#![no_main]

ramscope_board_esp32c3::run!(ramscope_apps::PROGRAMS);
