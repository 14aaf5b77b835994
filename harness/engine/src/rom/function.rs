//! Which functions this model has, and where they stand.

/// Defines the functions: variants named as in the ROM's linker scripts.
macro_rules! functions {
    ($($address:literal $name:ident,)*) => {
        /// A function of the ROM.
        #[expect(non_camel_case_types, reason = "the ROM's linker scripts name them so")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($name,)*
        }

        impl Function {
            /// Its name in the linker scripts.
            #[cfg(test)]
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Function::$name => stringify!($name),)*
                }
            }

            /// The function that starts at `address`.
            pub(super) fn at(address: u32) -> Option<Function> {
                match address {
                    $($address => Some(Function::$name),)*
                    _ => None,
                }
            }
        }

        /// Addresses and functions.
        #[cfg(test)]
        pub(super) const TABLE: &[(u32, Function)] = &[$(($address, Function::$name),)*];
    };
}

functions! {
    // The chip.
    0x4000_0018 rtc_get_reset_reason,
    0x4000_0024 rtc_get_wakeup_cause,
    0x4000_0050 ets_delay_us,
    0x4000_0068 uart_tx_one_char,
    0x4000_0070 uart_rx_one_char,
    0x4000_0080 uart_tx_flush,
    0x4000_0084 uart_tx_wait_idle,
    0x4000_0090 software_reset,
    0x4000_0094 software_reset_cpu,
    0x4000_0584 ets_get_cpu_frequency,
    0x4000_0588 ets_update_cpu_frequency,
    0x4000_058C ets_get_printf_channel,
    0x4000_05F4 intr_matrix_set,
    0x4000_1954 rom_i2c_readReg,
    0x4000_1958 rom_i2c_readReg_Mask,
    0x4000_195C rom_i2c_writeReg,
    0x4000_1960 rom_i2c_writeReg_Mask,
    0x4000_0130 esp_rom_spiflash_read,
    // The cache, which is not modelled, so there is nothing to do.
    0x4000_04D4 Cache_Invalidate_Addr,
    0x4000_04D8 Cache_Invalidate_ICache_All,
    0x4000_0524 Cache_Suspend_ICache,
    0x4000_0528 Cache_Resume_ICache,
    // The C library.
    0x4000_0354 memset,
    0x4000_0358 memcpy,
    0x4000_035C memmove,
    0x4000_0360 memcmp,
    0x4000_036C strcmp,
    0x4000_0370 strncmp,
    // The compiler's library: integers of 64 bits.
    0x4000_077C __ashldi3,
    0x4000_0780 __ashrdi3,
    0x4000_0798 __clzdi2,
    0x4000_079C __clzsi2,
    0x4000_07A4 __ctzdi2,
    0x4000_07A8 __ctzsi2,
    0x4000_07B4 __divdi3,
    0x4000_0830 __lshrdi3,
    0x4000_083C __moddi3,
    0x4000_084C __muldi3,
    0x4000_0884 __popcountdi2,
    0x4000_0888 __popcountsi2,
    0x4000_08AC __udivdi3,
    0x4000_08BC __umoddi3,
    // The compiler's library: floating-point numbers.
    0x4000_076C __adddf3,
    0x4000_0770 __addsf3,
    0x4000_07B0 __divdf3,
    0x4000_07BC __divsf3,
    0x4000_07C4 __eqdf2,
    0x4000_07C8 __eqsf2,
    0x4000_07CC __extendsfdf2,
    0x4000_07D8 __fixdfdi,
    0x4000_07DC __fixdfsi,
    0x4000_07E0 __fixsfdi,
    0x4000_07E4 __fixsfsi,
    0x4000_07E8 __fixunsdfsi,
    0x4000_07EC __fixunssfdi,
    0x4000_07F0 __fixunssfsi,
    0x4000_07F4 __floatdidf,
    0x4000_07F8 __floatdisf,
    0x4000_07FC __floatsidf,
    0x4000_0800 __floatsisf,
    0x4000_0804 __floatundidf,
    0x4000_0808 __floatundisf,
    0x4000_080C __floatunsidf,
    0x4000_0810 __floatunsisf,
    0x4000_0818 __gedf2,
    0x4000_081C __gesf2,
    0x4000_0820 __gtdf2,
    0x4000_0824 __gtsf2,
    0x4000_0828 __ledf2,
    0x4000_082C __lesf2,
    0x4000_0834 __ltdf2,
    0x4000_0838 __ltsf2,
    0x4000_0848 __muldf3,
    0x4000_0854 __mulsf3,
    0x4000_0864 __nedf2,
    0x4000_087C __nesf2,
    0x4000_0894 __subdf3,
    0x4000_0898 __subsf3,
    0x4000_08A4 __truncdfsf2,
    0x4000_08C4 __unorddf2,
    0x4000_08C8 __unordsf2,
}
