//! The host port: whole programs run natively on a virtual clock.
