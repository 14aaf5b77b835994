//! ESP32-C3, bare: start-up, UART, clock, interrupts.
