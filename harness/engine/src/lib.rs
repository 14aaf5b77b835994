//! The built-in machine: an RV32IMC core and the ESP32-C3 around it.
